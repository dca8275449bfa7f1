; An instruction that crosses a page, executed again and again while the second page changes: its
; bytes, its frame, its presence; and while the first page has two neighbours at two addresses.

%include "small.inc"

CR0_PG  equ 1 << 31
MAPPED  equ 3
WINDOW  equ 0x40000000                  ; pages 0 and 1, and 4 and 5
FIRST   equ 0x300000                    ; frames
SECOND  equ 0x301000
OTHER   equ 0x302000
HEAD    equ 4096 - 3
ROUNDS  equ 20
PF      equ 14

main:   mov     dword [directory], low_table + MAPPED
        mov     dword [directory + (WINDOW >> 22) * 4], table + MAPPED
        mov     eax, MAPPED
        mov     edi, low_table
.low:   stosd
        add     eax, 4096
        cmp     eax, 0x400000
        jb      .low
        mov     dword [table], FIRST + MAPPED
        mov     dword [table + 4], SECOND + MAPPED
        mov     dword [table + 16], FIRST + MAPPED
        mov     dword [table + 20], OTHER + MAPPED
        mov     eax, PF
        mov     ebx, page_fault
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     dword [FIRST + HEAD - 1], 0x2211B890 ; nop; mov eax, 44332211h; ret
        mov     dword [SECOND], 0xC34433
        mov     dword [OTHER], 0xC36655
        mov     eax, directory
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG
        mov     cr0, eax

        mov     ebp, WINDOW + HEAD - 1
        call    often
        mov     byte [SECOND], 0x77     ; through another address
        call    often
        mov     byte [WINDOW + 4096 + 1], 0x88
        call    often
        mov     byte [WINDOW + HEAD + 2], 0x99 ; in the first page
        call    often
        mov     ebp, WINDOW + 0x4000 + HEAD - 1 ; the same first frame before another
        call    often
        mov     ebp, WINDOW + HEAD - 1
        call    often
        mov     dword [table + 4], OTHER + MAPPED
        invlpg  [WINDOW + 4096]
        call    often
        mov     dword [table + 4], SECOND + MAPPED
        mov     eax, cr3
        mov     cr3, eax
        call    often
        mov     dword [table + 4], 0
        invlpg  [WINDOW + 4096]
        call    often
        mov     ebp, WINDOW + 4096 + 1  ; into its middle: 88h 44h .. is MOV [EAX+EAX*8-3Dh], AL
        mov     dword [SECOND], 0xC3FA9077 ; here NOP; CLI; RET
        call    often
        mov     dword [SECOND], 0xC34433
        mov     ebp, WINDOW + HEAD - 1
        jmp     often

; Calls EBP so often that the monitor has done for it what it will do, and prints the sum.
often:  mov     ecx, ROUNDS
        xor     edx, edx
.again: call    ebp
        add     edx, eax
        loop    .again
        mov     eax, edx
        jmp     print_hex

; Tells where, and brings the page back.
page_fault:
        pusha
        mov     eax, cr2
        call    print_hex
        mov     eax, [esp + 32]
        call    print_hex
        mov     eax, [esp + 36]
        call    print_hex
        mov     dword [table + 4], SECOND + MAPPED
        popa
        add     esp, 4
        iret

section .bss
alignb 4096
directory: resd 1024
low_table: resd 1024
table:     resd 1024
