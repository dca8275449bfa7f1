; Ring 3 tries selectors of the GDT in DS, SS and CS, the first and the last: what loads is what the
; guest's own table has, and all others fault with the error code that names them. The monitor's
; table is as long as can be, and holds descriptors of its own at its end, some of them for ring 3.

%include "small.inc"

FIRST_SELECTOR equ 0x0003
LOW_END        equ 0x0203
HIGH           equ 0xFC03
LAST_SELECTOR  equ 0xFFFB

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

; Runs %1 with each selector in EDI, and prints which of them it does not fault with.
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
        cmp     edi, LOW_END
        jne     %%any
        mov     edi, HIGH
%%any:  cmp     edi, LAST_SELECTOR
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
