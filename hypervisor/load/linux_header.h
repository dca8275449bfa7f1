/*
 * Linux' setup header (Documentation/arch/x86/boot.rst): read from a bzImage, or made up for a
 * decompressed ELF, which has none. Pure: see kernel.h.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_LINUX_HEADER_H
#define UMBRA_HYPERVISOR_LOAD_LINUX_HEADER_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_image;
struct load_error;

/* Offsets in a bzImage, and in struct boot_params. */
#define LINUX_SETUP_SECTS  0x1f1u
#define LINUX_SYSSIZE      0x1f4u
#define LINUX_VID_MODE     0x1fau
#define LINUX_BOOT_FLAG    0x1feu
#define LINUX_JUMP         0x200u
#define LINUX_MAGIC        0x202u
#define LINUX_VERSION      0x206u
#define LINUX_LOADER_TYPE  0x210u
#define LINUX_LOADFLAGS    0x211u
#define LINUX_CODE32_START 0x214u
#define LINUX_RAMDISK      0x218u
#define LINUX_RAMDISK_SIZE 0x21cu
#define LINUX_HEAP_END     0x224u
#define LINUX_CMDLINE      0x228u
#define LINUX_INITRD_MAX   0x22cu
#define LINUX_ALIGNMENT    0x230u
#define LINUX_RELOCATABLE  0x234u
#define LINUX_CMDLINE_SIZE 0x238u
#define LINUX_PREF_ADDRESS 0x258u
#define LINUX_INIT_SIZE    0x260u
#define LINUX_HEADER_START LINUX_SETUP_SECTS
#define LINUX_HEADER_LIMIT 0x290u

#define LINUX_LOADED_HIGH  0x01u
#define LINUX_CAN_USE_HEAP 0x80u

struct linux_header {
    uint8_t bytes[LINUX_HEADER_LIMIT - LINUX_HEADER_START]; /* zero behind its end */
    uint64_t end;        /* gpa behind all that the kernel needs before it reads the memory map */
    uint32_t initrd_max; /* highest gpa of an initrd's last byte */
    uint32_t cmdline_max;
};

/* Where the loader puts what the kernel is told of. */
struct linux_place {
    uint32_t initrd; /* gpa; 0: there is none */
    uint32_t initrd_bytes;
};

/* True when the file has a setup header. */
bool linux_header_is_there(const uint8_t *bytes, uint64_t size);

/* Reads a bzImage. False with *error: truncated, too old, not loaded high. */
bool linux_header_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
                        struct load_error *error);

/* Makes a header for an ELF whose segments are known. */
bool linux_header_make(struct kernel_image *kernel, struct load_error *error);

/* Finds room for the initrd, as high as it may lie, and checks the command line's length. */
bool linux_header_place(const struct linux_header *header, uint64_t ram_bytes,
                        uint64_t initrd_bytes, uint32_t cmdline_bytes, struct linux_place *place,
                        struct load_error *error);

#endif
