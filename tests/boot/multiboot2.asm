; A multiboot 2 guest: prints its command line, and each boot module's string and contents.

bits 32

MAGIC           equ 0xE85250D6
LOADER_MAGIC    equ 0x36D76289
TAG_CMDLINE     equ 1
TAG_MODULE      equ 3
COM1            equ 0x3F8
LINE_STATUS     equ COM1 + 5
TRANSMITTER_FREE equ 0x20
DEBUG_EXIT      equ 0xF4

section .text
align 8
header: dd MAGIC, 0, header_end - header, -(MAGIC + (header_end - header))
        dw 1, 0                         ; information request: command line, modules, memory map
        dd 20, TAG_CMDLINE, TAG_MODULE, 6
        align 8
        dw 9, 1                         ; EFI entry point: optional, not to be followed
        dd 12, 0
        align 8
        dw 0, 0
        dd 8
header_end:

global start
start:  mov     esp, stack_top
        cmp     eax, LOADER_MAGIC
        jne     fail
        mov     ebp, [ebx]              ; total size
        add     ebp, ebx
        lea     edi, [ebx + 8]
next:   cmp     edi, ebp
        jae     fail                    ; there must be an end tag
        mov     eax, [edi]
        test    eax, eax
        jz      power_off
        cmp     eax, TAG_CMDLINE
        je      .cmdline
        cmp     eax, TAG_MODULE
        jne     .skip
        lea     esi, [edi + 16]
        call    print
        mov     esi, [edi + 8]          ; start
        mov     ecx, [edi + 12]
        sub     ecx, esi
        call    print_bytes
        jmp     .skip
.cmdline:
        lea     esi, [edi + 8]
        call    print
.skip:  mov     eax, [edi + 4]
        add     eax, 7
        and     eax, ~7
        add     edi, eax
        jmp     next

fail:   mov     eax, 0x11
        jmp     leave_machine
power_off:
        mov     eax, 0x10
leave_machine:
        mov     dx, DEBUG_EXIT
        out     dx, eax
.stop:  hlt
        jmp     .stop

; Prints the string at ESI, and a newline.
print:  mov     ecx, -1
.count: inc     ecx
        cmp     byte [esi + ecx], 0
        jne     .count
        call    print_bytes
        mov     esi, newline
        mov     ecx, 1
; Prints ECX bytes at ESI.
print_bytes:
        jecxz   .done
        mov     dx, LINE_STATUS
.wait:  in      al, dx
        test    al, TRANSMITTER_FREE
        jz      .wait
        lodsb
        mov     dx, COM1
        out     dx, al
        dec     ecx
        jmp     print_bytes
.done:  ret

newline: db 10

section .bss
        resb    64
stack_top:
