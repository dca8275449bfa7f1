#include "user_space.h"
#include "abi.h"
#include "cpu.h"
#include "lib/string.h"
#include "paging.h"

#define TABLE_SPAN   (4u << 20) /* what one page table maps */
#define USER_TABLES  (USER_TOP / TABLE_SPAN)
#define TABLE_PAGES  1024u
#define KERNEL_START USER_TABLES

static uint32_t zero_pages, cow_copies;

uint32_t space_zero_pages(void)
{
    return zero_pages;
}

uint32_t space_cow_copies(void)
{
    return cow_copies;
}

bool space_create(struct user_space *space)
{
    uint32_t *entries, *kernel = phys_to_virt(kernel_directory());

    *space = (struct user_space){.directory = frame_alloc_zeroed()};
    if (!space->directory)
        return false;
    entries = phys_to_virt(space->directory);
    memcpy(entries + KERNEL_START, kernel + KERNEL_START, PAGE_SIZE - KERNEL_START * 4);
    return true;
}

static void free_table(uint32_t frame)
{
    uint32_t *table = phys_to_virt(frame);

    for (uint32_t i = 0; i < TABLE_PAGES; i++) {
        if (table[i] & PTE_PRESENT)
            frame_free(PTE_FRAME(table[i]));
    }
    frame_free(frame);
}

void space_destroy(struct user_space *space)
{
    uint32_t *entries = phys_to_virt(space->directory);

    if (!space->directory)
        return;
    for (uint32_t i = 0; i < USER_TABLES; i++) {
        if (entries[i] & PTE_PRESENT)
            free_table(PTE_FRAME(entries[i]));
    }
    frame_free(space->directory);
    *space = (struct user_space){0};
}

/* Both lose the right to write; the first to try gets its own copy. */
static void share_table(uint32_t *to, uint32_t *from)
{
    for (uint32_t i = 0; i < TABLE_PAGES; i++) {
        if (!(from[i] & PTE_PRESENT))
            continue;
        if (from[i] & PTE_WRITE)
            from[i] = (from[i] & ~PTE_WRITE) | PTE_COW;
        frame_share(PTE_FRAME(from[i]));
        to[i] = from[i];
    }
}

static bool clone_tables(struct user_space *child, struct user_space *parent)
{
    uint32_t *from = phys_to_virt(parent->directory);

    for (uint32_t i = 0; i < USER_TABLES; i++) {
        uint32_t *table;

        if (!(from[i] & PTE_PRESENT))
            continue;
        table = pte_find(child->directory, i * TABLE_SPAN, true);
        if (!table)
            return false;
        share_table(table, phys_to_virt(PTE_FRAME(from[i])));
    }
    return true;
}

bool space_clone(struct user_space *child, struct user_space *parent)
{
    bool done;

    if (!space_create(child))
        return false;
    child->image_start = parent->image_start;
    child->image_end = parent->image_end;
    child->brk = parent->brk;
    child->pages = parent->pages;
    done = clone_tables(child, parent);
    write_cr3(parent->directory); /* the parent's writable translations are stale now */
    if (!done)
        space_destroy(child);
    return done;
}

static bool may_grow(const struct user_space *space, uint32_t address)
{
    return (address >= space->image_start && address < space->brk) ||
           (address >= STACK_BOTTOM && address < STACK_TOP);
}

static enum space_fault break_cow(uint32_t *pte, uint32_t address)
{
    uint32_t shared = PTE_FRAME(*pte), copy;

    if (frame_references(shared) == 1) {
        *pte = (*pte & ~PTE_COW) | PTE_WRITE;
    } else {
        copy = frame_alloc();
        if (!copy)
            return SPACE_FAULT_NO_MEMORY;
        memcpy(phys_to_virt(copy), phys_to_virt(shared), PAGE_SIZE);
        *pte = copy | PTE_PRESENT | PTE_WRITE | PTE_USER;
        frame_free(shared);
        cow_copies++;
    }
    invlpg(address);
    return SPACE_FAULT_RESOLVED;
}

enum space_fault space_fault(struct user_space *space, uint32_t address, bool write, bool present)
{
    uint32_t *pte;

    if (!present) {
        if (!may_grow(space, address))
            return SPACE_FAULT_BAD;
        zero_pages++;
        return space_page(space, address, true) ? SPACE_FAULT_RESOLVED : SPACE_FAULT_NO_MEMORY;
    }
    pte = pte_find(space->directory, address, false);
    if (pte && write && (*pte & PTE_COW))
        return break_cow(pte, address);
    return SPACE_FAULT_BAD;
}

void *space_page(struct user_space *space, uint32_t address, bool writable)
{
    uint32_t *pte = pte_find(space->directory, address, true);

    if (!pte)
        return NULL;
    if (!(*pte & PTE_PRESENT)) {
        uint32_t frame = frame_alloc_zeroed();

        if (!frame)
            return NULL;
        *pte = frame | PTE_PRESENT | PTE_USER;
        space->pages++;
    }
    if (writable)
        *pte |= PTE_WRITE;
    return phys_to_virt(PTE_FRAME(*pte));
}

static void release_page(struct user_space *space, uint32_t address)
{
    uint32_t *pte = pte_find(space->directory, address, false);

    if (!pte || !(*pte & PTE_PRESENT))
        return;
    frame_free(PTE_FRAME(*pte));
    *pte = 0;
    space->pages--;
    invlpg(address);
}

int space_sbrk(struct user_space *space, int32_t increment)
{
    uint32_t old = space->brk;
    uint32_t new = old + (uint32_t)increment;

    if (increment > 0 && (new < old || new > HEAP_MAX))
        return ERR_NO_MEMORY;
    if (increment < 0 && (new > old || new < space->image_end))
        return ERR_INVALID;
    space->brk = new;
    new = (new + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    for (uint32_t at = new; at < old; at += PAGE_SIZE)
        release_page(space, at);
    return (int)old;
}
