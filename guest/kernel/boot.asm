; From the boot loader to kernel_main: the multiboot header, first page tables, the jump upstairs.
;
; This file's .boot section is the only part of the kernel linked where it is loaded (1 MiB).
; Everything else is linked at KERNEL_BASE and reached only once paging is on.

KERNEL_BASE     equ 0xC0000000
PAGE_RW         equ 3                   ; present, writable
CR0_PG_WP       equ 0x80010000
BOOT_TABLES     equ 2                   ; 8 MiB: the kernel and all it allocates before paging_init

MB_MAGIC        equ 0x1BADB002
MB_FLAGS        equ 3                   ; modules page-aligned, memory map wanted

        section .boot progbits alloc exec nowrite align=4
        dd MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

; Multiboot 3.2: EAX = 2BADB002h, EBX = information, protected mode, paging off, no usable stack.
        global start
start:
        cli
        cld
        mov esi, eax                    ; STOSD needs EAX

        mov edi, boot_tables - KERNEL_BASE
        mov eax, PAGE_RW
        mov ecx, BOOT_TABLES * 1024
.fill:  stosd
        add eax, 4096
        loop .fill

        ; The same 8 MiB twice: where this code runs now, and where it is linked.
        mov edi, boot_directory - KERNEL_BASE
        mov eax, boot_tables - KERNEL_BASE + PAGE_RW
        mov [edi], eax
        mov [edi + 768 * 4], eax
        add eax, 4096
        mov [edi + 4], eax
        mov [edi + 769 * 4], eax

        mov cr3, edi
        mov eax, cr0
        or eax, CR0_PG_WP
        mov cr0, eax
        mov eax, upstairs
        jmp eax

        section .text
        extern kernel_main
upstairs:
        mov esp, boot_stack_top
        xor ebp, ebp                    ; ends every backtrace
        push ebx
        push esi
        call kernel_main
.stop:  cli
        hlt
        jmp .stop

        section .bss align=4096
boot_directory: resb 4096
boot_tables:    resb 4096 * BOOT_TABLES
        global boot_stack_top
                resb 8192
boot_stack_top:
