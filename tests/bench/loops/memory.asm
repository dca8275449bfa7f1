; Loads, stores and read-modify-writes over 16 KiB. 10 instructions a round.
%include "loop.inc"
        xor     ecx, ecx
.round: mov     eax, [esi + ecx * 4]
        add     eax, [edi + ecx * 4]
        mov     [edi + ecx * 4], eax
        movzx   ebx, byte [esi + ecx]
        add     [esi + ecx * 4], ebx
        mov     [edi + ecx], bl
        inc     ecx
        and     ecx, LOOP_BUFFER / 4 - 1
        dec     edx
        jnz     .round
        done
