; FNSTENV while a data breakpoint waits at 2000h, which the guest never touches. The monitor runs a
; floating-point instruction that it interprets on a page of its own, which may be at that address.

%include "small.inc"

WATCHED       equ 0x2000
DR7_G0_RW_LEN4 equ 0xF0002

main:   mov     eax, WATCHED
        mov     dr0, eax
        mov     eax, DR7_G0_RW_LEN4
        mov     dr7, eax
        fninit
        sub     esp, 28
        fnstenv [esp]
        movzx   eax, word [esp]
        call    print_hex
        mov     eax, dr6
        call    print_hex
        add     esp, 28
        ret
