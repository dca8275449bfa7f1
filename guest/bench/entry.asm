; Entry from the boot loader, the ways between the rings, and the system calls that are measured.
; Interrupts stay off at the 8259A: nothing happens here but what a workload does.

SEL_KCODE equ 0x08
SEL_KDATA equ 0x10
SEL_UCODE equ 0x1B
SEL_UDATA equ 0x23
EFLAGS_IF equ 0x202
TSS_ESP0  equ 4

MB_MAGIC  equ 0x1BADB002
MB_FLAGS  equ 2                         ; the memory map, which nobody needs

        section .boot progbits alloc exec nowrite align=4
        dd MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

        extern bench_main, bench_failed, demand_zero, mixed_call
        extern tss
        global start
start:
        cld
        mov esp, boot_stack_top
        push ebx
        call bench_main
.stop:  cli
        hlt
        jmp .stop

        section .text

; void load_segments(void): the flat kernel segments of the new GDT, and the task register.
        global load_segments
load_segments:
        jmp SEL_KCODE:.here
.here:  mov eax, SEL_KDATA
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov eax, 0x28
        ltr ax
        ret

; void enter_user(void (*code)(uint32_t), uint32_t n, uint32_t *stack_top): calls code(n) at CPL 3.
; What it returns to is INT 81h, which ends this call.
        global enter_user
enter_user:
        push ebx
        push esi
        push edi
        push ebp
        mov [main_esp], esp
        mov [tss + TSS_ESP0], esp
        mov [process_esp0], esp
        mov eax, [esp + 20]
        mov ecx, [esp + 24]
        mov edx, [esp + 28]
        sub edx, 8
        mov dword [edx], user_done
        mov [edx + 4], ecx
        push dword SEL_UDATA
        push edx
        push dword EFLAGS_IF
        push dword SEL_UCODE
        push eax
        mov ecx, SEL_UDATA
        mov ds, ecx
        mov es, ecx
        iretd

        global vector_done
vector_done:
        mov eax, SEL_KDATA
        mov ds, eax
        mov es, eax
        mov esp, [main_esp]
        pop ebp
        pop edi
        pop esi
        pop ebx
        ret

; The null call: what entering and leaving the kernel costs, and nothing else.
        global vector_null
vector_null:
        iretd

; A call that does something between its two ends: it runs where the kernel's code runs.
        global vector_counted
vector_counted:
        inc dword [calls]
        iretd

; Where SYSENTER arrives; the caller left its EIP in EDX and its ESP in ECX. SYSEXIT keeps IF as it
; is, and SYSENTER has cleared it.
        global sysenter_null
sysenter_null:
        sti
        sysexit

; Gives the processor to the other of the two processes.
        global vector_yield
vector_yield:
        pushad
        mov eax, [current]
        mov [process_esp + eax * 4], esp
        xor eax, 1
        mov [current], eax
        mov esp, [process_esp + eax * 4]
        mov ecx, [process_esp0 + eax * 4]
        mov [tss + TSS_ESP0], ecx
        mov ecx, [process_cr3 + eax * 4]
        mov cr3, ecx
        popad
        iretd

; void prepare_process(uint32_t *kernel_stack_top, void (*code)(void), uint32_t *stack_top): the
; second process, which runs first when the first one yields.
        global prepare_process
prepare_process:
        mov eax, [esp + 4]
        mov ecx, [esp + 8]
        mov edx, [esp + 12]
        mov [process_esp0 + 4], eax
        mov dword [eax - 4], SEL_UDATA
        mov [eax - 8], edx
        mov dword [eax - 12], EFLAGS_IF
        mov dword [eax - 16], SEL_UCODE
        mov [eax - 20], ecx
        sub eax, 20 + 32
        mov [process_esp + 4], eax
        ret

; A system call that does a little: see mixed_call().
        global vector_mixed
vector_mixed:
        pushad
        call mixed_call
        popad
        iretd

        global vector_page_fault
vector_page_fault:
        pushad
        mov eax, cr2
        push eax
        call demand_zero
        pop eax
        popad
        add esp, 4
        iretd

; Every other vector: something is wrong.
        global vector_other
vector_other:
        call bench_failed

        section .user_text progbits alloc exec nowrite align=16
user_done:
        int 0x81

; void user_sysenter(uint32_t n)
        global user_sysenter
user_sysenter:
        push ebx
        mov ebx, [esp + 8]
.again: mov edx, .back
        mov ecx, esp
        sysenter
.back:  dec ebx
        jnz .again
        pop ebx
        ret

        section .data
        global process_cr3
current:      dd 0
process_cr3:  dd 0, 0
process_esp:  dd 0, 0
process_esp0: dd 0, 0

        section .bss nobits alloc noexec write align=16
main_esp:     resd 1
calls:        resd 1
              resb 8192
boot_stack_top:
