; Hardware task switches, and 16-bit code in protected mode: JMP, CALL, IRET and task gates between
; tasks with 32-bit and 16-bit TSSs and one in virtual-8086 mode, all with paging on; exceptions that
; are handled by a task; selectors and TSSs that are refused, before the switch and behind it.

%include "small.inc"

TASK_A       equ 0x40                   ; main's
TASK_B       equ 0x48
TASK_C       equ 0x50                   ; 16-bit TSS
TASK_V       equ 0x58                   ; virtual-8086 mode
TASK_E       equ 0x60                   ; handles exceptions
GATE_B       equ 0x68
CODE_16      equ 0x70                   ; 16-bit code that starts at `code16`
CALL_GATE16  equ 0x78
CALL_GATE32  equ 0x80
TASK_SHORT   equ 0x88
TASK_ABSENT  equ 0x90
GATE_WRONG   equ 0x98
USER_CODE_16 equ 0xA0 | 3
USER_STACK16 equ 0xA8 | 3
LDT_ABSENT   equ 0xB0
DATA_ABSENT  equ 0xB8
CODE_ABSENT  equ 0xC0
DATA_READ    equ 0xC8
GATE_TO_C    equ 0xD0

CR0_TS       equ 0x00000008
CR0_PG       equ 0x80000000
CR4_PSE      equ 0x10
LARGE        equ 0x87                   ; 4 MiB, writable, for ring 3 too
WINDOW       equ 0x40000000             ; 0 in one address space, 4 MiB in the other
MARK         equ 0x5000
EFLAGS_TF    equ 0x00000100
EFLAGS_NT    equ 0x00004000
TYPE_BUSY    equ 2
GATE_TASK    equ 0x8500
GATE_INT16   equ 0x8600
V86_BASE     equ 0x8000
C_STACK      equ 0x7000                 ; in low memory, as a 16-bit stack has to be
C_STACK_0    equ 0x6800
USER_STACK_AT equ 0x6000
DB_MAX       equ 8
FAULTS_MAX   equ 40

TO_B         equ 0x50                   ; vectors: gates of tasks, and of 16-bit and 32-bit code
TO_C         equ 0x51
OF_V86       equ 0x52
INT16        equ 0x53
INT32        equ 0x54
END_USER     equ 0x55

struc tss32
.link   resd    1
.esp0   resd    1
.ss0    resd    1
        resd    4
.cr3    resd    1
.eip    resd    1
.eflags resd    1
.gpr    resd    8
.es     resd    1
.cs     resd    1
.ss     resd    1
.ds     resd    1
.fs     resd    1
.gs     resd    1
.ldt    resd    1
.trap   resw    1
.map    resw    1
endstruc

struc tss16
.link   resw    1
.sp0    resw    1
.ss0    resw    1
        resw    4
.ip     resw    1
.flags  resw    1
.gpr    resw    8
.es     resw    1
.cs     resw    1
.ss     resw    1
.ds     resw    1
.ldt    resw    1
endstruc

; Prints a label and a value, and changes nothing but flags.
%macro show 2
        push    eax
        push    esi
        mov     eax, %2
        mov     esi, %%text
        call    print_value
        pop     esi
        pop     eax
        [section .data]
%%text: db      %1, 0
        __?SECT?__
%endmacro

; Runs %1 with the flags as they are; a fault's handler goes on behind it.
%macro attempt 2+
        mov     esi, %%text
        call    print_line
        mov     dword [resume], %%behind
        %2
%%behind:
        [section .data]
%%text: db      %1, 0
        __?SECT?__
%endmacro

main:   call    prepare
        call    paging_on
        mov     ax, TASK_A
        ltr     ax
        show    "A's type behind LTR", [gdt_own + TASK_A + 5]
        call    switches_32
        call    switches_16
        call    switches_v86
        call    debug_traps
        call    by_exceptions
        call    refused_before
        call    refused_behind
        jmp     code_16

switches_32:
        mov     dword [way_b], leave_b.jump
        mov     ebx, 0xBBBBBBBB
        attempt "JMP to B", jmp TASK_B:0x12345678
        call    show_a
        attempt "JMP to B again", jmp TASK_B:0
        call    show_a
        mov     dword [way_b], leave_b.return
        attempt "CALL of B", call TASK_B:0
        call    show_a
        attempt "CALL of B through memory", call far [far_b]
        call    show_a
        attempt "CALL of B through a gate", call GATE_B:0
        call    show_a
        attempt "INT to B", int TO_B
        call    show_a
        mov     dword [way_b], leave_b.jump
        attempt "JMP to B through a gate", jmp GATE_B:0
        call    show_a
        ret

; What A finds when it goes on.
show_a: show    "A: EBX", ebx
        mov     eax, cr0
        and     eax, CR0_TS
        show    "A: CR0.TS", eax
        clts
        xor     eax, eax
        str     ax
        show    "A: TR", eax
        pushf
        pop     eax
        and     eax, EFLAGS_NT | EFLAGS_TF
        show    "A: NT and TF", eax
        show    "A: memory", [WINDOW + MARK]
        show    "types of B and A", [types]
        call    read_types
        show    "types now", eax
        show    "EFLAGS in A's TSS", [tss_a + tss32.eflags]
        show    "B: saved EIP", [tss_b + tss32.eip]
        show    "B: saved EFLAGS", [tss_b + tss32.eflags]
        show    "B: saved ESP", [tss_b + tss32.gpr + 16]
        show    "B: link", [tss_b + tss32.link]
        ret

; The types of A, B, C and E, a byte each.
read_types:
        mov     ah, [gdt_own + TASK_A + 5]
        mov     al, [gdt_own + TASK_B + 5]
        shl     eax, 16
        mov     ah, [gdt_own + TASK_C + 5]
        mov     al, [gdt_own + TASK_E + 5]
        ret

task_b: call    read_types
        mov     [types], eax
        show    "B: EBX", ebx
        mov     ebx, [count_b]
        inc     dword [count_b]
        pushf
        pop     eax
        show    "B: EFLAGS", eax
        xor     eax, eax
        str     ax
        show    "B: TR", eax
        mov     eax, esp
        show    "B: ESP", eax
        mov     eax, fs
        show    "B: FS", eax
        mov     eax, cr0
        and     eax, CR0_TS
        show    "B: CR0.TS", eax
        sldt    eax
        show    "B: LDTR", eax
        show    "B: memory", [WINDOW + MARK]
        mov     eax, [tss_a + tss32.eip]
        show    "A: saved EIP", eax
        jmp     [way_b]
leave_b:
.return: iret
        jmp     task_b
.jump:  jmp     TASK_A:0
        jmp     task_b

switches_16:
        mov     dword [way_c], leave_c.return - code16
        mov     edi, 0x51515151
        attempt "CALL of C", call TASK_C:0
        call    show_c
        attempt "INT to C", int TO_C
        call    show_c
        attempt "CALL of C through a gate", call GATE_TO_C:0
        call    show_c
        mov     dword [way_c], leave_c.jump - code16
        attempt "JMP to C", jmp TASK_C:0
        call    show_c
        mov     dword [way_c], leave_c.user - code16
        attempt "JMP to C, which goes to ring 3 and comes back through gates", jmp TASK_C:0
        call    show_c
        ret

show_c: show    "A: EDI", edi
        show    "C: saved IP and FLAGS", [tss_c + tss16.ip]
        show    "C: saved AX and CX", [tss_c + tss16.gpr]
        show    "C: saved SP", [tss_c + tss16.gpr + 8]
        clts
        mov     edi, 0x51515151
show_kept:
        pusha
        mov     esi, kept_labels
        mov     edi, kept
        mov     ecx, (kept_end - kept) / 4
.next:  mov     eax, [edi]
        mov     dword [edi], 0x5A5A5A5A
        add     edi, 4
        cmp     eax, 0x5A5A5A5A
        je      .skip
        call    print_value
        loop    .next
        popa
        ret
.skip:  lodsb
        test    al, al
        jnz     .skip
        loop    .next
        popa
        ret

switches_v86:
        call    fresh_v
        attempt "JMP to V", jmp TASK_V:0
        call    show_a
        call    fresh_v
        attempt "CALL of V", call TASK_V:0
        call    show_a
        ret

; What ran in ring 0 last is in V's TSS.
fresh_v:
        mov     esi, tss_v_at_first
        mov     edi, tss_v
        mov     ecx, tss32_size / 4
        rep     movsd
        ret

