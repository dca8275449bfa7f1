; Paging with 64-bit entries: two address spaces whose pointer tables share a page, 2 MiB pages,
; pages mapped on demand by the guest's own #PF handler, reserved bits (NX is one here), and ring 3.

%include "small.inc"

CR0_PG    equ 1 << 31
CR0_WP    equ 1 << 16
CR4_PAE   equ 1 << 5
MAPPED    equ 0x03
USER      equ 0x07
LARGE     equ 0x80
LOW_MIB   equ 8
DEMAND    equ 0xC0000000                ; 2 MiB of it, on demand
PAGES     equ 512
FRAMES    equ 0x400000                  ; where the demanded pages come from: 16 of them
PF        equ 14

main:   mov     edi, low_directory
        mov     eax, USER | LARGE       ; the code is a user page: ring 3 runs it, too
        mov     ecx, LOW_MIB / 2
.low:   mov     [edi], eax
        add     eax, 0x200000
        add     edi, 8
        loop    .low
        mov     dword [first], low_directory + 1
        mov     dword [first + 24], first_directory + 1
        mov     dword [second], low_directory + 1
        mov     dword [second + 24], second_directory + 1
        mov     dword [first_directory], first_table + USER
        mov     dword [second_directory], second_table + USER
        mov     eax, PF
        mov     ebx, page_fault
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     eax, first
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG | CR0_WP
        mov     cr0, eax

        mov     esi, first_table
        mov     eax, 1
        call    fill
        mov     eax, second
        mov     cr3, eax
        mov     esi, second_table
        mov     eax, 0x10001
        call    fill
        mov     eax, first
        mov     cr3, eax
        mov     esi, first_table
        call    sum                     ; what the second left in the shared frames
        mov     eax, [faults]
        call    print_hex
        call    reserved
        call    pointers
        mov     dword [fault_table], second_table
        mov     eax, user
        mov     ebx, 2
        jmp     enter_user

; Stores EAX + n at the begin of each page n, from the last to the first, and prints the sum of what
; the pages hold then. The table ESI is emptied first.
fill:   mov     [fault_table], esi
        mov     edi, esi
        push    eax
        xor     eax, eax
        mov     ecx, PAGES * 2
        rep     stosd
        mov     eax, cr3
        mov     cr3, eax
        pop     eax
        mov     ecx, PAGES
.store: mov     edi, ecx
        shl     edi, 12
        mov     [DEMAND - 4096 + edi], eax
        inc     eax
        loop    .store

sum:    xor     eax, eax
        mov     ecx, PAGES
.add:   mov     edi, ecx
        shl     edi, 12
        add     eax, [DEMAND - 4096 + edi]
        loop    .add
        jmp     print_hex

; Demands are met with one of 16 frames; what else faults is reported, and the access skipped.
page_fault:
        pusha
        mov     eax, cr2
        cmp     eax, DEMAND
        jb      .report
        test    byte [esp + 32], 1 | 8
        jnz     .report
        inc     dword [faults]
        shr     eax, 12
        mov     ebx, eax
        and     ebx, PAGES - 1
        and     eax, 15
        shl     eax, 12
        add     eax, FRAMES + USER
        mov     edi, [fault_table]
        mov     dword [edi + ebx * 8], eax
        popa
        add     esp, 4
        iret
.report:
        call    print_hex
        mov     eax, [esp + 32]
        call    print_hex
        popa
        add     esp, 4
        add     dword [esp], 6          ; mov r32, [disp32], and mov [disp32], r32
        iret

; Bits 63 (NX), 36 and 35 of an entry, and of a 2 MiB page; CMPXCHG8B changes the entry.
reserved:
        mov     ebp, high_words
        mov     esi, first_table
        call    .entries
        mov     dword [first_directory], FRAMES + USER + LARGE
        mov     ebp, high_words
        mov     esi, first_directory
        call    .entries
        mov     dword [first_directory], first_table + USER
        mov     dword [first_directory + 4], 0
        mov     eax, cr3
        mov     cr3, eax
        ret
.entries:
        mov     eax, [esi]
        mov     edx, [esi + 4]
        mov     ebx, eax
        mov     ecx, [ebp]
        lock cmpxchg8b [esi]
        invlpg  [DEMAND]
        mov     ebx, [dword DEMAND]
        mov     eax, ebx
        call    print_hex
        add     ebp, 4
        cmp     ebp, high_words.end
        jb      .entries
        mov     eax, [esi]
        call    print_hex               ; accessed
        ret

; What a store to a pointer table does before and after CR3 is loaded is the machine's own matter;
; behind it the new directory counts, on any.
pointers:
        mov     dword [first + 24], second_directory + 1
        mov     eax, cr3
        mov     cr3, eax
        mov     dword [fault_table], second_table
        mov     ebx, [dword DEMAND]
        mov     eax, ebx
        call    print_hex
        mov     dword [second_table], 0
        mov     eax, cr4
        xor     eax, 1 << 7             ; CR4.PGE flushes
        mov     cr4, eax
        mov     ebx, [dword DEMAND]
        mov     eax, [faults]
        jmp     print_hex

user:   mov     eax, [dword DEMAND + 0x3000]
        int     PRINT_VECTOR
        mov     ecx, PAGES
.push:  mov     esp, ecx
        shl     esp, 12
        add     esp, DEMAND
        push    ecx
        loop    .push
        pop     eax
        int     PRINT_VECTOR
        mov     ebx, [dword 0x40000000] ; not mapped: reported, skipped
        mov     ebx, [dword 0x40000000]
        int     POWER_OFF_VECTOR

section .data
high_words: dd  0x80000000, 0x10, 8, 0
.end:

section .bss
alignb 4096
low_directory:    resq 512
first_directory:  resq 512
second_directory: resq 512
first_table:      resq 512
second_table:     resq 512
                  resb 2048
first:            resq 4
second:           resq 4
faults:           resd 1
fault_table:      resd 1
