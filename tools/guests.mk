# Which file GUEST names, and what it is booted with unless MEM, CMDLINE and INITRD say otherwise.

OUR_GUESTS := demo probes bench hostile
# From Debian's archive, by tools/fetch-guests.
FETCHED_GUESTS := linux linux-pae workload detectors memtest mach invaders
FETCHED        := $(BUILD)/guests

GUEST := demo

TOUR := run="uname -a; cat /proc/cpuinfo /proc/interrupts; free"
SHELL_OR_TOUR := $(if $(INTERACTIVE),,$(TOUR))

FILE_linux     := $(FETCHED)/linux.bzimage
INITRD_linux   := $(FETCHED)/initrd.img
MEM_linux      := 128M
CMDLINE_linux  := console=ttyS0 $(SHELL_OR_TOUR)

FILE_linux-pae    := $(FETCHED)/linux-pae.bzimage
INITRD_linux-pae  := $(INITRD_linux)
MEM_linux-pae     := 128M
CMDLINE_linux-pae := $(CMDLINE_linux)

# Programs of Debian's, and what they print; CMDLINE=console=ttyS0 gives a shell instead.
FILE_workload     := $(FILE_linux)
INITRD_workload   := $(FETCHED)/workload.img
DISK_workload     := $(FETCHED)/disk.img
MEM_workload      := 256M
HOST_MEM_workload := 768M
CMDLINE_workload  := console=ttyS0 $(if $(INTERACTIVE),,run=/workload/workload)

# What asks whether the machine is a virtual one.
FILE_detectors     := $(FILE_linux)
INITRD_detectors   := $(INITRD_workload)
DISK_detectors     := $(DISK_workload)
MEM_detectors      := 256M
HOST_MEM_detectors := 768M
CONFIG_detectors   := user=exposed
CMDLINE_detectors  := console=ttyS0 run=/workload/detectors

FILE_memtest    := $(FETCHED)/memtest.bzimage
SCREEN_memtest  := serial
FILE_mach       := $(FETCHED)/mach.elf
CMDLINE_mach    := console=com0
FILE_invaders   := $(FETCHED)/invaders.elf
SCREEN_invaders := serial

$(foreach guest,$(OUR_GUESTS),$(eval FILE_$(guest) := $(GUEST_OUT)/$(guest).elf) \
    $(eval CMDLINE_$(guest) := $(if $(INTERACTIVE),interactive,script)))

# A name, or else a path.
GUEST_FILE := $(or $(FILE_$(GUEST)),$(GUEST))
MEM        := $(or $(MEM_$(GUEST)),64M)
CMDLINE    := $(CMDLINE_$(GUEST))
INITRD     := $(INITRD_$(GUEST))
DISK       := $(DISK_$(GUEST))
SCREEN     := $(SCREEN_$(GUEST))
CONFIG     := $(CONFIG_$(GUEST))

# What has to be there before a guest boots.
ifneq ($(filter $(GUEST),$(FETCHED_GUESTS)),)
GUEST_READY := fetched-guest
else ifneq ($(filter $(GUEST),$(OUR_GUESTS)),)
GUEST_READY := guest
else
GUEST_READY := own-guest
endif

.PHONY: fetched-guest own-guest fetch-guests
fetched-guest: $(WORKLOAD)
	@tools/fetch-guests $(basename $(notdir $(FILE_$(GUEST)) $(INITRD_$(GUEST)) $(DISK_$(GUEST))))

own-guest:
	@test -f '$(GUEST)' || { echo 'GUEST=$(GUEST): no such file, and not one of' \
	    '$(OUR_GUESTS) $(FETCHED_GUESTS)' >&2; exit 1; }
	@test -z '$(DISK)' || test -f '$(DISK)' || { echo 'DISK=$(DISK): no such file' >&2; exit 1; }
	@test -z '$(INITRD)' || test -f '$(INITRD)' || { echo 'INITRD=$(INITRD): no such file' >&2; exit 1; }

fetch-guests: $(WORKLOAD) ## fetch kernels of others (Linux, memtest86+, ...) from Debian into build/guests
	@tools/fetch-guests
