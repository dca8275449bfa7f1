; A boot sector that runs one of the loops (LOOP, given to the assembler) in flat 32-bit protected mode
; for ROUNDS rounds and then ends Bochs by its shutdown port.
%define LOOP_INCLUDED
%macro done 0
        jmp     finish
%endmacro

SHUTDOWN_PORT equ 0x8900
SOURCE        equ 0x20000
DESTINATION   equ 0x28000
STACK         equ 0x40000

org 0x7C00
bits 16
        cli
        xor     ax, ax
        mov     ds, ax
        in      al, 0x92        ; A20
        or      al, 2
        out     0x92, al
        lgdt    [gdt_operand]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 8:flat

bits 32
flat:   mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     esp, STACK
        xor     ecx, ecx        ; what bench-engine puts there
.fill:  imul    eax, ecx, 167
        shr     eax, 3
        mov     [SOURCE + ecx], al
        inc     ecx
        cmp     ecx, 0x10000
        jb      .fill
        mov     edx, ROUNDS
        mov     esi, SOURCE
        mov     edi, DESTINATION
        jmp     loop_start

finish: mov     esi, word_to_say
        mov     edx, SHUTDOWN_PORT
        mov     ecx, word_to_say.end - word_to_say
        cld
        rep outsb
        jmp     $

word_to_say: db "Shutdown"
.end:

align 8
gdt:    dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_operand:
        dw gdt_operand - gdt - 1
        dd gdt

align 16
loop_start:
%include LOOP

times 510 - ($ - $$) db 0
        dw 0xAA55
