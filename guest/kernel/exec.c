#include "exec.h"
#include "cpu.h"
#include "elf.h"
#include "gdt.h"
#include "lib/string.h"
#include "printk.h"
#include "process.h"
#include "ramdisk.h"
#include "uaccess.h"

int exec_args_add(struct exec_args *args, const char *text)
{
    uint32_t size = strlen(text) + 1;

    if (args->count == ARG_MAX - 1 || args->used + size > ARG_BYTES)
        return ERR_TOO_BIG;
    memcpy(args->text + args->used, text, size);
    args->offset[args->count++] = (uint16_t)args->used;
    args->used += size;
    return 0;
}

int exec_args_from_user(struct exec_args *args, uint32_t argv)
{
    args->count = args->used = 0;
    for (;; argv += 4) {
        uint32_t pointer;
        int length;

        if (copy_from_user(&pointer, argv, sizeof(pointer)))
            return ERR_FAULT;
        if (!pointer)
            return 0;
        if (args->count == ARG_MAX - 1)
            return ERR_TOO_BIG;
        length = copy_string_from_user(args->text + args->used, pointer, ARG_BYTES - args->used);
        if (length < 0)
            return length;
        args->offset[args->count++] = (uint16_t)args->used;
        args->used += (uint32_t)length + 1;
    }
}

/*
 * The new stack, top down: the strings, the array of pointers to them, a pointer to that, the
 * count. The whole fits in the topmost page. Returns the stack pointer, or 0 without memory.
 */
static uint32_t build_stack(struct user_space *space, const struct exec_args *args)
{
    uint32_t page_address = STACK_TOP - PAGE_SIZE;
    uint32_t strings = (STACK_TOP - args->used) & ~15u;
    uint32_t argv = strings - (args->count + 1) * 4;
    uint32_t esp = (argv - 8) & ~15u;
    char *page = space_page(space, page_address, true);
    uint32_t *words;

    if (!page)
        return 0;
    memcpy(page + (strings - page_address), args->text, args->used);
    words = (uint32_t *)(page + (argv - page_address));
    for (uint32_t i = 0; i < args->count; i++)
        words[i] = strings + args->offset[i];
    words[args->count] = 0;
    words = (uint32_t *)(page + (esp - page_address));
    words[0] = args->count;
    words[1] = argv;
    return esp;
}

static int load(struct user_space *space, const struct ramdisk_file *file,
                const struct exec_args *args, uint32_t *entry, uint32_t *esp)
{
    const char *problem = NULL;
    int error = elf_load(space, file->data, file->size, entry, &problem);

    if (problem)
        printk("kernel: cannot run %s: %s\n", file->name, problem);
    if (error)
        return error;
    *esp = build_stack(space, args);
    return *esp ? 0 : ERR_NO_MEMORY;
}

static void enter(uint32_t entry, uint32_t esp)
{
    struct trap_frame *f = (struct trap_frame *)current->stack_top - 1;

    *f = (struct trap_frame){
        .ds = SEL_USER_DATA,
        .es = SEL_USER_DATA,
        .fs = SEL_USER_DATA,
        .gs = SEL_USER_DATA,
        .eip = entry,
        .cs = SEL_USER_CODE,
        .eflags = EFLAGS_IF | 2,
        .esp = esp,
        .ss = SEL_USER_DATA,
    };
}

int process_exec(const char *name, const struct exec_args *args)
{
    struct user_space space, old = current->space;
    struct ramdisk_file file;
    uint32_t entry = 0, esp = 0;
    int error;

    if (!ramdisk_find(name, &file))
        return ERR_NOT_FOUND;
    if (!space_create(&space))
        return ERR_NO_MEMORY;
    error = load(&space, &file, args, &entry, &esp);
    if (error) {
        space_destroy(&space);
        return error;
    }
    current->space = space;
    write_cr3(space.directory);
    space_destroy(&old);
    fpu_drop(current);
    string_copy(current->name, name, NAME_SIZE);
    enter(entry, esp);
    return 0;
}
