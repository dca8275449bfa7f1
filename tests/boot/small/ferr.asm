; An x87 exception with CR0.NE clear: IRQ 13, which comes before the instruction that waits for it; with
; CR0.NE set, #MF.

%include "small.inc"

PIC2_COMMAND equ 0xA0
PIC2_VECTOR  equ 0x28
FPU_IRQ      equ 13
FERR_CLEAR   equ 0xF0
CASCADE      equ 1 << 2
CR0_NE       equ 0x20
UNMASKED     equ 0x037B                 ; division by zero is not masked
MF           equ 16

main:   mov     eax, PIC2_VECTOR + FPU_IRQ - 8
        mov     ebx, interrupt
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, MF
        mov     ebx, exception
        call    set_gate
        call    pics_on
        sti
        call    divide
        mov     esi, irqs
        mov     eax, [irq_count]
        call    print_value
        call    divide                  ; again
        mov     esi, irqs
        mov     eax, [irq_count]
        call    print_value
        mov     eax, cr0
        or      al, CR0_NE
        mov     cr0, eax
        call    divide
        mov     esi, exceptions
        mov     eax, [exception_count]
        call    print_value
        mov     esi, irqs
        mov     eax, [irq_count]
        call    print_value
        cli
        ret

; 1 / 0; the exception is raised by what waits for it.
divide: fninit
        push    dword UNMASKED
        fldcw   [esp]
        pop     eax
        fld1
        fldz
        fdivp   st1, st0
        fwait
        nop
        nop
        fnstsw  ax
        and     eax, 0xFFFF
        mov     esi, status
        call    print_value
        fnclex
        ret

interrupt:
        push    eax
        inc     dword [irq_count]
        fnclex
        xor     eax, eax
        out     FERR_CLEAR, al
        mov     al, PIC_EOI
        out     PIC2_COMMAND, al
        out     PIC_COMMAND, al
        pop     eax
        iret

exception:
        inc     dword [exception_count]
        fnclex
        iret

; Both PICs; all is masked but IRQ 13.
pics_on:
        mov     ax, 0x0100 | ~CASCADE & 0xFF
        call    pic_init
        mov     al, 0x11
        out     PIC2_COMMAND, al
        mov     al, PIC2_VECTOR
        out     PIC2_MASK, al
        mov     al, 2
        out     PIC2_MASK, al
        mov     al, 1
        out     PIC2_MASK, al
        mov     al, ~(1 << FPU_IRQ - 8) & 0xFF
        out     PIC2_MASK, al
        ret

section .data
irqs:   db      "IRQ 13 came so often", 0
exceptions: db  "#MF came so often", 0
status: db      "status word", 0
irq_count: dd   0
exception_count: dd 0
