; Instructions that may fault in the monitor. Each has an entry in the fixup table: when the
; instruction at the first address faults, host_trap() resumes at the second.

        section .text
        bits 64

%macro MAY_FAULT 2                      ; address, where to go on
        [section .fixups align=8]
        dq %1, %2
        __?SECT?__
%endmacro

; bool rdmsr_safe(uint32_t msr, uint64_t *value)
        global rdmsr_safe
rdmsr_safe:
        mov ecx, edi
.insn:  rdmsr
        MAY_FAULT .insn, refused
        mov [rsi], eax
        mov [rsi + 4], edx
        mov eax, 1
        ret

; bool wrmsr_safe(uint32_t msr, uint64_t value)
        global wrmsr_safe
wrmsr_safe:
        mov ecx, edi
        mov eax, esi
        mov rdx, rsi
        shr rdx, 32
.insn:  wrmsr
        MAY_FAULT .insn, refused
        mov eax, 1
        ret

; bool load_XX_safe(uint16_t selector)
%macro LOAD_SAFE 1
        global load_%1_safe
load_%1_safe:
.insn:  mov %1, edi
        MAY_FAULT .insn, refused
        mov eax, 1
        ret
%endmacro

        LOAD_SAFE ds
        LOAD_SAFE es
        LOAD_SAFE fs
        LOAD_SAFE gs

refused:
        xor eax, eax
        ret
