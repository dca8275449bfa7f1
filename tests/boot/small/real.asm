; Real mode: entered from protected mode and left again, with string operations, far calls, INT
; through a vector of its own, calls of the BIOS, and the 4 GiB limits that DS keeps.

%include "small.inc"

REAL_BASE     equ 0x8000                ; where the 16-bit code is copied to
REAL_STACK    equ 0x7C00
IVT_LIMIT     equ 0x3FF
OWN_VECTOR    equ 0x60
HIGH          equ 0x200000
CR0_PE        equ 1

%define real(label) (REAL_BASE + label - real_code)

main:   mov     esi, real_code
        mov     edi, REAL_BASE
        mov     ecx, real_end - real_code
        rep     movsb
        mov     dword [HIGH], 0x12345678
        mov     [saved_esp], esp
        lidt    [ivt_operand]
        jmp     CODE16:real(from_protected)
back:   mov     eax, KERNEL_DS
        mov     ss, eax
        call    load_data_segments
        mov     esp, [saved_esp]
        lidt    [idt_operand]
        mov     edi, REAL_BASE + results - real_code
        mov     esi, labels
        mov     ebx, (results_end - results) / 4
.next:  mov     eax, [edi]
        call    print_value
        add     edi, 4
        dec     ebx
        jnz     .next
        ret

bits 16
; The results are 32 bits each, stored in the order of `labels`.
real_code:
from_protected:
        mov     ax, STACK16             ; SS with a limit of 64 KiB; DS keeps 4 GiB
        mov     ss, ax
        mov     eax, cr0
        and     al, ~CR0_PE
        mov     cr0, eax
        jmp     0:real(in_real)
in_real:
        xor     ax, ax
        mov     ss, ax
        mov     sp, REAL_STACK
        mov     es, ax
        mov     edi, real(results)
        mov     ebx, HIGH
        mov     eax, [dword ebx]        ; through DS as protected mode left it
        a32 stosd
        mov     ds, ax                  ; a new base, the same limit
        mov     ax, 0x10
        mov     ds, ax
        mov     eax, [dword ebx - 0x100]
        a32 stosd
        mov     ax, cs
        mov     ds, ax
        mov     eax, cr0
        and     eax, CR0_PE
        a32 stosd

        mov     si, real(text)          ; string operations, both ways
        push    di
        mov     di, real(copy)
        mov     cx, 8
        rep     movsb
        std
        mov     si, real(copy) + 6
        mov     di, real(copy) + 7
        mov     cx, 7
        rep     movsb
        cld
        mov     di, real(copy)
        mov     al, 'c'
        mov     cx, 8
        repne   scasb
        pop     di
        movzx   eax, cx
        a32 stosd
        mov     eax, [real(copy)]
        a32 stosd
        mov     eax, [real(copy) + 4]
        a32 stosd

        call    (REAL_BASE >> 4):(far_routine - real_code)
        a32 stosd
        movzx   eax, sp
        a32 stosd

        mov     word [OWN_VECTOR * 4], own_service - real_code
        mov     word [OWN_VECTOR * 4 + 2], REAL_BASE >> 4
        sti
        stc
        int     OWN_VECTOR
        a32 stosd
        pushf
        pop     ax
        movzx   eax, ax
        cli
        and     ax, 0x7201              ; IF, CF, IOPL and NT
        a32 stosd

        int     0x12                    ; KiB of low memory
        movzx   eax, ax
        a32 stosd
        mov     ah, 0x88                ; memory above 1 MiB: the carry tells that it is known
        int     0x15
        sbb     eax, eax
        a32 stosd
        mov     ax, 0xFFFF              ; no such service: carry
        int     0x15
        sbb     eax, eax
        a32 stosd
        mov     ah, 0                   ; ticks since midnight: the flag alone is the same
        int     0x1A
        movzx   eax, al
        a32 stosd
        mov     ax, 0x0F00              ; the video mode
        int     0x10
        movzx   eax, ax
        a32 stosd

        cli
        lgdt    [cs:real(gdt_copy)]
        mov     eax, cr0
        or      al, CR0_PE
        mov     cr0, eax
        jmp     dword KERNEL_CS:back

far_routine:
        mov     ax, cs
        shl     eax, 16
        mov     bp, sp
        mov     ax, [bp + 2]            ; the caller's CS
        retf

; Its own IF, the CS it runs in, and CF for the caller.
own_service:
        pushf
        pop     ax
        and     ax, 0x0201
        shl     eax, 16
        mov     ax, cs
        mov     bp, sp
        and     byte [bp + 4], ~1
        iret

text:       db  "abcdefgh"
copy:       db  "........"
gdt_copy:   dw  gdt_end - gdt - 1
            dd  gdt
align 4
results:    times 15 dd 0xDEADBEEF
results_end:
real_end:
bits 32

section .data
labels: db      "4 GiB limit kept from protected mode", 0
        db      "base changed, limit kept", 0
        db      "CR0.PE", 0
        db      "CX after REPNE SCASB", 0
        db      "MOVSB up, then down", 0
        db      "its upper half", 0
        db      "far call: callee's and caller's CS", 0
        db      "SP afterwards", 0
        db      "INT: IF and CS in the handler", 0
        db      "INT: IF and CF behind IRET", 0
        db      "INT 12h: KiB of low memory", 0
        db      "INT 15h, 88h: carry", 0
        db      "INT 15h, FFFFh: carry", 0
        db      "INT 1Ah: midnight passed", 0
        db      "INT 10h: video mode", 0
ivt_operand:
        dw IVT_LIMIT
        dd 0
section .bss
saved_esp: resd 1
