; Sensitive instructions one behind the other, while interrupts that a fast timer asks for are
; disabled, on a machine that was switched on a while ago: time goes on all the same.

%include "small.inc"

PIT_MODE2  equ 0x34                     ; channel 0, both bytes
TICKS      equ 150                      ; of 55 ms
FAST_COUNT equ 300
TURNS      equ 100000

timer:  push    eax
        mov     al, PIC_EOI
        out     PIC_COMMAND, al
        pop     eax
        iret

; Channel 0 divides by CX from now on.
set_timer:
        mov     al, PIT_MODE2
        out     PIT_COMMAND, al
        mov     al, cl
        out     PIT_CHANNEL_0, al
        mov     al, ch
        out     PIT_CHANNEL_0, al
        ret

main:   mov     eax, IRQ_VECTOR
        mov     ebx, timer
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, 0x1FE
        call    pic_init
        xor     ecx, ecx
        call    set_timer
        mov     edi, TICKS
.wait:  sti
        hlt
        cli
        dec     edi
        jnz     .wait
        mov     ecx, FAST_COUNT
        call    set_timer
        mov     edi, TURNS
.turn:  push    cs
        push    .next
        retf
.next:  dec     edi
        jnz     .turn
        mov     eax, 0x1234
        jmp     print_hex
