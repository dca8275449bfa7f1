; Pieces of code that the kernel's self-tests need at known places.

SEL_KERNEL_CODE equ 0x08

        section .text

; uint32_t far_callee(uint32_t argument): the argument plus one, by way of a far call and return.
        global far_callee
far_callee:
        mov eax, [esp + 4]
        call SEL_KERNEL_CODE:.far
        ret
.far:   inc eax
        retf

; uint32_t patched_function(void): returns its own immediate, which selftest.c rewrites.
        global patched_function, patched_immediate
patched_function:
        db 0xB8                         ; MOV EAX, imm32
patched_immediate:
        dd 1
        ret
