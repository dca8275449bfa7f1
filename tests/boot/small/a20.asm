; Ring 3 switches the A20 gate, with IOPL 3, under its own feet: the shadow of memory is made anew
; for ring 3's view, not for the kernel's. Linked at 2 MiB, where A20 off changes no address.

%include "small.inc"

SYSTEM_CONTROL equ 0x92
A20_ON         equ 0x02
EVEN           equ 0x400000
ODD            equ 0x500000             ; the same but for address line 20

main:   mov     dword [EVEN], 1
        mov     dword [ODD], 2
        mov     eax, user
        mov     ebx, 0x3002
        jmp     enter_user

user:   mov     al, 0
        out     SYSTEM_CONTROL, al
        mov     eax, [ODD]
        int     PRINT_VECTOR
        mov     dword [ODD], 3
        mov     al, A20_ON
        out     SYSTEM_CONTROL, al
        mov     eax, [EVEN]
        int     PRINT_VECTOR
        mov     eax, [ODD]
        int     PRINT_VECTOR
        int     POWER_OFF_VECTOR