; INT from virtual-8086 mode: shows where it was, and goes back to A.
of_v86: mov     eax, KERNEL_DS
        call    load_data_segments
        mov     eax, [esp]
        show    "V: IP", eax
        mov     eax, [esp + 4]
        show    "V: CS", eax
        mov     eax, [esp + 8]
        show    "V: EFLAGS", eax
        mov     eax, [esp + 12]
        show    "V: SP", eax
        mov     eax, [esp + 16]
        show    "V: SS", eax
        mov     eax, [esp + 20]
        show    "V: ES", eax
        mov     eax, [esp + 32]
        show    "V: GS", eax
        xor     eax, eax
        str     ax
        show    "V: TR", eax
        show    "V: link", [tss_v + tss32.link]
        test    dword [esp + 8], EFLAGS_NT
        jz      .jump
        pushf
        or      dword [esp], EFLAGS_NT
        popf
        iret
.jump:  jmp     TASK_A:0

debug_traps:
        mov     eax, 1
        mov     ebx, debug_trap
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     dword [way_b], leave_b.jump
        mov     word [tss_b + tss32.trap], 1
        attempt "JMP to B with its T bit set", jmp TASK_B:0
        mov     word [tss_b + tss32.trap], 0
        call    show_a
        mov     dword [way_b], leave_b.return
        mov     dword [tss_b + tss32.eip], task_b
        pushf
        or      dword [esp], EFLAGS_TF
        attempt "CALL of B with TF set", {popf}
        call    TASK_B:0
        nop
        nop
        pushf
        and     dword [esp], ~EFLAGS_TF
        popf
        call    show_a
        mov     eax, 0x00005555         ; L0..L3 and L1's write kind stay out of use: address 0
        mov     dr7, eax
        attempt "CALL of B with local breakpoints", call TASK_B:0
        mov     eax, dr7
        show    "A: DR7", eax
        xor     eax, eax
        mov     dr7, eax
        mov     dr6, eax
        ret

; At most so many lines; a #DB of A's own TF is not seen again.
debug_trap:
        push    eax
        dec     dword [debug_left]
        js      .done
        mov     eax, dr6
        show    "#DB: DR6", eax
        xor     eax, eax
        mov     dr6, eax
        str     ax
        show    "#DB: TR", eax
        mov     eax, [esp + 4]
        show    "#DB: EIP", eax
        mov     eax, [esp + 12]
        show    "#DB: EFLAGS", eax
.done:  pop     eax
        iret

; Vectors 6, 8 and 10 to 13 are task E's from here on.
by_exceptions:
        mov     esi, .vectors
.next:  movzx   eax, byte [esi]
        inc     esi
        mov     edx, TASK_E
        call    set_task_gate
        cmp     esi, .vectors_end
        jb      .next
        attempt "UD2", ud2
        attempt "#GP with an error code", {mov eax, 0x1234}
        mov     dword [resume], .loaded
        mov     fs, ax
.loaded: mov    word [idt + 13 * 8 + 4], GATE_TASK & 0x7FFF
        mov     dword [resume], .doubled
        mov     gs, ax
.doubled:
        mov     word [idt + 13 * 8 + 4], GATE_TASK
        attempt "#GP in 16-bit code", call CODE_16:wrong16 - code16
        add     esp, 8
        ret
.vectors: db    6, 8, 10, 11, 12, 13
.vectors_end:

; Task gate for vector EAX: selector EDX.
set_task_gate:
        mov     word [idt + eax * 8 + 2], dx
        mov     word [idt + eax * 8 + 4], GATE_TASK
        ret

; Shows whose fault it was, and lets A go on at [resume].
task_e: dec     dword [faults_left]
        js      power_off
        cmp     esp, stack_e
        je      .none
        pop     eax
        show    "E: error code", eax
.none:  pushf
        pop     eax
        show    "E: EFLAGS", eax
        mov     eax, [tss_e + tss32.link]
        show    "E: link", eax
        and     eax, 0xFFF8
        mov     ebx, [gdt_own + eax + 2]
        and     ebx, 0x00FFFFFF         ; all TSSs lie below 16 MiB
        test    byte [gdt_own + eax + 5], 8
        jz      .small
        show    "E: its EIP", [ebx + tss32.eip]
        show    "E: its EFLAGS", [ebx + tss32.eflags]
        show    "E: its ESP", [ebx + tss32.gpr + 16]
        show    "E: its CS", [ebx + tss32.cs]
        show    "E: its SS", [ebx + tss32.ss]
        show    "E: its ES", [ebx + tss32.es]
        show    "E: its DS", [ebx + tss32.ds]
        show    "E: its LDT", [ebx + tss32.ldt]
.small: call    read_types
        show    "E: types", eax
        mov     eax, [resume]
        mov     [tss_a + tss32.eip], eax
        mov     dword [tss_a + tss32.cs], KERNEL_CS
        and     dword [tss_a + tss32.eflags], ~EFLAGS_NT
        call    free_tasks
        mov     esp, stack_e
        jmp     TASK_A:0
        jmp     task_e

; No task but E is busy.
free_tasks:
        mov     byte [gdt_own + TASK_A + 5], 0x89
        mov     byte [gdt_own + TASK_B + 5], 0x89
        mov     byte [gdt_own + TASK_C + 5], 0x81
        ret

refused_before:
        attempt "JMP to a busy TSS", jmp TASK_A:0
        attempt "CALL of an absent TSS", call TASK_ABSENT:0
        attempt "JMP to a short TSS", jmp TASK_SHORT:0
        attempt "JMP to a TSS by an LDT selector", jmp TASK_B | 4:0
        attempt "CALL of a TSS with RPL 3", call TASK_B | 3:0
        attempt "CALL of a gate that names no TSS", call GATE_WRONG:0
        mov     dword [tss_a + tss32.link], 0
        call    set_nt
        attempt "IRET to no task", iret
        mov     dword [tss_a + tss32.link], TASK_B
        call    set_nt
        attempt "IRET to a task that is not busy", iret
        mov     dword [tss_a + tss32.link], TASK_B | 4
        call    set_nt
        attempt "IRET to a task in the LDT", iret
        mov     dword [tss_a + tss32.link], KERNEL_DS
        call    set_nt
        attempt "IRET to a data segment", iret
        ret

set_nt: pushf
        or      dword [esp], EFLAGS_NT
        popf
        ret

; Task B with one field of its TSS wrong.
refused_behind:
        mov     dword [way_b], leave_b.jump
        mov     ebp, wrong_fields
.next:  mov     esi, [ebp]
        call    print_line
        mov     edi, [ebp + 4]
        mov     dword [tss_b + tss32.eip], task_b
        push    dword [edi]
        mov     eax, [ebp + 8]
        mov     [edi], eax
        mov     dword [resume], .behind
        jmp     TASK_B:0
.behind:
        pop     dword [edi]
        mov     dword [tss_b + tss32.eflags], 2
        mov     dword [tss_b + tss32.gpr + 16], stack_b
        mov     dword [tss_b + tss32.es], KERNEL_DS
        mov     dword [tss_b + tss32.cs], KERNEL_CS
        mov     dword [tss_b + tss32.ss], KERNEL_DS
        mov     dword [tss_b + tss32.ds], KERNEL_DS
        add     ebp, 12
        cmp     ebp, wrong_fields_end
        jb      .next
        ret

; 16-bit code by far calls, and its results.
code_16:
        mov     eax, INT16
        mov     ebx, int16 - code16
        mov     ecx, GATE_INT16
        call    set_gate
        mov     word [idt + INT16 * 8 + 2], CODE_16
        mov     word [idt + INT16 * 8 + 6], 0
        mov     eax, INT32
        mov     ebx, int32
        mov     ecx, GATE_INTERRUPT
        call    set_gate
        mov     [saved_esp], esp
        xor     ebp, ebp
        mov     dword [resume], power_off
        attempt "16-bit code", call CODE_16:from_32 - code16
        mov     eax, esp
        sub     eax, [saved_esp]
        show    "ESP behind it", eax
        jmp     show_kept

int32:  push    eax
        mov     eax, esp
        sub     eax, [saved_esp]
        show    "INT through a 32-bit gate: ESP", eax
        mov     eax, [esp + 4]
        show    "INT through a 32-bit gate: EIP", eax
        mov     eax, [esp + 8]
        show    "INT through a 32-bit gate: CS", eax
        pop     eax
        iret

; Through a 32-bit call gate with two parameters (same ring: none is copied).
gate32: mov     eax, [esp]
        show    "CALL through a 32-bit gate: EIP", eax
        mov     eax, [esp + 4]
        show    "CALL through a 32-bit gate: CS", eax
        retf

; Prints the line at ESI.
print_line:
        push    eax
        call    print
        mov     al, 10
        call    print_char
        pop     eax
        ret

; Bases of the descriptors at EAX in the pairs of `bases`, gates, and what tasks need.
prepare:
        mov     esi, bases
.next:  mov     edi, [esi]
        mov     eax, [esi + 4]
        mov     [edi + 2], ax
        shr     eax, 16
        mov     [edi + 4], al
        mov     [edi + 7], ah
        add     esi, 8
        cmp     esi, bases_end
        jb      .next
        mov     eax, gate32
        mov     [call_gate32], ax
        shr     eax, 16
        mov     [call_gate32 + 6], ax
        lgdt    [own_gdt_operand]
        mov     eax, TO_B
        mov     edx, TASK_B
        call    set_task_gate
        mov     eax, TO_C
        mov     edx, TASK_C
        call    set_task_gate
        mov     eax, OF_V86
        mov     ebx, of_v86
        mov     ecx, GATE_INTERRUPT | GATE_USER
        call    set_gate
        mov     eax, END_USER
        mov     ebx, end_user - code16
        mov     ecx, GATE_INT16 | GATE_USER
        call    set_gate
        mov     word [idt + END_USER * 8 + 2], CODE_16
        mov     word [idt + END_USER * 8 + 6], 0
        mov     esi, code_v86
        mov     edi, V86_BASE
        mov     ecx, code_v86_end - code_v86
        rep     movsb
        mov     edi, kept
        mov     eax, 0x5A5A5A5A
        mov     ecx, (kept_end - kept) / 4
        rep     stosd
        mov     dword [resume], power_off
        ret

; The first 8 MiB as they are; 4 MiB more of which B sees others than the rest.
paging_on:
        mov     dword [MARK], "low "
        mov     dword [0x400000 + MARK], "high"
        mov     dword [directory_a], LARGE
        mov     dword [directory_a + 4], LARGE + 0x400000
        mov     dword [directory_a + (WINDOW >> 20)], LARGE
        mov     dword [directory_b], LARGE
        mov     dword [directory_b + 4], LARGE + 0x400000
        mov     dword [directory_b + (WINDOW >> 20)], LARGE + 0x400000
        mov     eax, CR4_PSE
        mov     cr4, eax
        mov     eax, directory_a
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG
        mov     cr0, eax
        ret

; Keeps 32-bit register %2 for show_kept, in the order in which this stands here.
%assign kept_count 0
%macro keep 2
        mov     [dword kept + 4 * kept_count], %2
        [section .data]
        db      %1, 0
        __?SECT?__
%assign kept_count kept_count + 1
%endmacro

section .data
kept_labels:
section .text
bits 16
align 16
code16:
task_c: keep    "C: EAX", eax
        keep    "C: ESI", esi
        keep    "C: ESP", esp
        pushfd
        pop     eax
        keep    "C: EFLAGS", eax
        xor     eax, eax
        str     ax
        keep    "C: TR", eax
        mov     ax, fs
        keep    "C: FS", eax
        mov     eax, cr0
        and     eax, CR0_TS
        keep    "C: CR0.TS", eax
        movzx   eax, word [dword tss_c + tss16.link]
        keep    "C: link", eax
        mov     eax, [dword WINDOW + MARK]
        keep    "C: memory", eax
        mov     cx, 0xCCCC
        jmp     [dword way_c]
leave_c:
.return: iret
        jmp     task_c
.jump:  jmp     TASK_A:0
        jmp     task_c
.user:  push    word USER_STACK16
        push    word USER_STACK_AT
        push    word USER_CODE_16
        push    word user16 - code16
        retf
user16: keep    "ring 3: ESP", esp
        mov     ax, cs
        keep    "ring 3: CS", eax
        push    word 0x1111
        push    word 0x2222
        call    CALL_GATE16 | 3:0
        keep    "ring 3: ESP behind the call", esp
        int     END_USER
end_user:
        keep    "ring 0 by INT: ESP", esp
        pop     eax
        keep    "ring 0 by INT: IP and CS", eax
        pop     eax
        keep    "ring 0 by INT: FLAGS and SP", eax
        jmp     TASK_A:0
        jmp     task_c
gate16: keep    "ring 0: ESP", esp
        mov     bp, sp
        mov     eax, [bp]
        keep    "ring 0: IP and CS", eax
        mov     eax, [bp + 4]
        keep    "ring 0: parameters", eax
        mov     eax, [bp + 8]
        keep    "ring 0: SP and SS", eax
        retf    4

