; The system bits of EFLAGS stay what they are, whatever stands in the operands of a comparison. QEMU
; 7.2 keeps the flags of a CMPXCHG8B that follows a comparison wrongly: until the next instruction that
; sets flags PUSHF, and the frame of a trap, show bits of the comparison's operand in place of TF, DF
; and all others. With POPF before it this happens each time. CLI in ring 0, and in ring 3 the first
; store to a page, reach the monitor behind it, and to the machine itself they are nothing special.

%include "small.inc"

SYSTEM_BITS equ 0x003F7700              ; all but the status flags
ROUNDS      equ 1000
UNTOUCHED   equ 0x600000

main:   mov     edi, ROUNDS
.next:  mov     esi, 0xFFFFFFFF
        call    compare
        mov     esi, 0x00247702         ; all that POPF could set
        call    compare
        mov     esi, 0x00000402
        call    compare
        dec     edi
        jnz     .next
        mov     eax, [differing]
        call    print_hex
        mov     eax, user
        mov     ebx, 0x202
        jmp     enter_user

; Compares with ESI, exchanges, and gathers the system bits found behind it.
compare:
        push    dword 2
        popfd
        cmp     eax, esi
        cmpxchg8b [value]
        cli
        or      eax, eax
        pushfd
        pop     eax
        and     eax, SYSTEM_BITS
        or      [differing], eax
        cld
        ret

user:   mov     esi, 0xFFFFFFFF
        push    dword 2
        popfd
        cmp     eax, esi
        cmpxchg8b [value]
        mov     [UNTOUCHED], al
        or      eax, eax
        pushfd
        pop     eax
        and     eax, SYSTEM_BITS
        cld
        int     PRINT_VECTOR
        int     POWER_OFF_VECTOR

section .bss
alignb 4096                             ; beside no code: there the monitor would emulate
value:      resq 1
differing:  resd 1
