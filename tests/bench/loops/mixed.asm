; What compiled code does: calls, stack frames, a byte loop with branches that depend on data,
; multiplication. A sum over 64 bytes a round.
%include "loop.inc"
.round: push    esi
        call    checksum
        add     esp, 4
        mov     [edi], eax
        dec     edx
        jnz     .round
        done

; EAX = a hash of the 64 bytes at [ESP + 4]
checksum:
        push    ebp
        mov     ebp, esp
        push    esi
        push    ebx
        mov     esi, [ebp + 8]
        mov     ecx, 64
        mov     eax, 5381
.byte:  movzx   ebx, byte [esi]
        imul    eax, eax, 33
        test    bl, 1
        jz      .even
        xor     eax, ebx
        jmp     .next
.even:  add     eax, ebx
        rol     eax, 5
.next:  inc     esi
        mov     [esi + 64], al
        dec     ecx
        jnz     .byte
        pop     ebx
        pop     esi
        pop     ebp
        ret
