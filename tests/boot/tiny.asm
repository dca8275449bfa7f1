; The smallest guest: says on COM1 what its command line is, and powers off. Paging off, no tables.

bits 32

MULTIBOOT_MAGIC equ 0x1BADB002
COM1            equ 0x3F8
LINE_STATUS     equ COM1 + 5
TRANSMITTER_FREE equ 0x20
DEBUG_EXIT      equ 0xF4

section .text
align 4
        dd MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

global start
start:  mov     esp, stack_top
        mov     edi, [ebx + 16]         ; multiboot information: command line
        mov     esi, hello
        call    print
.file:  mov     al, [edi]               ; its first word is the file's name, which differs
        inc     edi
        test    al, al
        jz      .empty
        cmp     al, ' '
        jne     .file
        mov     esi, edi
        call    print
.empty: mov     esi, newline
        call    print
        mov     dx, DEBUG_EXIT
        mov     eax, 0x10
        out     dx, eax
.stop:  hlt
        jmp     .stop

; Prints the string at ESI.
print:  mov     dx, LINE_STATUS
.wait:  in      al, dx
        test    al, TRANSMITTER_FREE
        jz      .wait
        mov     al, [esi]
        inc     esi
        test    al, al
        jz      .done
        mov     dx, COM1
        out     dx, al
        jmp     print
.done:  ret

hello:   db "tiny: ", 0
newline: db 10, 0

section .bss
        resb    64
stack_top:
