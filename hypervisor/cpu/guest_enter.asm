; Into the guest and back: the only way to CPL 3, and every way from there.
;
; The frame of a trap is built in the vCPU itself. TSS.RSP0 is the end of vcpu->frame, the processor
; pushes the first five (or six) entries, the stub the rest:
;
;       end of frame ->  +-----------------+  <- TSS.RSP0, 16-byte aligned
;                        | ss              |  \
;                        | rsp             |   |
;                        | rflags          |   |  pushed by the processor
;                        | cs              |   |
;                        | rip             |  /
;                        | error           |     by the processor, or a 0 by the stub
;                        | vector          |     by the stub
;                        +-----------------+  <- RSP when the stub is done: FRAME_VECTOR
;                        | flags           |     by the stub of the guest's traps
;                        | entry_scratch   |     see .refused
;     vcpu->frame    ->  +-----------------+
;
; A trap of the monitor itself (CS.RPL = 0) has the same seven entries, on the stack that was in use.

%include "asm_offsets.inc"

        section .text
        bits 64

; From a pointer to the pushed entries (RSP at FRAME_VECTOR) to other fields.
%define ENTRY(field)  rsp + (field) - FRAME_VECTOR
%define VCPU(field)   rsp + (field) - VCPU_FRAME - FRAME_VECTOR
%define GPR(n)        VCPU(VCPU_GPR + 4 * (n))  ; numbered as in ModRM

CPL_MASK equ 3

; What guest_enter() calls. Vcpu in RDI; all registers but RBX, RSP and RBP are lost.
        global guest_round_trip
guest_round_trip:
        push rbp
        push rbx
        mov [rdi + VCPU_HOST_RSP], rsp
        lea rsp, [rdi + VCPU_FRAME + FRAME_RIP]
        mov eax, [rdi + VCPU_GPR + 4 * 0]
        mov ecx, [rdi + VCPU_GPR + 4 * 1]
        mov edx, [rdi + VCPU_GPR + 4 * 2]
        mov ebx, [rdi + VCPU_GPR + 4 * 3]
        mov ebp, [rdi + VCPU_GPR + 4 * 5]
        mov esi, [rdi + VCPU_GPR + 4 * 6]
        mov edi, [rdi + VCPU_GPR + 4 * 7]
.iret:  iretq                           ; pops rip cs rflags rsp ss

; All traps but those of IST stacks: error and vector are pushed.
guest_exit_or_host_trap:
        test byte [ENTRY(FRAME_CS)], CPL_MASK
        jz trap_in_monitor
guest_exit:
        mov [GPR(0)], eax
        mov [GPR(1)], ecx
        mov [GPR(2)], edx
        mov [GPR(3)], ebx
        mov [GPR(5)], ebp
        mov [GPR(6)], esi
        mov [GPR(7)], edi
        mov eax, [ENTRY(FRAME_RSP)]
        mov [GPR(4)], eax
        pushfq                          ; to `flags`
return_from_round_trip:                 ; RSP at FRAME_FLAGS
        mov rsp, [VCPU(VCPU_HOST_RSP) + FRAME_VECTOR - FRAME_FLAGS]
        cld
        pop rbx
        pop rbp
        ret

trap_in_monitor:
        test dword [ENTRY(FRAME_RFLAGS)], EFLAGS_VM
        jnz guest_exit                  ; CS is none of a ring then: see exit_virtual_8086()
        push rax
        lea rax, [rel guest_round_trip.iret]
        cmp rax, [ENTRY(FRAME_RIP) + 8]
        pop rax
        jne host_trap_entry
; IRETQ refused the guest's frame. It ran with RSP = &vcpu->frame.rip, so this fault's own entries lie
; in entry_scratch, `flags` and `vector`; rip .. ss of the guest are untouched, and its
; registers are still in the vCPU. Only vector and error are of interest.
.refused:
        mov rax, [ENTRY(FRAME_VECTOR)]
        mov rcx, [ENTRY(FRAME_ERROR)]
        mov rsp, [ENTRY(FRAME_RSP)]
        sub rsp, FRAME_RIP - FRAME_VECTOR
        or eax, TRAP_ENTRY_REFUSED
        mov [ENTRY(FRAME_VECTOR)], rax
        mov [ENTRY(FRAME_ERROR)], rcx
        push qword [ENTRY(FRAME_RFLAGS)]
        jmp return_from_round_trip

; #DB, NMI, #DF, #MC: on an IST stack, whatever was interrupted. Those of the guest move over to the
; current vCPU, which TSS.RSP0 knows.
trap_on_ist:
        test byte [ENTRY(FRAME_CS)], CPL_MASK
        jnz .guest
        test dword [ENTRY(FRAME_RFLAGS)], EFLAGS_VM
        jz host_trap_entry
.guest: push rax
        mov rax, [rel host_tss + TSS_RSP0]
%assign i 0
%rep 7
        push qword [rsp + 8 + 8 * i]
        pop qword [rax - 8 * 7 + 8 * i]
%assign i i + 1
%endrep
        sub rax, 8 * 7
        xchg rax, [rsp]
        pop rsp
        jmp guest_exit

; The monitor was interrupted: struct host_registers, lowest address last.
host_trap_entry:
        push rax
        push rbx
        push rcx
        push rdx
        push rbp
        push rsi
        push rdi
        push r8
        push r9
        push r10
        push r11
        push r12
        push r13
        push r14
        push r15
        cld
        mov rdi, rsp
        call host_trap                  ; the processor aligned RSP; 7 + 15 entries keep it so
        pop r15
        pop r14
        pop r13
        pop r12
        pop r11
        pop r10
        pop r9
        pop r8
        pop rdi
        pop rsi
        pop rbp
        pop rdx
        pop rcx
        pop rbx
        pop rax
        add rsp, 16                     ; vector, error
        iretq

        extern host_trap
        extern host_tss

; The stubs: vectors that come with an error code (SDM vol. 3, table 6-1; 29 and 30: AMD APM vol. 2,
; 8.1), and those that use an IST stack (idt.c).
%define HAS_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 \
                      || (v) == 30)
%define ON_IST(v)    ((v) == 1 || (v) == 2 || (v) == 8 || (v) == 18)

%assign v 0
%rep 256
        align 16
entry_stub_ %+ v:
    %if !HAS_ERROR(v)
        push qword 0
    %endif
        push qword v
    %if ON_IST(v)
        jmp trap_on_ist
    %else
        jmp guest_exit_or_host_trap
    %endif
%assign v v + 1
%endrep

        section .rodata align=8
        global entry_stubs
entry_stubs:
%assign v 0
%rep 256
        dq entry_stub_ %+ v
%assign v v + 1
%endrep
