; Entry from the boot loader, the ways into an attempt, and the ways back out of whatever it did: 256
; stubs behind the IDT, a task behind the double fault, trampolines for real mode.

%include "selectors.inc"

        section .boot progbits alloc exec nowrite align=4
        dd MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

        extern hostile_main
        global boot
boot:
        mov esp, stack_top
        push ebx
        call hostile_main
.stop:  cli
        hlt
        jmp .stop

; The stubs keep nothing on the stack, which may be unusable; EBX carries the vector. They lie at
; 201000h, 16 bytes each: see the trampolines of real mode.
        section .stubs progbits alloc exec nowrite align=4096
        global stubs
stubs:
%assign v 0
%rep 256
        align 16
        mov ebx, v
        jmp near recover
    %assign v v + 1
%endrep

        section .text
        extern gdt, idt, tss, directory

; EBX: the vector. SS:ESP: the frame, as the processor has just used it; nothing else is certain.
;
; The way on, without a known state in between, for exceptions of a page that is walked through: EIP
; moves behind what faulted, or a little ahead if the page was left or jumped about in. Where anything
; is not as it was (a fault in here shows by its EIP) the way back is taken instead.
recover:
        cmp ebx, 32
        jae .back
        cmp dword [cs:walk_budget], 0
        je .back
        xor edx, edx
        bt dword [cs:with_error], ebx
        jnc .bare
        mov dl, 4
.bare:  lea edx, [esp + edx]
        mov eax, [ss:edx]
        sub eax, [cs:walk_base]
        cmp eax, WALK_PAGE
        jae .back
        cmp word [ss:edx + 4], SEL_KCODE
        jne .back
        sub eax, [cs:walk_offset]
        cmp eax, WALK_RUN_MAX
        jb .next
        and eax, 7
.next:  add eax, [cs:walk_offset]
        inc eax
        cmp eax, WALK_PAGE
        jae .back
        dec dword [ss:walk_budget]
        mov [ss:walk_offset], eax
        inc dword [ss:walk_events]
        add eax, [cs:walk_base]
        mov [ss:edx], eax
        mov eax, [ss:edx + 8]
        and eax, 0x0AD5                 ; neither TF, NT nor VM
        or eax, 0x0202
        mov [ss:edx + 8], eax
        and ecx, 0xFF                   ; no REP that lasts
        mov esp, edx
        iretd

.back:
        lgdt [cs:good_gdtr]
        mov eax, SEL_KDATA
        mov ds, eax
        inc dword [events]
        mov [vector], ebx
        inc dword [depth]
        cmp dword [depth], 1
        jne .stack                      ; a fault in here: the frame is not to be read
        cmp ebx, 32
        jae .none
        bt dword [cs:with_error], ebx
        jnc .none
        mov eax, [ss:esp + 4]
        mov edx, [ss:esp + 8]
        jmp .eip
.none:  mov eax, [ss:esp]
        mov edx, [ss:esp + 4]
.eip:   mov [event_eip], eax
        mov eax, SEL_KDATA
        test dl, 3
        jnz .light                      ; CPL 3 changed segment registers and flags, and no more
.stack: mov eax, SEL_KDATA
        mov ss, eax
        mov esp, safe_stack_top
        call restore
.light: mov ss, eax
        mov esp, safe_stack_top
        mov es, eax
        mov fs, eax
        mov gs, eax
        push dword 2
        popfd
        cld
        cmp dword [depth], 1            ; a fault in here may have hidden an interrupt
        mov dword [depth], 0
        jne .eoi
        cmp dword [vector], VECTOR_REAL ; real mode does not tell what happened
        je .eoi
        cmp dword [vector], VECTOR_TIMER
        jb leave_guard
        cmp dword [vector], VECTOR_TIMER + 16
        jae leave_guard
.eoi:   mov al, 0x20
        out 0xA0, al
        out 0x20, al
leave_guard:
        mov eax, [vector]
        mov esp, [guard_esp]
out_of_guard:
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

; The known state of the processor. Paging is left only when its registers differ: that is dear.
restore:
        lidt [good_idtr]
        mov eax, cr0
        mov ecx, cr3
        mov edx, cr4
        cmp eax, CR0_GOOD
        jne .paging
        cmp ecx, directory
        jne .paging
        cmp edx, CR4_GOOD
        je .tasks
.paging:
        mov eax, CR0_GOOD & 0x7FFFFFFF
        mov cr0, eax
        mov eax, CR4_GOOD
        mov cr4, eax
        mov eax, directory
        mov cr3, eax
        mov eax, CR0_GOOD
        mov cr0, eax
.tasks: and byte [gdt + SEL_TSS + 5], 0xFD
        and byte [gdt + SEL_TSS_FAULT + 5], 0xFD
        and byte [gdt + SEL_TSS_ENTER + 5], 0xFD
        mov eax, SEL_TSS
        ltr ax
        xor eax, eax
        lldt ax
        mov eax, 0x400
        mov dr7, eax
        mov eax, SEL_KDATA
        ret

; int guarded_call(void (*f)(void *), void *arg)
        global guarded_call