from_32:
        mov     eax, esp
        sub     eax, [dword saved_esp]
        keep    "ESP in 16-bit code", eax
        call    .near
.near:  mov     eax, esp
        sub     eax, [dword saved_esp]
        keep    "ESP behind a near call", eax
        pop     ax
        keep    "its return address", eax
        pusha
        mov     eax, esp
        sub     eax, [dword saved_esp]
        keep    "ESP behind PUSHA", eax
        popa
        push    dword 1
        push    word 2
        pushf
        push    cs
        mov     eax, esp
        sub     eax, [dword saved_esp]
        keep    "ESP behind pushes", eax
        add     esp, 10
        int     INT16
        int     INT32
        call    CALL_GATE32:0
        mov     ecx, 0x10003
        xor     eax, eax
.count: inc     eax
        loop    .count
        keep    "LOOP by CX", eax
        keep    "ECX behind it", ecx
        mov     ecx, 0x10003
        xor     eax, eax
.wide:  inc     eax
        a32 loop .wide
        keep    "LOOP by ECX", eax
        mov     esi, 0x1FFFF            ; a 16-bit address: FFFFh, then 0
        mov     byte [dword 0xFFFF], 0x77
        lodsb
        keep    "AL behind LODSB", eax
        keep    "ESI behind it", esi
        mov     edi, 0x2FFFE
        mov     byte [dword 0xFFFE], 0
        mov     ax, 0x6655
        std
        stosw
        cld
        keep    "EDI behind STOSW", edi
        mov     ax, ss
        mov     ebx, esp
        mov     dx, STACK16
        mov     ss, dx
        mov     esp, 0x12347000
        push    word 1
        keep    "ESP of a 16-bit stack", esp
        push    dword 0x55667788
        mov     ebp, 0x43210000
        enter   8, 2
        keep    "EBP behind ENTER", ebp
        keep    "ESP behind ENTER", esp
        leave
        keep    "EBP behind LEAVE", ebp
        keep    "ESP behind LEAVE", esp
        mov     sp, 2
        push    word 3
        push    word 4
        keep    "ESP pushed around", esp
        mov     ss, ax
        mov     esp, ebx
        sub     esp, 8
        o32 sgdt [esp]
        mov     eax, [esp + 2]
        sub     eax, gdt_own
        keep    "SGDT, 32 bits", eax
        mov     dword [esp + 2], 0xFFFFFFFF
        sgdt    [esp]
        mov     eax, [esp + 2]
        sub     eax, gdt_own
        keep    "SGDT, 16 bits", eax
        add     esp, 8
        db      0x0F, 0x00, 0xC8        ; STR AX
        keep    "STR", eax
        o32 retf

; Through a 16-bit interrupt gate.
int16:  mov     eax, esp
        sub     eax, [dword saved_esp]
        keep    "INT through a 16-bit gate: ESP", eax
        mov     eax, [esp]
        keep    "INT through a 16-bit gate: IP and CS", eax
        iret

wrong16: mov    ax, 0x4321
        mov     gs, ax
code16_end:

code_v86:
        mov     ax, cs
        push    ax
        pushf
        int     OF_V86
code_v86_end:
bits 32

section .bss
alignb 4
kept:   resd    kept_count
kept_end:

section .data
; Where the wrong value goes, and the value.
%macro wrong 3
        dd      %%text, %2, %3
        [section .rodata]
%%text: db      %1, 0
        __?SECT?__
%endmacro
align 4
wrong_fields:
        wrong   "CS null", tss_b + tss32.cs, 0
        wrong   "CS a data segment", tss_b + tss32.cs, KERNEL_DS
        wrong   "CS of another ring", tss_b + tss32.cs, USER_CS & ~3
        wrong   "CS beyond the table", tss_b + tss32.cs, 0xFFF8
        wrong   "CS absent", tss_b + tss32.cs, CODE_ABSENT
        wrong   "SS null", tss_b + tss32.ss, 0
        wrong   "SS of another ring", tss_b + tss32.ss, USER_DS
        wrong   "SS with RPL 3", tss_b + tss32.ss, KERNEL_DS | 3
        wrong   "SS read-only", tss_b + tss32.ss, DATA_READ
        wrong   "SS absent", tss_b + tss32.ss, DATA_ABSENT
        wrong   "DS a TSS", tss_b + tss32.ds, TASK_E
        wrong   "DS absent", tss_b + tss32.ds, DATA_ABSENT
        wrong   "DS beyond the table", tss_b + tss32.ds, 0x7770
        wrong   "ES beyond the LDT", tss_b + tss32.es, 0x14
        wrong   "LDT not one", tss_b + tss32.ldt, KERNEL_DS
        wrong   "LDT absent", tss_b + tss32.ldt, LDT_ABSENT
        wrong   "LDT in the LDT", tss_b + tss32.ldt, 4
        wrong   "EIP beyond the limit", tss_b + tss32.cs, CODE_16
wrong_fields_end:

align 8
gdt_own:
        dq      0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF, 0x00CFFA000000FFFF, 0x00CFF2000000FFFF
        dq      0x0000890000000067, 0x008F9A000000FFFF, 0x000092000000FFFF
        dq      0x0000890000000067, 0x0000890000000067, 0x000081000000002B, 0x0000890000000067
        dq      0x0000890000000067
        dw      0, TASK_B, GATE_TASK, 0
        dq      0x00009A000000FFFF
        dw      gate16 - code16, CODE_16, 0xE402, 0
call_gate32:
        dw      0, KERNEL_CS, 0x8C02, 0
        dq      0x0000890000000066, 0x0000090000000067
        dw      0, KERNEL_DS, GATE_TASK, 0
        dq      0x0000FA000000FFFF, 0x0000F2000000FFFF, 0x000002000000FFFF, 0x00CF12000000FFFF
        dq      0x00CF1A000000FFFF, 0x00CF90000000FFFF
        dw      0, TASK_C, GATE_TASK, 0
gdt_own_end:
own_gdt_operand:
        dw      gdt_own_end - gdt_own - 1
        dd      gdt_own

bases:  dd      gdt_own + TASK_A, tss_a, gdt_own + TASK_B, tss_b, gdt_own + TASK_C, tss_c
        dd      gdt_own + TASK_V, tss_v, gdt_own + TASK_E, tss_e, gdt_own + CODE_16, code16
        dd      gdt_own + TASK_SHORT, tss_b, gdt_own + TASK_ABSENT, tss_b
        dd      gdt_own + (USER_CODE_16 & ~3), code16
bases_end:

%macro task 4                           ; CR3, EIP, EFLAGS, ESP
        dd      0, 0, 0, 0, 0, 0, 0, %1, %2, %3
        dd      0xA0A0A0A0, 0xC1C1C1C1, 0xD2D2D2D2, 0xB3B3B3B3, %4, 0xB5B5B5B5, 0x56565656
        dd      0xD7D7D7D7
        dd      KERNEL_DS, KERNEL_CS, KERNEL_DS, KERNEL_DS, USER_DS, 0
        dd      0
        dw      0, 104
%endmacro

align 16
tss_a:  task    directory_a, 0, 0, 0
tss_b:  task    directory_b, task_b, 2, stack_b
tss_e:  task    directory_a, task_e, 2, stack_e
tss_v_at_first:
        dd      0, stack_v, KERNEL_DS, 0, 0, 0, 0, directory_a, 0, 0x00023002
        dd      1, 2, 3, 4, 0x1000, 6, 7, 8
        dd      V86_BASE >> 4, V86_BASE >> 4, V86_BASE >> 4, 0x1234, 0x2345, 0x3456
        dd      0
        dw      0, 104
tss_c:  dw      0, C_STACK_0, STACK16, 0, 0, 0, 0, 0, 2
        dw      0xA0A0, 0xC1C1, 0xD2D2, 0xB3B3, C_STACK, 0xB5B5, 0x5656, 0xD7D7
        dw      KERNEL_DS, CODE_16, STACK16, KERNEL_DS, 0

far_b:  dd      0
        dw      TASK_B
debug_left: dd  DB_MAX
faults_left: dd FAULTS_MAX
count_b: dd     0x0B0B0000

section .bss
alignb 4096
directory_a: resb 4096
directory_b: resb 4096
        resb    2048
stack_b: resb   2048
stack_e: resb   2048
stack_v:
tss_v:  resb    tss32_size
resume: resd    1
types:  resd    1
way_b:  resd    1
way_c:  resd    1
saved_esp: resd 1
