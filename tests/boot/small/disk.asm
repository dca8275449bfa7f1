; The commands of an IDE disk, its registers before and after, and whether IRQ 14 is asked for. The
; script is a table: operation, register (of 1F0h, or of 3F6h: 16), value.

%include "small.inc"

BASE     equ 0x1F0
CONTROL  equ 0x3F6
PIC2     equ 0xA0
READ_IRR equ 0x0A
SECTOR   equ 512
BUSY     equ 0x80

%macro out_register 2
        db OUT_OP, %1, %2
%endmacro
; Features, count, sector number, cylinder low and high, device; then the command, and what it left.
%macro command 7
        db OUT_OP, 1, %1, OUT_OP, 2, %2, OUT_OP, 3, %3, OUT_OP, 4, %4, OUT_OP, 5, %5, OUT_OP, 6, %6
        db OUT_OP, 7, %7, SHOW_OP, 0, 0
%endmacro

OUT_OP   equ 1
SHOW_OP  equ 2          ; all registers, and IRQ 14
WORDS_OP equ 3          ; reads `value` sectors and prints their words
SUM_OP   equ 4          ; the same, but one sum for each
FILL_OP  equ 5          ; writes `value` sectors
CMOS_OP  equ 6          ; prints 4 bytes from `value` on
END_OP   equ 0

main:   mov     esi, script
.next:  movzx   ebx, byte [esi]
        movzx   edx, byte [esi + 1]
        movzx   eax, byte [esi + 2]
        add     esi, 3
        cmp     ebx, END_OP
        je      .done
        call    [operations + ebx * 4]
        jmp     .next
.done:  ret

operations: dd 0, out_one, show, read_words, read_sums, fill, cmos

out_one:
        cmp     edx, 16
        je      .control
        add     edx, BASE
        out     dx, al
        ret
.control:                               ; a reset comes to its end later, and loses what came before
        mov     edx, CONTROL
        out     dx, al
        jmp     wait_ready

; Alternate status and IRQ 14; then registers 1 to 7.
show:   call    wait_ready
        xor     ebx, ebx
        mov     edx, CONTROL
        in      al, dx
        mov     bl, al
        call    pending
        mov     bh, al
        mov     eax, ebx
        call    print_hex
        xor     ebx, ebx
        mov     edx, BASE + 1
        mov     ecx, 4
.low:   shl     ebx, 8
        in      al, dx
        mov     bl, al
        inc     edx
        loop    .low
        mov     eax, ebx
        call    print_hex
        xor     ebx, ebx
        mov     ecx, 3
.high:  shl     ebx, 8
        in      al, dx
        mov     bl, al
        inc     edx
        loop    .high
        mov     eax, ebx
        call    print_hex
        mov     al, 0x11                ; forgets the edge of IRQ 14
        out     PIC2, al
        mov     al, 0x28
        out     PIC2_MASK, al
        mov     al, 2
        out     PIC2_MASK, al
        mov     al, 1
        out     PIC2_MASK, al
        mov     al, 0xFF
        out     PIC2_MASK, al
        ret

; A bare machine's disk takes its time.
wait_ready:
        push    eax
        push    edx
        mov     edx, CONTROL
.wait:  in      al, dx
        test    al, BUSY
        jnz     .wait
        pop     edx
        pop     eax
        ret

pending:
        mov     al, READ_IRR
        out     PIC2, al
        in      al, PIC2
        and     al, 0x40
        ret

read_words:
        mov     ecx, SECTOR / 4
        mul     ecx
        mov     ecx, eax
        mov     edx, BASE
.next:  in      ax, dx
        shl     eax, 16
        in      ax, dx
        call    print_hex
        loop    .next
        ret

read_sums:
        mov     edi, eax
        mov     edx, BASE
.sector:
        call    wait_ready
        xor     ebx, ebx
        mov     ecx, SECTOR / 4
.next:  in      eax, dx
        add     ebx, eax
        rol     ebx, 3
        loop    .next
        mov     eax, ebx
        call    print_hex
        dec     edi
        jnz     .sector
        ret

fill:   shl     eax, 8
        mov     ecx, eax
        mov     edx, BASE
        mov     eax, 0x1357
.next:  out     dx, ax
        add     eax, 0x2468
        loop    .next
        ret

cmos:   mov     ecx, 4
.next:  out     0x70, al
        mov     dl, al
        shl     ebx, 8
        in      al, 0x71
        mov     bl, al
        mov     al, dl
        inc     eax
        loop    .next
        mov     eax, ebx
        jmp     print_hex

