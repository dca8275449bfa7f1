; Entry from the boot loader, the way into a piece of code under test, and the ways back out of it:
; the 256 stubs behind the IDT, and probe_done for code that ends without an event.

SEL_KCODE   equ 0x08
SEL_KDATA   equ 0x10
SEL_UCODE   equ 0x1B
SEL_UDATA   equ 0x23
VECTOR_DONE equ 0x60

; struct state in probe.h.
        struc state
.eax:    resd 1
.ecx:    resd 1
.edx:    resd 1
.ebx:    resd 1
.esp:    resd 1
.ebp:    resd 1
.esi:    resd 1
.edi:    resd 1
.es:     resd 1
.cs:     resd 1
.ss:     resd 1
.ds:     resd 1
.fs:     resd 1
.gs:     resd 1
.eip:    resd 1
.eflags: resd 1
.vector: resd 1
.error:  resd 1
.frame:  resd 5
        endstruc

MB_MAGIC    equ 0x1BADB002
MB_FLAGS    equ 3                       ; modules page-aligned, memory map wanted

        section .boot progbits alloc exec nowrite align=4
        dd MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

; What the loader leaves is itself probed, so it is kept before anything changes it.
        extern entry, entry_gdtr, entry_idtr, entry_tr, entry_ldtr, entry_fcw, entry_fsw
        extern entry_cr0, entry_cr4, entry_dr6, entry_dr7
        extern probes_main
        global start
start:
        mov [entry + state.eax], eax
        mov [entry + state.ecx], ecx
        mov [entry + state.edx], edx
        mov [entry + state.ebx], ebx
        mov [entry + state.esp], esp
        mov [entry + state.ebp], ebp
        mov [entry + state.esi], esi
        mov [entry + state.edi], edi
        mov [entry + state.es], es
        mov [entry + state.cs], cs
        mov [entry + state.ss], ss
        mov [entry + state.ds], ds
        mov [entry + state.fs], fs
        mov [entry + state.gs], gs
        mov eax, cr0
        mov [entry_cr0], eax
        mov eax, cr4
        mov [entry_cr4], eax
        mov eax, dr6
        mov [entry_dr6], eax
        mov eax, dr7
        mov [entry_dr7], eax
        fnstcw [entry_fcw]
        fnstsw [entry_fsw]
        sgdt [entry_gdtr]
        sidt [entry_idtr]
        str [entry_tr]
        sldt [entry_ldtr]
        mov esp, harness_stack_top
        pushfd
        pop dword [entry + state.eflags]
        cld
        call probes_main
.stop:  cli
        hlt
        jmp .stop

        section .text
        extern trap, given, got

; void load_segments(void): the flat kernel segments, whatever the registers hold now.
        global load_segments
load_segments:
        mov eax, SEL_KDATA
        mov ds, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov ss, eax
        jmp SEL_KCODE:.flat
.flat:  ret

; void launch(void): starts what `given` describes. Returns when an event or probe_done ended it;
; `got` holds what was found then.
        global launch
launch:
        pushad
        mov [harness_esp], esp
        test byte [given + state.cs], 3
        jnz .outer
        push dword [given + state.eflags]
        call .registers
        popfd
        mov esp, [given + state.esp]
        jmp [given + state.eip]
.outer:
        push dword [given + state.ss]
        push dword [given + state.esp]
        push dword [given + state.eflags]
        push dword [given + state.cs]
        push dword [given + state.eip]
        call .registers
        push dword [given + state.ds]
        mov es, [given + state.es]
        mov fs, [given + state.fs]
        mov gs, [given + state.gs]
        pop ds
        iretd
.registers:
        mov eax, [given + state.eax]
        mov ecx, [given + state.ecx]
        mov edx, [given + state.edx]
        mov ebx, [given + state.ebx]
        mov ebp, [given + state.ebp]
        mov esi, [given + state.esi]
        mov edi, [given + state.edi]
        ret

; Code at CPL 0 that ends by itself jumps here. Nothing is written to its stack.
        global probe_done
