; MASKMOVQ, whose operand is at DS:EDI without a ModRM byte that says so, into a page that the
; monitor write-protects because code runs in it: from an instruction inside a page, and from one
; that lies across two.

%include "small.inc"

main:   movq    mm0, [value]
        movq    mm1, [mask]
        mov     edi, first
        maskmovq mm0, mm1
        mov     edi, second
        jmp     across
shown:  emms
        mov     esi, first
        mov     ecx, 4
.next:  lodsd
        call    print_hex
        loop    .next
        mov     eax, edi
        sub     eax, second
        jmp     print_hex

first:  dq      0
second: dq      0
value:  dq      0x1122334455667788
mask:   dq      0x8000800080008080

        times 4096 - 2 - ($ - $$) nop
across: maskmovq mm0, mm1
        jmp     shown
