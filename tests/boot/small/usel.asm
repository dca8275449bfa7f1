; Ring 3 tries every selector of the GDT in DS, SS and CS: what loads is what the guest's own table
; has, and all others fault with the error code that names them. The monitor's table is as long as
; can be and holds descriptors of its own, some of them for ring 3.

%include "small.inc"

LAST_SELECTOR equ 0xFFFB
FIRST_SELECTOR equ 3

; #GP: checks the error code against the selector in EDI, goes on at EBP.
refused:
        push    ds
        push    eax
        mov     eax, KERNEL_DS
        mov     ds, eax
        mov     eax, edi
        and     eax, 0xFFFC
        cmp     [esp + 8], eax
        je      .named
        mov     eax, [esp + 8]
        call    print_hex
.named: pop     eax
        pop     ds
        add     esp, 4
        mov     [esp], ebp
        iret

main:   mov     eax, 13
        mov     ebx, refused
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, user
        mov     ebx, 0x202
        jmp     enter_user

; Runs %1 with every selector in EDI, and prints which of them it does not fault with.
%macro sweep 1+
        mov     edi, FIRST_SELECTOR
        mov     ebp, %%next
%%try:  %1
        mov     eax, edi
        int     PRINT_VECTOR
%%next: mov     eax, USER_DS
        mov     ds, eax
        mov     ss, eax
        add     edi, 8
        cmp     edi, LAST_SELECTOR
        jbe     %%try
%endmacro

user:   sweep   mov ds, edi
        sweep   mov ss, edi
        sweep   call far_jump
        int     POWER_OFF_VECTOR

; To its caller with CS = EDI.
far_jump:
        mov     [target + 4], di
        pop     dword [target]
        jmp     far [target]

section .data
target: dd 0
        dw 0
