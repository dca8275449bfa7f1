; The archive of user programs, packed by the build.
        section .rodata align=4
        global ramdisk_start, ramdisk_end
ramdisk_start:
        incbin RAMDISK
ramdisk_end:
