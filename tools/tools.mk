# Running: the same guest image under Umbra and on the bare machine.

##? GUEST=demo          a guest of ours, linux, linux-pae, workload, detectors, memtest, mach, invaders, or a path
##? MEM=64M             the guest's memory
##? CMDLINE="script"    the guest's command line
##? SCREEN=serial       show the guest's text screen on the terminal, and type on its keyboard
##? INITRD=path         its initrd, or multiboot module
##? DISK=path           image of its IDE disk; what the guest writes there is lost
##? INTERACTIVE=1       hand the keyboard to the guest; ctrl-a x leaves
##? ENGINE=trap         how guest-kernel code is executed
##? TRACE=all           traps to keep and list in the end: all, fault, hidden, sensitive,...
##? CPU=max             another QEMU CPU for Umbra to run on
##? HOST_MEM=512M       memory of the machine that Umbra runs on
##? ICOUNT=1            count instructions: a run that repeats exactly
##? V=1                 show the commands
include tools/guests.mk

HOST_MEM := $(or $(HOST_MEM_$(GUEST)),512M)

ISO        := $(BUILD)/umbra.iso
VM_NAME    := $(if $(FILE_$(GUEST)),$(GUEST),$(basename $(notdir $(GUEST))))
VM_LINE    := name=$(VM_NAME) mem=$(MEM) $(if $(ENGINE),engine=$(ENGINE)) \
              $(if $(TRACE),trace=$(TRACE)) $(if $(SCREEN),screen=$(SCREEN)) $(CONFIG) -- \
              $(CMDLINE)
# For mkiso; the argument is put in front of the VM's line.
VM_MODULES  = --module '$(GUEST_FILE)' --line '$(1)$(VM_LINE)' \
              $(if $(INITRD),--module '$(INITRD)' --line 'for=$(VM_NAME)') \
              $(if $(DISK),--module '$(DISK)' --line 'disk=$(VM_NAME)')
RUN_FLAGS  := $(if $(INTERACTIVE),--interactive) $(if $(ICOUNT),--icount)

##@ Run

.PHONY: setup run run-native iso
run: iso ## boot the guest under Umbra in QEMU
	@tools/run umbra $(ISO) --memory $(HOST_MEM) --log $(BUILD)/run/monitor.log \
	    $(if $(CPU),--cpu '$(CPU)') $(RUN_FLAGS)

run-native: $(GUEST_READY) ## boot the same guest on the bare machine in QEMU
	@tools/run native '$(GUEST_FILE)' --memory $(MEM) --cmdline '$(CMDLINE)' $(RUN_FLAGS) \
	    $(if $(INITRD),--initrd '$(INITRD)') $(if $(DISK),--disk '$(DISK)')

# Made anew every time: what is in it depends on the variables above, and it takes no time.
iso: $(GUEST_READY) $(UMBRA_ELF) ## build build/umbra.iso, which boots Umbra and the guest
	@tools/mkiso -o $(ISO) --monitor $(UMBRA_ELF) $(call VM_MODULES)

setup: ## install the Debian packages that are missing
	@tools/setup

include tools/illusion.mk
include tools/report.mk
include tools/bench.mk
include tools/bench-emulate.mk
include tools/debug.mk
