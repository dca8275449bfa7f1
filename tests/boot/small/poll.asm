; A guest that polls for input with all interrupts masked: no interrupt makes the monitor look
; whether something was typed.

%include "small.inc"

CHARACTERS equ 6

main:   mov     al, '>'
        call    print_char
        mov     edi, CHARACTERS
.wait:  mov     edx, COM1_LSR
        in      al, dx
        test    al, LSR_RECEIVED
        jz      .wait
        mov     edx, COM1
        in      al, dx
        call    print_char
        dec     edi
        jnz     .wait
        ret
