; Registers alone: arithmetic, logic, shifts, and a branch a round. 10 instructions a round.
%include "loop.inc"
        mov     eax, 1
        mov     ebx, 2
.round: add     eax, ebx
        xor     ebx, eax
        lea     ecx, [eax + ebx * 4 + 3]
        and     ecx, 0xffff
        sub     ebx, ecx
        shl     ecx, 3
        or      eax, ecx
        cmp     eax, ebx
        dec     edx
        jnz     .round
        done
