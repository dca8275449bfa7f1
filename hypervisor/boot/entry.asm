; From the boot loader (32-bit protected mode, paging off) to C code in long mode.
;
; Everything up to the jump to `monitor_start` runs at its load address; it is in sections that the
; linker script puts there.

MULTIBOOT2_MAGIC   equ 0xe85250d6
MODULE_ALIGN_TAG   equ 6
END_TAG            equ 0

CPUID_LM           equ 1 << 29         ; CPUID 8000_0001h EDX
CPUID_NX           equ 1 << 20
CR0_PG             equ 1 << 31
CR4_PAE            equ 1 << 5
MSR_EFER           equ 0xc0000080
EFER_LME           equ 1 << 8
EFER_NXE           equ 1 << 11
PTE_PRESENT_WRITE  equ 3
PDE_LARGE          equ 1 << 7

        section .multiboot2 align=8
header:
        dd MULTIBOOT2_MAGIC
        dd 0                            ; architecture: i386
        dd header_end - header
        dd -(MULTIBOOT2_MAGIC + (header_end - header)) & 0xffffffff
        dw MODULE_ALIGN_TAG, 0          ; modules on page boundaries
        dd 8
        dw END_TAG, 0
        dd 8
header_end:

        section .boot progbits alloc exec nowrite align=16
        bits 32
        global entry
entry:                                  ; EAX: loader's magic, EBX: its information (spec 3.3)
        cli
        cld
        mov esp, early_stack_end
        mov ebp, eax
        mov esi, ebx
        call check_processor            ; needs no more than a 386
        call make_early_tables

        ; Enter long mode: the order is prescribed (SDM vol. 3, 9.8.5).
        mov eax, cr4
        or eax, CR4_PAE
        mov cr4, eax
        mov eax, early_pml4
        mov cr3, eax
        mov ecx, MSR_EFER
        rdmsr
        or eax, EFER_LME | EFER_NXE
        wrmsr
        mov eax, cr0
        or eax, CR0_PG
        mov cr0, eax
        lgdt [early_gdt_operand]
        jmp 8:long_mode

; The first 4 GiB three times, in 2 MiB pages: at 0 (where this code runs), as the beginning of the
; direct map, and, its first GiB, as the image's place in the top 2 GiB.
make_early_tables:
        mov dword [early_pml4 + 8 * 0], early_pdpt + PTE_PRESENT_WRITE
        mov dword [early_pml4 + 8 * 256], early_pdpt + PTE_PRESENT_WRITE
        mov dword [early_pml4 + 8 * 511], early_pdpt_top + PTE_PRESENT_WRITE
        mov dword [early_pdpt_top + 8 * 510], early_pd + PTE_PRESENT_WRITE
        mov eax, early_pd + PTE_PRESENT_WRITE
        xor ecx, ecx
.pdpt:  mov [early_pdpt + 8 * ecx], eax
        add eax, 4096
        inc ecx
        cmp ecx, 4
        jb .pdpt
        mov eax, PDE_LARGE | PTE_PRESENT_WRITE
        xor ecx, ecx
.pd:    mov [early_pd + 8 * ecx], eax
        add eax, 1 << 21
        inc ecx
        cmp ecx, 4 * 512
        jb .pd
        ret

; Returns, or ends the machine with one line when the processor has no long mode or no NX.
check_processor:
        pushfd                          ; CPUID exists where EFLAGS.ID can be changed
        pop eax
        mov ecx, eax
        xor eax, 1 << 21
        push eax
        popfd
        pushfd
        pop eax
        cmp eax, ecx
        je .no_long_mode
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000001
        jb .no_long_mode
        mov eax, 0x80000001
        cpuid
        test edx, CPUID_LM
        jz .no_long_mode
        test edx, CPUID_NX
        jz .no_nx
        ret
.no_long_mode:
        mov esi, text_no_long_mode
        jmp refuse
.no_nx: mov esi, text_no_nx
        jmp refuse

; Prints the text at ESI wherever someone may look, and ends. There is no console yet, and on such
; a processor there never will be one: debugcon, COM1 (nobody's yet), and the VGA text screen.
EXIT_CODE    equ 0x7e
DEBUGCON     equ 0xe9
COM1         equ 0x3f8
LSR_THRE     equ 0x20
VGA_TEXT     equ 0xb8000
DEBUG_EXIT   equ 0xf4

refuse:
        mov edi, VGA_TEXT
        mov dx, COM1 + 3
        mov al, 0x83                    ; 8N1, divisor latch open
        out dx, al
        mov dx, COM1
        mov al, 1                       ; 115200 baud
        out dx, al
        inc edx
        xor al, al
        out dx, al
        mov dx, COM1 + 3
        mov al, 3
        out dx, al
.next:  lodsb
        test al, al
        jz .end
        out DEBUGCON, al
        mov bl, al
        mov ecx, 100000                 ; no transmitter: do not wait for ever
        mov dx, COM1 + 5
.wait:  in al, dx
        test al, LSR_THRE
        loopz .wait
        mov dx, COM1
        mov al, bl
        out dx, al
        mov ah, 0x0f                    ; white on black
        stosw
        jmp .next
.end:   mov al, EXIT_CODE
        out DEBUG_EXIT, al
.halt:  cli
        hlt
        jmp .halt

text_no_long_mode:
        db "umbra: this processor has no long mode: "
        db "Umbra needs a 64-bit one (QEMU: -cpu ...,+lm,+nx, or -cpu max)", 13, 10, 0
text_no_nx:
        db "umbra: this processor has no NX bit, or its firmware hides it: "
        db "Umbra needs it (QEMU: -cpu ...,+nx, or -cpu max)", 13, 10, 0

        align 8
early_gdt:
        dq 0
        dq 0x00209b0000000000           ; 64-bit code, DPL 0 (SDM vol. 3, 3.4.5)
early_gdt_operand:
        dw 15
        dd early_gdt

        bits 64
        extern monitor_start
        extern stack_end
long_mode:
        xor eax, eax                    ; data segments are not looked at in 64-bit mode
        mov ds, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov ss, eax
        mov rsp, stack_end
        mov edi, ebp                    ; monitor_start(magic, information)
        mov esi, esi
        xor ebp, ebp                    ; where a backtrace ends
        mov rax, monitor_start
        push rbp                        ; instead of a return address: it does not return
        jmp rax

        section .boot_bss nobits alloc write align=4096
early_pml4:     resb 4096
early_pdpt:     resb 4096
early_pdpt_top: resb 4096
early_pd:       resb 4 * 4096
early_stack:    resb 4096
early_stack_end:
