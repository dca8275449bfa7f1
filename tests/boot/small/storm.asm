; Interrupts without end: a level-triggered line that stays up, ended automatically, and a handler
; that leaves interrupts on. No instruction of the guest ever runs between two of them; its turn
; must end all the same. On a stack of 64 KiB, which wraps round.

%include "small.inc"

COM1_IRQ  equ 4
ELCR      equ 0x4D0

main:   mov     eax, IRQ_VECTOR + COM1_IRQ
        mov     ebx, forever
        mov     ecx, GATE_TRAP
        call    set_gate
        mov     eax, 0x3FF & ~(1 << COM1_IRQ)
        call    pic_init
        mov     edx, ELCR
        mov     al, 1 << COM1_IRQ
        out     dx, al
        mov     edx, COM1_MCR
        mov     al, 0x08                ; OUT2: the interrupt line is connected
        out     dx, al
        mov     edx, COM1_IER
        mov     al, 0x02                ; the transmitter is free
        out     dx, al
        mov     eax, 0x1234
        call    print_hex
        mov     eax, STACK16
        mov     ss, eax
        mov     esp, 0x9000
        sti
        nop
forever:
        nop
        jmp     forever