script: db CMOS_OP, 0, 0x10, CMOS_OP, 0, 0x18, CMOS_OP, 0, 0x1C, CMOS_OP, 0, 0x20, CMOS_OP, 0, 0x38
        db SHOW_OP, 0, 0
        out_register 6, 0xF0                            ; there is no device 1
        db SHOW_OP, 0, 0
        out_register 7, 0xEC
        db SHOW_OP, 0, 0
        out_register 6, 0xE0
        db SHOW_OP, 0, 0
        command 0, 0, 0, 0, 0, 0xE0, 0xEC               ; IDENTIFY DEVICE
        db WORDS_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 0, 0, 0, 0, 0xE0, 0xA1               ; IDENTIFY PACKET DEVICE
        command 0, 2, 0, 0, 0, 0xE0, 0x20               ; READ SECTORS, by LBA
        db SUM_OP, 0, 1, SHOW_OP, 0, 0, SUM_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 1, 3, 1, 0, 0xA2, 0x20               ; by cylinder, head and sector
        db SUM_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 2, 5, 0, 0, 0xE0, 0x30               ; WRITE SECTORS
        db FILL_OP, 0, 1, SHOW_OP, 0, 0, FILL_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 3, 4, 0, 0, 0xE0, 0x21
        db SUM_OP, 0, 3, SHOW_OP, 0, 0
        command 0, 4, 0, 0, 0, 0xE0, 0xC4               ; READ MULTIPLE, in blocks of 16
        db SUM_OP, 0, 4, SHOW_OP, 0, 0
        command 0, 3, 0, 0, 0, 0xE0, 0xC6               ; no power of two
        command 0, 32, 0, 0, 0, 0xE0, 0xC6              ; too many
        command 0, 0, 0, 0, 0, 0xE0, 0xC6               ; no blocks
        command 0, 6, 3, 0, 0, 0xE0, 0xC4
        command 0, 4, 0, 0, 0, 0xE0, 0xC6
        command 0, 6, 3, 0, 0, 0xE0, 0xC4
        db SUM_OP, 0, 4, SHOW_OP, 0, 0, SUM_OP, 0, 2, SHOW_OP, 0, 0
        command 0, 6, 100, 0, 0, 0xE0, 0xC5             ; WRITE MULTIPLE
        db FILL_OP, 0, 4, SHOW_OP, 0, 0, FILL_OP, 0, 2, SHOW_OP, 0, 0
        command 0, 0, 100, 0, 0, 0xE0, 0xC4
        out_register 16, 0x04                           ; reset in the midst of it
        db SHOW_OP, 0, 0
        out_register 16, 0x00
        db SHOW_OP, 0, 0
        command 0, 4, 0, 0, 0, 0xE0, 0xEC
        db SUM_OP, 0, 1
        command 0, 1, 0xFF, 0x3F, 0, 0xE0, 0x20         ; the last sector
        db SUM_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 1, 0, 0x40, 0, 0xE0, 0x20            ; behind it
        command 0, 2, 0xFF, 0x3F, 0, 0xE0, 0x20         ; over the end
        db SUM_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 2, 0xFF, 0x3F, 0, 0xE0, 0x30
        db FILL_OP, 0, 1, SHOW_OP, 0, 0, FILL_OP, 0, 1, SHOW_OP, 0, 0
        out_register 16, 0x04
        out_register 16, 0x00
        command 0, 1, 0, 0, 0, 0xA0, 0x20               ; sector 0 of a track: there is none
        db SUM_OP, 0, 1, SHOW_OP, 0, 0
        command 0, 17, 0, 0, 0, 0xA7, 0x91              ; INITIALIZE DEVICE PARAMETERS
        command 0, 1, 1, 2, 0, 0xA3, 0x20
        db SUM_OP, 0, 1
        command 3, 0x0C, 0, 0, 0, 0xE0, 0xEF            ; SET FEATURES: PIO mode 4
        command 3, 0x45, 0, 0, 0, 0xE0, 0xEF
        command 2, 0, 0, 0, 0, 0xE0, 0xEF
        command 0x82, 0, 0, 0, 0, 0xE0, 0xEF
        command 0x99, 0, 0, 0, 0, 0xE0, 0xEF
        command 0, 0, 0, 0, 0, 0xE0, 0xEC
        db WORDS_OP, 0, 1
        command 0, 4, 9, 0, 0, 0xE0, 0x40               ; READ VERIFY SECTORS
        command 0, 4, 9, 0x50, 0, 0xE0, 0x40
        command 0, 0, 9, 0, 0, 0xE0, 0x70               ; SEEK
        command 0, 0, 9, 0, 0, 0xE0, 0x10               ; RECALIBRATE
        command 0, 0, 0, 0, 0, 0xE0, 0xE7               ; FLUSH CACHE
        command 0, 0, 0, 0, 0, 0xE0, 0xEA
        command 0, 0, 0, 0, 0, 0xE0, 0xE1               ; IDLE IMMEDIATE
        command 0, 0, 0, 0, 0, 0xE0, 0xE0
        command 0, 0, 0, 0, 0, 0xE0, 0xE5               ; CHECK POWER MODE
        command 0, 0, 0, 0, 0, 0xE0, 0xE6
        command 0, 0, 0, 0, 0, 0xE0, 0xF8               ; READ NATIVE MAX ADDRESS
        command 0, 0, 0, 0, 0, 0xE0, 0x27
        command 0, 0, 0, 0, 0, 0xE0, 0xF5               ; SECURITY FREEZE LOCK: unknown
        command 0, 0, 0, 0, 0, 0xE0, 0xB0               ; SMART without its signature
        out_register 16, 0x04
        out_register 16, 0x00
        command 0, 0, 0, 0, 0, 0xE0, 0x08               ; DEVICE RESET: a packet device's
        command 0, 0, 0, 0, 0, 0xE0, 0xA0
        command 0, 0, 0, 0, 0, 0xE0, 0x90               ; EXECUTE DEVICE DIAGNOSTIC
        db SHOW_OP, 0, 0
        out_register 2, 0                               ; READ SECTORS EXT: both bytes of each
        out_register 3, 0
        out_register 4, 0
        out_register 5, 0
        command 0, 2, 4, 0, 0, 0xE0, 0x24
        db SUM_OP, 0, 2, SHOW_OP, 0, 0
        out_register 16, 0x80
        db SHOW_OP, 0, 0
        out_register 16, 0x02                           ; no interrupts
        command 0, 1, 4, 0, 0, 0xE0, 0x20
        db SUM_OP, 0, 1, SHOW_OP, 0, 0
        db END_OP, 0, 0
