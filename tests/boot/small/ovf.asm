; More input than the monitor buffers, while the guest's interrupts are off. The host's receiver
; then keeps its interrupt raised, without another edge; all must come in when the guest reads.

%include "small.inc"

COM1_IRQ    equ 4
CHARACTERS  equ 2600
SPINS       equ 150000000

receive:
        push    eax
        push    edx
        mov     edx, COM1
        in      al, dx
        movzx   eax, al
        add     esi, eax
        dec     edi
        mov     al, PIC_EOI
        out     PIC_COMMAND, al
        pop     edx
        pop     eax
        iret

main:   mov     eax, IRQ_VECTOR + COM1_IRQ
        mov     ebx, receive
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, 0x1FF & ~(1 << COM1_IRQ)
        call    pic_init
        mov     edx, COM1_MCR
        mov     al, 0x08                ; OUT2: the interrupt line is connected
        out     dx, al
        mov     edx, COM1_IER
        mov     al, 0x01
        out     dx, al
        mov     al, '>'
        call    print_char
        mov     ecx, SPINS              ; time to type them all
.spin:  dec     ecx
        jnz     .spin
        mov     edi, CHARACTERS
        xor     esi, esi
.wait:  sti
        hlt
        cli
        test    edi, edi
        jnz     .wait
        mov     eax, esi                ; their sum
        jmp     print_hex
