; What ring 3 sees and changes of IF and IOPL. Its code runs with the real IF set and IOPL 0, where
; PUSHF would show just that and POPF would change neither, without a fault that tells of it.

%include "small.inc"

IF            equ 0x200
IOPL3         equ 0x3000
STATUS_ZF_PF  equ 0x44

FLAGS_VECTOR  equ 0x82

main:   mov     eax, FLAGS_VECTOR
        mov     ebx, no_privilege
        mov     ecx, GATE_INTERRUPT | GATE_USER
        call    set_gate
        mov     eax, user
        mov     ebx, IOPL3 | IF | 2
        jmp     enter_user

; Returns with IF and IOPL 0.
no_privilege:
        and     dword [esp + 8], ~(IOPL3 | IF)
        iret

; Prints EFLAGS.
%macro show 0
        pushf
        pop     eax
        int     PRINT_VECTOR
%endmacro

user:   show
        pushf
        cli
        show
        popf
        show
        cli
        push    dword IOPL3 | IF | STATUS_ZF_PF | 2
        popf
        show
        push    dword IF | 2            ; IOPL is not for ring 3 to change
        popf
        show
        in      al, PIC_MASK
        int     FLAGS_VECTOR
        show
        push    dword IOPL3 | IF | 2
        popf
        show
        cli                             ; faults
