; HLT ends when the timer's interrupt is due: neither the time that the guest has used before nor
; what the monitor needs shall be counted twice. For a TSC of 1 GHz that counts instructions.

%include "small.inc"

PIT_ONE_SHOT  equ 0x30
COUNT         equ 59648                 ; of 1193182 Hz
COUNT_NS      equ 49990697
SLACK_NS      equ 4000                  ; for what traps cost
SPINS         equ 15000000
SPINS_NS      equ 2 * SPINS             ; two instructions each

timer:  push    eax
        mov     al, PIC_EOI
        out     PIC_COMMAND, al
        pop     eax
        iret

main:   mov     eax, IRQ_VECTOR
        mov     ebx, timer
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     eax, 0x1FE
        call    pic_init
        mov     al, PIT_ONE_SHOT
        out     PIT_COMMAND, al
        mov     al, COUNT & 0xFF
        out     PIT_CHANNEL_0, al
        mov     al, COUNT >> 8
        out     PIT_CHANNEL_0, al
        rdtsc
        mov     edi, eax
        mov     ecx, SPINS
.spin:  dec     ecx
        jnz     .spin
        rdtsc
        sub     eax, edi
        mov     ebx, SPINS_NS
        call    judge
        sti
        hlt
        cli
        rdtsc
        sub     eax, edi
        mov     ebx, COUNT_NS
        ; falls through

; Prints EAX, and whether it is EBX but for the slack.
judge:  mov     esi, time_dependent
        call    print
        call    print_hex
        sub     eax, ebx
        add     eax, SLACK_NS
        cmp     eax, 2 * SLACK_NS
        mov     esi, on_time
        jb      print
        mov     esi, not_on_time
        jmp     print

time_dependent: db "~ ", 0
on_time:        db "on time", 10, 0
not_on_time:    db "not on time", 10, 0
