; What the FPU and SSE begin with, and that they compute.

%include "small.inc"
%include "fpu.inc"

ONE     equ 0x3F800000
THREE   equ 0x40400000

main:   call    print_fpu
        push    dword ONE
        movss   xmm0, [esp]
        mov     dword [esp], THREE
        divss   xmm0, [esp]
        movss   [esp], xmm0
        pop     eax
        jmp     print_hex
