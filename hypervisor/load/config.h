/*
 * A VM as its boot-loader module line describes it:
 *
 *     module2 /boot/guest.elf name=demo mem=64M engine=trap -- guest command line
 *
 * Pure: also built on the host for tests and fuzzing.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_CONFIG_H
#define UMBRA_HYPERVISOR_LOAD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define VM_NAME_MAX    32
#define VM_CMDLINE_MAX 1024

enum engine {
    ENGINE_TRAP,   /* kernel code from code views, everything harmless runs on the processor */
    ENGINE_INTERP, /* every instruction is interpreted */
};

enum overlap {
    OVERLAP_STATIC, /* jumps into the middle of an instruction: direct ones are seen */
    OVERLAP_STRICT, /* none, indirect ones included, leads to bytes that were not decoded */
};

enum user_code {
    USER_NATIVE,  /* runs from the guest's own frames */
    USER_EXPOSED, /* runs from code views, as the kernel's does */
};

enum gdb_mode {
    GDB_OFF,
    GDB_ON,   /* gdb=on: a debugger that calls on COM2 gets this VM */
    GDB_WAIT, /* gdb=wait: the same, and it waits for one before its first instruction */
};

enum screen_mode {
    SCREEN_HOST,   /* the VM's text screen shows on the host's */
    SCREEN_SERIAL, /* and on COM1, where the keyboard is, too */
};

enum module_kind {
    MODULE_KERNEL, /* describes a VM */
    MODULE_ROM,    /* rom=ADDRESS: a ROM image that every VM finds there */
    MODULE_DISK,   /* disk=NAME: the disk of the VM of that name */
    MODULE_EXTRA,  /* for=NAME: a boot module (initrd) of the VM of that name */
};

#define LOCKSTEP_ON UINT32_MAX

struct vm_config {
    enum module_kind kind;
    char name[VM_NAME_MAX];
    uint64_t mem; /* bytes of RAM */
    enum engine engine;
    enum overlap overlap; /* of code views */
    enum user_code user;
    uint32_t lockstep; /* 0: off; the group of kernel entries to list + 1; LOCKSTEP_ON: none */
    uint32_t trace;    /* traps that the trace ring keeps: 1 << enum exit_reason */
    enum gdb_mode gdb;
    enum screen_mode screen;
    uint32_t rom_address; /* MODULE_ROM: gpa */
    char cmdline[VM_CMDLINE_MAX];
};

/* Why a module line or an image is refused: one line for a person. */
struct load_error {
    char text[160]; /* "KEY: cause; remedy" */
};

/*
 * Parses a module line. `number` names the VM ("vm1") when the line does not. On failure returns
 * false with *error filled in; config->name is always valid.
 */
bool config_parse(struct vm_config *config, const char *line, unsigned number,
                  struct load_error *error);

/* Fills error->text with up to three parts; returns false, for `return refuse(...)`. */
bool refuse(struct load_error *error, const char *key, const char *cause, const char *remedy);

#endif
