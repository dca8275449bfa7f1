; An endless loop of sensitive instructions, with interrupts off: the guest is never away from the
; monitor for long, and none of its interrupts is due.

%include "small.inc"

main:   mov     eax, 0x1234
        call    print_hex
.again: cli
        mov     eax, cr0
        jmp     .again
