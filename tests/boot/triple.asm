; A guest that faults three times: an interrupt descriptor table without room for any gate.

bits 32

MULTIBOOT_MAGIC equ 0x1BADB002

section .text
align 4
        dd MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

global start
start:  mov     esp, stack_top
        cli
        lidt    [no_gates]
fatal:  int3

no_gates:
        dw      0
        dd      0

section .bss
        resb    64
stack_top:
