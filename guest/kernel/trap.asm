; The stubs behind the IDT. Each leaves the same frame (struct trap_frame) whether or not the
; CPU pushed an error code, and all continue in C with a pointer to it.

SEL_KERNEL_DATA equ 0x10

        section .text
        extern trap_dispatch

%macro STUB 1
trap_stub_%1:
    ; #DF #TS #NP #SS #GP #PF #AC push an error code themselves (SDM vol. 3, 6.13).
    %if !(%1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17)
        push dword 0
    %endif
        push dword %1
        jmp trap_common
%endmacro

%assign v 0
%rep 48
        STUB v
    %assign v v + 1
%endrep
        STUB 128

trap_common:
        pusha
        push ds
        push es
        push fs
        push gs
        mov eax, SEL_KERNEL_DATA
        mov ds, eax
        mov es, eax
        cld
        push esp
        call trap_dispatch
        add esp, 4

        global trap_return
trap_return:
        pop gs
        pop fs
        pop es
        pop ds
        popa
        add esp, 8                      ; vector and error code
        iret

; First code of a new kernel thread: EBX holds its function, as process.c arranged.
        global thread_start
        extern thread_finished
thread_start:
        sti
        xor ebp, ebp
        call ebx
        call thread_finished

; void switch_stacks(uint32_t *save, uint32_t load): what a C function may not lose, and ESP.
        global switch_stacks
switch_stacks:
        mov eax, [esp + 4]
        mov edx, [esp + 8]
        push ebp
        push ebx
        push esi
        push edi
        mov [eax], esp
        mov esp, edx
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

; int copy_guarded(void *to, const void *from, uint32_t n): 0, or -1 when an address faults.
; The page fault handler sends any fault between the two labels to copy_guarded_failed.
        global copy_guarded, copy_guarded_end, copy_guarded_failed
copy_guarded:
        push esi
        push edi
        mov edi, [esp + 12]
        mov esi, [esp + 16]
        mov ecx, [esp + 20]
        mov edx, ecx
        shr ecx, 2
        rep movsd
        mov ecx, edx
        and ecx, 3
        rep movsb
copy_guarded_end:
        xor eax, eax
        pop edi
        pop esi
        ret
copy_guarded_failed:
        mov eax, -1
        pop edi
        pop esi
        ret

        section .rodata
        global trap_stubs
trap_stubs:
%assign v 0
%rep 48
        dd trap_stub_ %+ v
    %assign v v + 1
%endrep
        global syscall_stub
syscall_stub:
        dd trap_stub_128
