; Where a program begins. The kernel leaves argc and argv on the stack.
        section .text
        global _start
        extern main, exit
_start:
        xor ebp, ebp
        mov eax, [esp]
        mov edx, [esp + 4]
        sub esp, 8                      ; the ABI wants 16-byte alignment at the call
        push edx
        push eax
        call main
        mov [esp], eax
        call exit
