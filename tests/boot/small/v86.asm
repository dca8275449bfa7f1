; Virtual-8086 mode: short programs, entered from ring 0 by IRET, each with IOPL 0 and 3 and with
; CR4.VME clear and set (whatever the processor makes of it). Whatever takes a program back to ring 0
; prints a line: vector, error code, IP, EFLAGS, EAX, SP, SS, ES DS FS GS. Behind traps and interrupts
; it goes on, a fault ends it: each ends in HLT. EIP above 64 KiB is left out: the processor refuses
; it, and TCG runs until the end of a block that it translated.

%include "small.inc"

BASE         equ 0x8000                 ; where the 16-bit code is copied to
CODE_SEG      equ BASE >> 4
STACK        equ 0x7000                 ; in the same segment
CR4_VME      equ 1
EFLAGS_IF    equ 0x00000200
EFLAGS_TF    equ 0x00000100
EFLAGS_IOPL3 equ 0x00003000
EFLAGS_VM    equ 0x00020000
EFLAGS_VIF   equ 0x00080000
EFLAGS_VIP   equ 0x00100000
EFLAGS_RF    equ 0x00010000
ROUNDS_MAX   equ 12                     ; events of one program
OWN_VECTOR   equ 0x40                   ; left to the 8086 program where VME says so
SYSTEM_VECTOR equ 0x41                  ; always for ring 0
OPEN_PORT    equ PIC_MASK
CLOSED_PORT  equ PIC2_MASK
TSS_MAPS     equ 104
REDIRECTION  equ 32
PORT_BYTES   equ 0x100 / 8

struc frame                             ; as the stubs and `pusha` leave it
.edi    resd    8
.vector resd    1
.error  resd    1
.eip    resd    1
.cs     resd    1
.eflags resd    1
.esp    resd    1
.ss     resd    1
.data   resd    4
endstruc
FRAME_EAX equ frame.edi + 28

main:   mov     eax, own_tss
        mov     [tss_descriptor + 2], ax
        shr     eax, 16
        mov     [tss_descriptor + 4], al
        mov     word [tss_descriptor], own_tss_end - own_tss - 1
        mov     dword [own_tss + 4], user_stack
        mov     ax, TSS_SELECTOR
        ltr     ax
        call    catch_all
        mov     word [OWN_VECTOR * 4], service - code16
        mov     word [OWN_VECTOR * 4 + 2], CODE_SEG
        mov     esi, code16
        mov     edi, BASE
        mov     ecx, code16_end - code16
        rep     movsb
        mov     ax, 0x03FF
        call    pic_init
        mov     esi, settings
.next:  lodsd
        mov     [more_flags], eax
        lodsd
        mov     cr4, eax
        mov     [label], esi
        call    run_all
        mov     esi, [label]
.skip:  lodsb
        test    al, al
        jnz     .skip
        cmp     esi, settings_end
        jb      .next
        xor     eax, eax
        mov     cr4, eax
        ret

; Every program, one after the other.
run_all:
        mov     ebx, programs
.next:  mov     [name], ebx
.skip:  inc     ebx
        cmp     byte [ebx - 1], 0
        jne     .skip
        mov     eax, [ebx]
        or      eax, [more_flags]
        or      eax, EFLAGS_VM | 2
        movzx   edx, word [ebx + 4]
        add     ebx, 6
        mov     dword [rounds], ROUNDS_MAX
        push    ebx
        push    edx
        call    run
        pop     edx
        pop     ebx
        add     ebx, edx
        cmp     ebx, programs_end
        jb      .next
        ret

; The program at EBX with EFLAGS = EAX; comes back through `leave_v86`.
run:    mov     [resume_esp], esp
        push    dword CODE_SEG + 4       ; GS FS DS ES
        push    dword CODE_SEG + 3
        push    dword CODE_SEG + 2
        push    dword CODE_SEG + 1
        push    dword CODE_SEG
        push    dword STACK
        push    eax
        push    dword CODE_SEG
        sub     ebx, code16
        push    ebx
        mov     eax, 0xAAAA5555
        mov     ecx, 0xCCCC0003
        mov     edx, 0
        iret

leave_v86:
        mov     esp, [resume_esp]
        mov     al, 0xFF
        out     PIC_MASK, al
        ret

; From a stub: vector and error code are pushed.
event:  pusha
        mov     eax, KERNEL_DS
        call    load_data_segments
        cld
        test    dword [esp + frame.eflags], EFLAGS_VM
        jz      .own
        mov     esi, [label]
        call    print
        mov     esi, [name]
        call    print
        mov     esi, .fields
.field: movzx   edx, byte [esi]
        cmp     dl, 0xFF
        je      .shown
        mov     al, ' '
        call    print_char
        mov     eax, [esp + edx]
        call    print_digits
        inc     esi
        jmp     .field
.shown: mov     al, 10
        call    print_char
        dec     dword [rounds]
        jz      leave_v86
        mov     eax, [esp + frame.vector]
        cmp     al, 5
        jae     .late
        cmp     al, 1                   ; #DB, INT3 and INTO are traps
        jb      leave_v86
        jmp     .on
.late:  cmp     al, OWN_VECTOR
        jb      leave_v86
.on:    popa
        add     esp, 8
        iret
.own:   add     esp, frame.vector
        jmp     report_exception
.fields: db     frame.vector, frame.error, frame.eip, frame.eflags, FRAME_EAX, frame.esp, frame.ss
        db      frame.data, frame.data + 4, frame.data + 8, frame.data + 12, 0xFF

; Gates to stubs of our own, for exceptions, IRQ 0 and two vectors.
catch_all:
        mov     ecx, GATE_INTERRUPT | GATE_USER
        mov     ebx, stubs
        mov     esi, vectors
.next:  movzx   eax, byte [esi]
        call    set_gate
        add     ebx, STUB_SIZE
        inc     esi
        cmp     esi, vectors_end
        jb      .next
        ret

%macro stub 1
        align   STUB_SIZE
%if %1 != 8 && (%1 < 10 || %1 > 14) && %1 != 17
        push    dword 0
%endif
        push    dword %1
        jmp     event
        [section .data]
        db      %1
        __?SECT?__
%endmacro

section .data
vectors:
section .text
        align   STUB_SIZE
stubs:
%assign vector 0
%rep 20
%if vector != 2 && vector != 15
        stub    vector
%endif
%assign vector vector + 1
%endrep
        stub    IRQ_VECTOR
        stub    OWN_VECTOR
        stub    SYSTEM_VECTOR
        align   STUB_SIZE
section .data
vectors_end:

; EFLAGS, CR4, and how the lines begin.
settings:
        dd      0, 0
        db      "IOPL 0, ", 0
        dd      EFLAGS_IOPL3, 0
        db      "IOPL 3, ", 0
        dd      0, CR4_VME
        db      "IOPL 0, VME, ", 0
        dd      EFLAGS_IOPL3, CR4_VME
        db      "IOPL 3, VME, ", 0
        dd      EFLAGS_VIF, CR4_VME
        db      "IOPL 0, VME, VIF, ", 0
        dd      EFLAGS_VIF | EFLAGS_VIP, CR4_VME
        db      "IOPL 0, VME, VIF, VIP, ", 0
settings_end:

; Ring 0's stack, the interrupts that ring 0 gets, and two ports of which one is open.
align 4
own_tss:
        dd      0, 0, KERNEL_DS
        times   22 dd 0
        dw      0, TSS_MAPS + REDIRECTION
        times   OWN_VECTOR / 8 db 0xFF
        db      ~1 & 0xFF
        times   REDIRECTION - OWN_VECTOR / 8 - 1 db 0xFF
        times   OPEN_PORT / 8 db 0xFF
        db      ~(1 << OPEN_PORT % 8) & 0xFF
        times   PORT_BYTES - OPEN_PORT / 8 - 1 db 0xFF
        db      0xFF
own_tss_end:

section .bss
alignb 4
more_flags: resd 1
label:  resd    1
name:   resd    1
rounds: resd    1
resume_esp: resd 1

section .text
bits 16
code16:
; For OWN_VECTOR, in virtual-8086 mode: shows the FLAGS that it finds pushed.
service:
        mov     bp, sp
        mov     ax, [ss:bp + 4]
        shl     eax, 16
        mov     ax, 0x8086
        iret

; Programs: begin "name", what EFLAGS has besides VM, IOPL and bit 1; code; end.
%macro begin 2
        %push   program
        db      %1, 0
        dd      %2
        dw      %$end - %$code
%$code:
%endmacro
%macro end 0
        hlt
%$end:
        %pop
%endmacro

programs:
begin   "HLT", 0
end
begin   "CLI", EFLAGS_IF
        cli
end
begin   "CLI, PUSHF", EFLAGS_IF
        cli
        pushf
        pop     ax
end
begin   "STI", 0
        sti
        nop
end
begin   "STI, PUSHF", 0
        sti
        pushf
        pop     ax
end
begin   "PUSHF", EFLAGS_IF
        pushf
        pop     ax
end
begin   "PUSHFD", EFLAGS_IF
        pushfd
        pop     eax
end
begin   "POPF", EFLAGS_IF
        push    word 0x4CD7
        popf
end
begin   "POPF of IF", 0
        push    word 0x3202
        popf
end
begin   "POPF of TF", 0
        push    word 0x0102
        popf
        nop
        nop
end
begin   "POPFD", EFLAGS_IF
        push    dword 0x003F4CD7
        popfd
end
begin   "IRET", EFLAGS_IF
        push    word 0x08D7
        push    cs
        push    word %$back - code16
        iret
        mov     ax, 1
%$back:
end
begin   "IRET to IF and another segment", 0
        push    word 0x3202
        push    word CODE_SEG - 0x10
        push    word %$back - code16 + 0x100
        iret
        mov     ax, 1
%$back: mov     ax, cs
end
begin   "IRETD", EFLAGS_IF
        push    dword 0x003A08D7
        push    dword CODE_SEG
        push    dword %$back - code16
        o32 iret
        mov     ax, 1
%$back:
end
begin   "INT of its own", EFLAGS_IF
        int     OWN_VECTOR
end
begin   "INT of its own, IF clear", 0
        int     OWN_VECTOR
end
begin   "INT of the system", EFLAGS_IF
        int     SYSTEM_VECTOR
        mov     ax, 2
end
begin   "INT 3", EFLAGS_IF
        db      0xCD, 3
        mov     ax, 2
end
begin   "INT3", EFLAGS_IF
        int3
        mov     ax, 2
end
begin   "INTO", EFLAGS_IF | 0x800
        into
        mov     ax, 2
end
begin   "IN from an open port", 0
        in      al, OPEN_PORT
end
begin   "IN from a closed port", 0
        in      al, CLOSED_PORT
end
begin   "IN, one byte closed", 0
        in      ax, OPEN_PORT
end
begin   "IN beyond the map", 0
        mov     dx, 0x4FE
        in      al, dx
end
begin   "OUT to an open port", 0
        mov     al, 0xFF
        out     OPEN_PORT, al
end
begin   "OUT to a closed port", 0
        mov     al, 0xFF
        out     CLOSED_PORT, al
end
begin   "INSB", 0
        mov     dx, OPEN_PORT
        mov     di, 0x6000
        rep     insb
        mov     al, [es:0x6002]
end
begin   "OUTSB to a closed port", 0
        mov     dx, CLOSED_PORT
        mov     si, 0x6000
        rep     outsb
end
begin   "single steps", EFLAGS_TF
        mov     ax, 1
        pushf
        pop     ax
        mov     bx, ss
        mov     ss, bx
        mov     ax, 2
end
begin   "single step over INT", EFLAGS_TF
        int     SYSTEM_VECTOR
        nop
end
begin   "a timer interrupt", EFLAGS_IF
        mov     al, 0xFE
        out     OPEN_PORT, al
        jmp     $
end
begin   "divide error", EFLAGS_IF
        xor     bl, bl
        div     bl
end
begin   "UD2", 0
        ud2
end
begin   "BOUND", 0
        mov     word [0x6000], 1
        mov     word [0x6002], 2
        mov     ax, 3
        bound   ax, [0x6000]
end
begin   "ARPL", 0
        arpl    ax, cx
end
begin   "LAR", 0
        lar     ax, cx
end
begin   "VERR", 0
        verr    cx
end
begin   "SLDT", 0
        sldt    ax
end
begin   "LLDT", 0
        lldt    ax
end
begin   "LGDT", 0
        lgdt    [0x6000]
end
begin   "MOV from CR0", 0
        mov     eax, cr0
end
begin   "MOV to CR0", 0
        mov     cr0, eax
end
begin   "MOV from DR7", 0
        mov     eax, dr7
end
begin   "SMSW", 0
        smsw    ax
        and     ax, 1
end
begin   "LMSW", 0
        lmsw    ax
end
begin   "CLTS", 0
        clts
end
begin   "INVD", 0
        invd
end
begin   "RDMSR", 0
        mov     ecx, 0x174
        rdmsr
end
begin   "segments", 0
        mov     ax, 0x900
        mov     es, ax
        push    ax
        pop     fs
        mov     dword [es:0x10], 0x13579BDF
        mov     ax, 0x901
        mov     gs, ax
        mov     eax, [gs:0]
end
begin   "LDS, LSS", 0
        mov     word [0x6000], STACK - 0x100
        mov     word [0x6002], CODE_SEG + 0x10
        lss     sp, [0x6000]
        lds     ax, [0x6000]
        mov     ax, ds
end
begin   "far call and return", 0
        call    CODE_SEG - 1:%$there - code16 + 16
        push    cs
        push    word %$last - code16
        retf    4
%$there: mov    ax, cs
        retf
%$last:
end
begin   "far jump through memory", 0
        mov     word [cs:0x6000], %$there - code16 + 32
        mov     word [cs:0x6002], CODE_SEG - 2
        jmp     far [cs:0x6000]
        ud2
%$there: mov    ax, cs
end
begin   "SYSENTER", 0
        sysenter
end
begin   "CPUID", 0
        mov     eax, 0
        cpuid
end
begin   "LTR", 0
        ltr     ax
end
programs_end:
        times   STUB_SIZE db 0
code16_end:
bits 32
