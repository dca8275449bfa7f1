; Works for a while, and says so: other virtual machines must not keep it from doing so.

%include "small.inc"

ROUNDS equ 12
SPINS  equ 3000000

main:   xor     eax, eax
.round: mov     ecx, SPINS
.spin:  dec     ecx
        jnz     .spin
        inc     eax
        call    print_hex
        cmp     eax, ROUNDS
        jne     .round
        ret
