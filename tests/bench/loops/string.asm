; Copies 16 KiB a round with REP MOVSD: 4096 iterations and 7 instructions a round.
%include "loop.inc"
        mov     eax, esi
        mov     ebx, edi
.round: mov     esi, eax
        mov     edi, ebx
        mov     ecx, LOOP_BUFFER / 4
        cld
        rep movsd
        xchg    eax, ebx
        dec     edx
        jnz     .round
        done
