; Does nothing but what the monitor has to emulate, forever: its turn must end all the same.

%include "small.inc"

main:   xor     eax, eax
        cpuid
        jmp     main
