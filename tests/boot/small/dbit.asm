; The same bytes as 32-bit and as 16-bit code: what was decoded for one D bit is not for the other.

%include "small.inc"

ROUNDS equ 3

main:   mov     edi, ROUNDS
.round: xor     ebx, ebx
        xor     ebp, ebp
        jmp     both
.from32:
        call    print_hex
        inc     ebp
        jmp     CODE16:both
.from16:
        call    print_hex
        mov     eax, ebx
        call    print_hex
        dec     edi
        jnz     .round
        ret

both:   db      0xB8, 0x41, 0x00, 0x43, 0x43 ; mov eax, 43430041h, or mov ax, 41h; inc bx; inc bx
        test    ebp, ebp                ; test bp, bp
        db      0x74, main.from32 - $ - 2 ; jz, short in both
        db      0x66, 0xEA              ; 16-bit code: jmp far, with a 32-bit offset
        dd      main.from16
        dw      KERNEL_CS