probe_done:
        mov [got + state.eax], eax
        mov [got + state.ds], ds
        mov [got + state.ecx], ecx
        mov [got + state.edx], edx
        mov [got + state.ebx], ebx
        mov [got + state.esp], esp
        mov [got + state.ebp], ebp
        mov [got + state.esi], esi
        mov [got + state.edi], edi
        mov [got + state.es], es
        mov [got + state.cs], cs
        mov [got + state.ss], ss
        mov [got + state.fs], fs
        mov [got + state.gs], gs
        mov dword [got + state.vector], VECTOR_DONE
        mov eax, SEL_KDATA
        mov ss, eax
        mov esp, handler_stack_top
        pushfd
        pop dword [got + state.eflags]
        jmp leave

%macro STUB 1
stub_%1:
    ; #DF #TS #NP #SS #GP #PF #AC push an error code themselves (SDM vol. 3, 6.13).
    %if !(%1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17)
        push dword 0
    %endif
        push dword %1
        jmp event
%endmacro

%assign v 0
%rep 256
        STUB v
    %assign v v + 1
%endrep

; Whatever the segment registers hold: SS and ESP alone are trusted, the CPU has just used them.
event:
        push ds
        push eax
        mov eax, SEL_KDATA
        mov ds, eax
        pop dword [got + state.eax]
        pop dword [got + state.ds]
        mov [got + state.ecx], ecx
        mov [got + state.edx], edx
        mov [got + state.ebx], ebx
        mov [got + state.ebp], ebp
        mov [got + state.esi], esi
        mov [got + state.edi], edi
        mov [got + state.es], es
        mov [got + state.fs], fs
        mov [got + state.gs], gs
        pop dword [got + state.vector]
        pop dword [got + state.error]
        pop dword [got + state.eip]
        pop dword [got + state.cs]
        pop dword [got + state.eflags]
        mov eax, [got + state.eip]
        mov [got + state.frame], eax
        mov eax, [got + state.cs]
        mov [got + state.frame + 4], eax
        mov eax, [got + state.eflags]
        mov [got + state.frame + 8], eax
        test byte [got + state.cs], 3
        jnz .outer
        test byte [got + state.eflags + 2], 2 ; VM: CS says nothing about the ring
        jnz .outer
        mov [got + state.esp], esp
        mov [got + state.ss], ss
        mov dword [got + state.frame + 12], 0
        mov dword [got + state.frame + 16], 0
        jmp .saved
.outer:
        pop dword [got + state.esp]
        pop dword [got + state.ss]
        mov eax, [got + state.esp]
        mov [got + state.frame + 12], eax
        mov eax, [got + state.ss]
        mov [got + state.frame + 16], eax
.saved:
        mov eax, SEL_KDATA
        mov es, eax
        mov ss, eax
        mov esp, handler_stack_top
        cld
        call trap
        test eax, eax
        jz leave

; The event was noted and the code goes on.
        test byte [got + state.cs], 3
        jz .inner
        push dword [got + state.ss]
        push dword [got + state.esp]
        jmp .frame
.inner:
        mov ss, [got + state.ss]
        mov esp, [got + state.esp]
.frame:
        push dword [got + state.eflags]
        push dword [got + state.cs]
        push dword [got + state.eip]
        mov ecx, [got + state.ecx]
        mov edx, [got + state.edx]
        mov ebx, [got + state.ebx]
        mov ebp, [got + state.ebp]
        mov esi, [got + state.esi]
        mov edi, [got + state.edi]
        mov es, [got + state.es]
        mov eax, [got + state.eax]
        mov ds, [got + state.ds]
        iretd

; Back to whoever called launch.
leave:
        mov eax, SEL_KDATA
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov esp, [harness_esp]
        push dword 2                    ; NT above all: the next IRET would switch tasks
        popfd
        popad
        ret

        section .rodata
        global trap_stubs
trap_stubs:
%assign v 0
%rep 256
        dd stub_ %+ v
    %assign v v + 1
%endrep

        section .bss align=16
harness_esp: resd 1
        alignb 16
                resb 8192
harness_stack_top:
                resb 8192
handler_stack_top:
        global handler_stack_top
