/*
 * The memory sizes in the SMBIOS tables that the BIOS leaves in its ROM (DSP0134, "SMBIOS reference
 * specification"): the ROM image was taken from a machine with another amount of RAM. Pure: also
 * built on the host for tests and fuzzing.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_SMBIOS_H
#define UMBRA_HYPERVISOR_LOAD_SMBIOS_H

#include <stdint.h>

#define SMBIOS_AREA       0x000f0000u /* where the entry point is looked for, gpa */
#define SMBIOS_AREA_BYTES 0x00010000u

/*
 * Makes the tables within `area`, a copy of the SMBIOS_AREA_BYTES at SMBIOS_AREA, tell of
 * `ram_bytes` of RAM (1 MiB or more, below 4 GiB). Does nothing when there is no entry point, and
 * stops where tables do not lie in the area.
 */
void smbios_set_memory(uint8_t *area, uint64_t ram_bytes);

#endif
