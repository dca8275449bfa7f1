"""Guest images that are wrong in one way each, and boot modules."""

import struct

ELF_HEADER = "<16sHHIIIIIHHHHHH"
PROGRAM_HEADER = "<IIIIIIII"
HEADER_SIZE = struct.calcsize(ELF_HEADER)
PROGRAM_SIZE = struct.calcsize(PROGRAM_HEADER)

# mov al, 10h; out F4h, al; hlt: behind a multiboot header (magic, flags 0, checksum).
KERNEL = struct.pack("<III", 0x1BADB002, 0, -0x1BADB002 & 0xFFFFFFFF) + b"\xb0\x10\xe6\xf4\xf4"
CODE_OFFSET = 12
LOAD_ADDRESS = 0x100000


def elf32(segments, elf_class=1, machine=3, entry=LOAD_ADDRESS + CODE_OFFSET):
    """An ELF whose segments are (physical address, bytes, size in memory)."""
    offset = HEADER_SIZE + PROGRAM_SIZE * len(segments)
    ident = b"\x7fELF" + bytes([elf_class, 1, 1]) + bytes(9)
    header = struct.pack(ELF_HEADER, ident, 2, machine, 1, entry, HEADER_SIZE, 0, 0,
                         HEADER_SIZE, PROGRAM_SIZE, len(segments), 0, 0, 0)
    programs, contents = b"", b""
    for address, data, memory in segments:
        programs += struct.pack(PROGRAM_HEADER, 1, offset + len(contents), address, address,
                                len(data), memory, 7, 1)
        contents += data
    return header + programs + contents


def kernel(*more, **how):
    """A kernel that powers off at once, with more segments than it needs."""
    return elf32([(LOAD_ADDRESS, KERNEL, 0x1000), *more], **how)


def bzimage(version=0x20F, init_size=0x100000, loaded_high=1):
    """A Linux kernel by its header: one setup sector, and KERNEL for code."""
    setup = bytearray(1024)
    setup[0x1F1] = 1
    struct.pack_into("<I", setup, 0x1F4, (len(KERNEL) + 15) // 16)
    struct.pack_into("<H2s4sH", setup, 0x1FE, 0xAA55, b"\xeb\x6a", b"HdrS", version)
    setup[0x211] = loaded_high
    struct.pack_into("<I", setup, 0x214, LOAD_ADDRESS)
    struct.pack_into("<I", setup, 0x22C, 0x7FFFFFFF)
    struct.pack_into("<I", setup, 0x238, 255)
    struct.pack_into("<QI", setup, 0x258, LOAD_ADDRESS, init_size)
    return bytes(setup) + KERNEL[CODE_OFFSET:].ljust(len(KERNEL), b"\0")


def disk(sectors=0x4000):
    """Every dword of it is another, and none says that there are partitions."""
    return struct.pack(f"<{sectors * 128}I", *(at * 0x9E3779B1 & 0xFFFFFFFF for at in range(sectors * 128)))


IMAGES = {
    "not-elf": b"#!/bin/sh\necho this is no kernel\n" * 8,
    "empty": b"",
    "elf64": kernel(elf_class=2, machine=62),
    "not-x86": kernel(machine=40),
    "no-multiboot": elf32([(LOAD_ADDRESS, b"\xf4" * 64, 64)]),
    "truncated": kernel((0x200000, b"x" * 4096, 4096))[:-100],
    "truncated-header": kernel()[:40],
    "outside": kernel((0xF0000000, b"x", 0x1000)),
    "wraps": kernel((0xFFFFF000, b"x", 0x2000)),
    "video": kernel((0xB8000, b"x", 0x1000)),
    "overlap": kernel((LOAD_ADDRESS + 0x800, b"x", 0x1000)),
    "entry": kernel(entry=0x300000),
    "bzimage": bzimage(),
    "bzimage-truncated": bzimage()[:1024],
    "bzimage-old": bzimage(version=0x200),
    "bzimage-low": bzimage(loaded_high=0),
    "bzimage-large": bzimage(init_size=0x2000000),
    "disk": disk(),
    "module": b"what a module holds\n",
    "large-module": bytes(8 << 20),
}