guarded_call:
        push ebp
        push ebx
        push esi
        push edi
        mov eax, [esp + 20]
        mov edx, [esp + 24]
        mov [guard_esp], esp
        push edx
        call eax
        cli
        mov eax, SEL_KDATA
        mov ds, eax
        mov dword [vector], -1
        mov ss, eax
        mov esp, safe_stack_top
        lgdt [good_gdtr]
        call restore
        mov es, eax
        mov fs, eax
        mov gs, eax
        push dword 2
        popfd
        cld
        jmp leave_guard

; The task behind the double fault. It comes with a stack, an address space and registers of its own;
; NT and the busy bits are what restore and the flags above undo.
        global fault_task
fault_task:
        mov ebx, 8
        mov dword [depth], 1            ; its frame says nothing
        jmp recover

; --- Into an attempt; each is called by way of guarded_call(). ---

%macro LOAD_GENERAL 0
        mov ecx, [start + R_ECX]
        mov edx, [start + R_EDX]
        mov ebx, [start + R_EBX]
        mov ebp, [start + R_EBP]
        mov esi, [start + R_ESI]
        mov edi, [start + R_EDI]
%endmacro

        global enter_kernel
enter_kernel:
        push dword [start + R_EFLAGS]
        popfd
        mov es, [start + R_ES]
        mov fs, [start + R_FS]
        mov gs, [start + R_GS]
        LOAD_GENERAL
        mov eax, [start + R_EAX]
        lss esp, [start + R_ESP]
        mov ds, [start + R_DS]
        jmp far [cs:start + R_EIP]

        global enter_user
enter_user:
        push dword [start + R_GS]       ; these four are virtual-8086 mode's
        push dword [start + R_FS]
        push dword [start + R_DS]
        push dword [start + R_ES]
        push dword [start + R_SS]
        push dword [start + R_ESP]
        push dword [start + R_EFLAGS]
        push dword [start + R_CS]
        push dword [start + R_EIP]
        test dword [start + R_EFLAGS], 0x20000
        jnz .flat
        mov es, [start + R_ES]
        mov fs, [start + R_FS]
        mov gs, [start + R_GS]
.flat:  LOAD_GENERAL
        mov eax, [start + R_EAX]
        test dword [start + R_EFLAGS], 0x20000
        jnz .go
        mov ds, [start + R_DS]
.go:    iretd

        global enter_task
enter_task:
        jmp SEL_TSS_ENTER:0

; Real mode: by way of a 16-bit segment with real mode's limits (SDM vol. 3, 9.9.2).
        global enter_real
enter_real:
        mov ecx, [start + R_EIP]
        and ecx, 0xFFFF
        mov [REAL_CODE + real_jump + 1 - real_code], cx
        mov eax, cr0
        and eax, 0x7FFFFFFF
        mov cr0, eax
        mov eax, SEL_KDATA16
        mov ss, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov esp, 0x8000
        mov ds, eax
        jmp SEL_KCODE16:REAL_LEAVE

; Copied to low memory by real_install: 16-bit code that leaves for real mode, and comes back.
        global real_code, real_code_end
        section .rodata
real_code:
        bits 16
        cli
        ; 16-bit: mov ax, 0; jmp .narrow. 32-bit (CS keeps its D bit without PE): mov eax, ...
        db 0xB8, 0, 0, 0xEB, .narrow - .wide
        bits 32
.wide:  xor eax, eax
        mov ds, ax
        lgdt [REAL_CODE + real_gdtr - real_code]
        mov eax, cr0
        and eax, 0x7FFFFFFF
        or al, 1
        mov cr0, eax
        jmp SEL_KCODE:from_real
        bits 16
.narrow:
        mov ds, ax
        o32 lgdt [REAL_CODE + real_gdtr - real_code]
        mov eax, cr0
        and eax, 0x7FFFFFFF
        or al, 1
        mov cr0, eax
        jmp dword SEL_KCODE:from_real
real_gdtr:
        dw 0xFFFF
        dd gdt
        times 0x60 - ($ - real_code) db 0x90
        ; at REAL_LEAVE
        mov eax, cr0
        and al, 0xFE
        mov cr0, eax
        sti                             ; the timer ends endless loops here too
real_jump:
        jmp LOW_ARENA / 16:0
real_code_end:
        bits 32

        section .text
from_real:
        mov ebx, VECTOR_REAL
        mov eax, SEL_KDATA
        mov ds, eax
        mov ss, eax
        mov esp, safe_stack_top
        mov dword [depth], 1
        jmp recover

        section .rodata align=16
        global good_gdtr, good_idtr
good_gdtr:
        dw 0xFFFF
        dd gdt
good_idtr:
        dw 0x7FF
        dd idt
with_error: dd 0x27D00                  ; vectors 8, 10 to 14, 17

        section .data align=16
        global event_eip, events, start, safe_stack_top
        global walk_budget, walk_base, walk_offset, walk_events
walk_budget: dd 0                       ; events until the known state is due again; 0: none
walk_base:   dd 0                       ; of the page, in CS
walk_offset: dd 0                       ; of the attempt in it
walk_events: dd 0
vector:      dd 0
depth:       dd 0
events:      dd 0
event_eip:   dd 0
guard_esp:   dd 0
start:       times 16 dd 0

        section .bss align=4096
        global stack_guards             ; never mapped: faults in faults end at a double fault
stack_guards:   resb 4096
                resb 16384 - 4096
stack_top:
                resb 4096
                resb 8192
safe_stack_top:
