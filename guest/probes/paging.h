/* What the probes of paging share: the window's first page and two instructions that touch it. */
#pragma once
#include "probe.h"

enum { RW = PTE_P | PTE_W, RO = PTE_P, USER = PTE_P | PTE_W | PTE_U, LOW = 0xFFF };

/* The low bits of the entries of page 0 of the window: flags, and what the processor set. */
#define PTE0 (window_table[0] & LOW)
#define PDE0 (directory[WINDOW >> 22] & LOW)

CODE(read0, "mov eax, [0x40000000]");
CODE(write0, "mov dword ptr [0x40000000], 0x12345678");
