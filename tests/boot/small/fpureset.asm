; A reset makes void what the processor holds of the guest's FPU and SSE: the guest dirties them,
; and resets the machine by a triple fault, until it is stopped for doing so too often.

%include "small.inc"
%include "fpu.inc"

DIRTY_FCW       equ 0x0F7F              ; FINIT's, but rounding towards 0
DIRTY_MXCSR     equ 0x7FBF              ; all flags set, rounding towards 0

main:   call    print_fpu
        push    dword DIRTY_MXCSR
        ldmxcsr [esp]
        mov     dword [esp], DIRTY_FCW
        fldcw   [esp]
        lidt    [no_gates]
        int3

no_gates:
        dw      0
        dd      0
