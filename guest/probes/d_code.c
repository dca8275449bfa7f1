/* Code that reads itself, changes itself, straddles pages or lies in odd places. */
#include "paging.h"
#include "lib/string.h"

#define END 0xCD, VECTOR_DONE

/* --- Code that reads itself. --- */

CODE(reads_itself,
     "mov esi, offset reads_itself_code; xor edi, edi; mov ecx, 32; 1: movzx eax, byte ptr [esi];"
     "rol edi, 5; add edi, eax; inc esi; dec ecx; jnz 1b; mov edx, edi; cli; pushfd; pop eax;"
     "push cs; pop eax; sgdt [kernel_words]; lar eax, eax; mov esi, offset reads_itself_code;"
     "xor edi, edi; mov ecx, 32; 2: movzx eax, byte ptr [esi]; rol edi, 5; add edi, eax; inc esi;"
     "dec ecx; jnz 2b");

/* The bytes of these 32 hold no address but the one they begin with. */
PROBE(D21, "the checksum of one's own code, before and after sensitive instructions")
{
    run(reads_itself);
    show_event();
    show("same", got.edx == got.edi);
}

CODE(literal_pool,
     "jmp 1f; 2: .long 0x12345678, 0x9abcdef0; 3: .byte 0xfa, 0x9c, 0x0f, 1, 0xf4, 0xcc; 1: mov "
     "eax, [2b];"
     "mov ebx, [2b + 4]; movzx ecx, word ptr [3b]; mov edx, [3b + 2]; cli; pushfd; pop esi;"
     "mov edi, [3b]");
CODE(from_code,
     "mov esi, offset 1f; mov edi, offset kernel_words; mov ecx, 3; cld; rep movsd; mov eax, "
     "cs:[1f];"
     "push dword ptr [1f]; pop ebx; mov edx, ebx; mov ebx, offset 1f; mov al, 2; xlat; cmp dword "
     "ptr [1f], 0x12345678; setz cl;"
     "jmp 2f; 1: .long 0x12345678; cli; pushfd; popfd; push cs; pop ss; int3; hlt; 2: nop");
CODE(jump_table, "mov eax, 1; jmp [1f + eax * 4]; 1: .long 2f, 3f; 2: mov ebx, 1; jmp 4f; 3: mov "
                 "ebx, 2; 4: nop");

PROBE(D24, "literal pools and jump tables in the code's own page, MOVS from code")
{
    run(literal_pool);
    show_event();
    list("pool");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.edi);
    run(from_code);
    show_event();
    list("movs");
    item(kernel_words[0]);
    item(kernel_words[1]);
    item(kernel_words[2]);
    item(got.eax);
    item(got.edx);
    item(got.ecx);
    run(jump_table);
    show_event();
    show("table", got.ebx);
}

CODE(through_cs,
     "mov eax, cs:[1f]; mov ecx, 0x40; mov fs, ecx; mov ebx, fs:[1f]; jmp 1f; 1: cli; pushfd;"
     "pop edx; nop; nop");

PROBE(D25, "one's own code read through CS and another segment")
{
    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0);
    run(through_cs);
    show_event();
    list("code");
    item(got.eax);
    item(got.ebx);
    item(got.edx);
}

/* --- Code that changes itself: a page of its own, written through the same or another address. ---
 */

static struct code code_page(const void *bytes, size_t n)
{
    memset(frames[2], 0x90, 4096);
    memcpy(frames[2], bytes, n);
    map(8, frames[2], RW);
    map(9, frames[3], RW);
    map(10, frames[2], RW);
    return (struct code){window(8), 4096};
}

#define RUN_PAGE(...)                                       \
    do {                                                    \
        static const uint8_t bytes[] = {__VA_ARGS__};       \
        struct code code = code_page(bytes, sizeof(bytes)); \
        run(&code);                                         \
    } while (0)

PROBE(D22, "a store into the next instruction")
{
    /* MOV BYTE PTR [4000800Ah], 42h; INC EAX becomes INC EDX */
    RUN_PAGE(0x31, 0xC0, 0x31, 0xD2, 0xC6, 0x05, 0x0B, 0x80, 0x00, 0x40, 0x42, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.edx);
}

PROBE(D22_sensitive, "a store that makes the next instruction CLI, then PUSHF")
{
    RUN_PAGE(0xFB, 0xC6, 0x05, 0x08, 0x80, 0x00, 0x40, 0xFA, 0x90, 0x9C, 0x5B, 0xFA, END);
    show_event();
    show("flags", got.ebx);
    /* PUSHFD becomes PUSH EAX */
    RUN_PAGE(0xB8, 0x78, 0x56, 0x34, 0x12, 0xC6, 0x05, 0x0C, 0x80, 0x00, 0x40, 0x50, 0x9C, 0x5B,
             END);
    show_event();
    show("flags", got.ebx);
}

PROBE(D22_rep, "REP STOS over the code that follows and over itself")
{
    /* MOV EDI, 4000800Fh; MOV ECX, 3; MOV AL, 43h; REP STOSB; three INC EAX become INC EBX */
    RUN_PAGE(0xBF, 0x10, 0x80, 0x00, 0x40, 0xB9, 3, 0, 0, 0, 0xB0, 0x43, 0xF3, 0xAA, 0x31, 0xDB,
             0x40, 0x40, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    /* STOSB with DF over the instruction's own bytes */
    RUN_PAGE(0xBF, 0x10, 0x80, 0x00, 0x40, 0xB9, 5, 0, 0, 0, 0xB0, 0x90, 0xFD, 0x90, 0xF3, 0xAA,
             0x90, 0x41, END);
    show_event();
    list("regs");
    item(got.ecx);
    item(got.edi);
    item(digest(frames[2], 32));
}

PROBE(D22_loop, "a loop that rewrites its own immediate")
{
    /* XOR EAX, EAX; MOV ECX, 3; L: ADD EAX, imm8 (1); INC BYTE PTR [imm8]; LOOP L */
    RUN_PAGE(0x31, 0xC0, 0xB9, 3, 0, 0, 0, 0x83, 0xC0, 0x01, 0xFE, 0x05, 0x09, 0x80, 0x00, 0x40,
             0xE2, 0xF5, END);
    show_event();
    show("eax", got.eax);
}

PROBE(D23, "a store into the next instruction through an alias")
{
    RUN_PAGE(0x31, 0xC0, 0x31, 0xD2, 0xC6, 0x05, 0x0B, 0xA0, 0x00, 0x40, 0x42, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.edx);
    /* and a CLI through the alias */
    RUN_PAGE(0xFB, 0xC6, 0x05, 0x08, 0xA0, 0x00, 0x40, 0xFA, 0x90, 0x9C, 0x5B, 0xFA, END);
    show("flags", got.ebx);
    memset(frames[2], 0x90, 16);
    show("run", frames[2][0]);
}

PROBE(D23_frame, "the same address with another frame of code behind it")
{
    static const uint8_t first[] = {0xB8, 1, 0, 0, 0, 0xFA, 0x9C, 0x5B, END},
                         second[] = {0xFB, 0xB8, 2, 0, 0, 0, 0x9C, 0x5B, 0xFA, END};
    struct code code = code_page(first, sizeof(first));

    run(&code);
    list("regs");
    item(got.eax);
    item(got.ebx);
    memcpy(frames[4], second, sizeof(second));
    map(8, frames[4], RW);
    run(&code);
    item(got.eax);
    item(got.ebx);
}

/* --- Code in odd places. --- */

/* MOV EAX, imm32 with three bytes in the first page and two in the second. */
static struct code straddling(void)
{
    static const uint8_t bytes[] = {0xB8, 0x78, 0x56};

    memcpy(frames[2] + 4093, bytes, sizeof(bytes));
    frames[3][0] = 0x34;
    frames[3][1] = 0x12;
    frames[3][2] = 0xFA;
    frames[3][3] = 0xCD;
    frames[3][4] = VECTOR_DONE;
    map(8, frames[2], RW);
    map(9, frames[3], RW);
    return (struct code){window(8) + 4093, 64};
}

PROBE(D31, "an instruction across two pages, the second one absent or changed")
{
    struct code code = straddling();

    run(&code);
    show_event();
    show("eax", got.eax);
    map(9, frames[3], 0);
    run(&code);
    show_event();
    map(9, frames[3], RW);
    frames[3][0] = 0x99;
    run(&code);
    show_event();
    show("eax", got.eax);
    memcpy(frames[4], frames[3], 8);
    frames[4][1] = 0x77;
    map(9, frames[4], RW);
    run(&code);
    show("eax", got.eax);
}

PROBE(D31_sensitive, "PUSHF and MOV from CS across two pages")
{
    static const uint8_t code[] = {0x66, 0x8C, 0xC8, 0x66, 0x9C, 0x66, 0x5B, END};

    for (uint32_t split = 1; split < 7; split++) {
        struct code at = {window(9) - split, 64};

        memcpy(frames[2] + 4096 - split, code, split);
        memcpy(frames[3], code + split, sizeof(code) - split);
        map(8, frames[2], RW);
        map(9, frames[3], RW);
        given.eax = given.ebx = 0x12345678;
        run(&at);
        list("split");
        item_event();
        item(got.eax);
        item(got.ebx);
    }
}

PROBE(D34, "code on the stack, in video memory and in user pages at CPL 0")
{
    static const uint8_t code[] = {0xFA, 0x9C, 0x58, 0x0E, 0x5B, END};
    struct code in_video = {(void *)0xB8F00, 64}, in_user = {user_words, 64};

    memcpy((void *)0xB8F00, code, sizeof(code));
    run(&in_video);
    show_event();
    list("video");
    item(got.eax);
    item(got.ebx);
    memset((void *)0xB8F00, 0, sizeof(code));
    memcpy(user_words, code, sizeof(code));
    run(&in_user);
    show_event();
    list("user");
    item(got.eax);
    item(got.ebx);
}

CODE(code_on_stack, "push 0xc390580e; mov eax, esp; call eax; pop ecx; 1: nop");

PROBE(D34_stack, "a routine on the stack: PUSH CS, POP EAX, RET")
{
    run(code_on_stack);
    list("end");
    item(got.vector);
    item(got.eax);
}

CODE(reads_window, "mov ecx, 0x1000; xor eax, eax; 1: add eax, [0x40000000]; add dword ptr "
                   "[0x40000000], 3; loop 1b");

PROBE(D35, "a page of data beside a page of code of the same frame, many times over")
{
    static const uint8_t code[] = {0x83, 0x05, 0x00, 0xA8, 0x00, 0x40, 0x01, 0x49, 0x75, 0xF6, END};
    struct code page = code_page(code, sizeof(code));

    given.ecx = 200;
    run(&page);
    show_event();
    show("count", *(uint32_t *)(frames[2] + 0x800));
    map(0, frames[0], RW);
    run(reads_window);
    show("sum", got.eax);
}
