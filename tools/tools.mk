# Running: the same guest image under Umbra and on the bare machine.

##? GUEST=demo          a guest of ours, or the path of a multiboot ELF
##? MEM=64M             the guest's memory
##? CMDLINE="script"    the guest's command line
##? INTERACTIVE=1       hand the keyboard to the guest; ctrl-a x leaves
##? ENGINE=trap         how guest-kernel code is executed
##? TRACE=all           traps to keep and list in the end: all, fault, hidden, sensitive,...
##? CPU=max             another QEMU CPU for Umbra to run on
##? HOST_MEM=512M       memory of the machine that Umbra runs on
##? ICOUNT=1            count instructions: a run that repeats exactly
##? V=1                 show the commands
GUEST    := demo
MEM      := 64M
HOST_MEM := 512M
CMDLINE  := $(if $(INTERACTIVE),interactive,script)

ISO        := $(BUILD)/umbra.iso
GUEST_FILE := $(if $(findstring /,$(GUEST))$(filter %.elf,$(GUEST)),$(GUEST),$(GUEST_OUT)/$(GUEST).elf)
VM_LINE    := name=$(basename $(notdir $(GUEST_FILE))) mem=$(MEM) $(if $(ENGINE),engine=$(ENGINE)) \
              $(if $(TRACE),trace=$(TRACE)) -- $(CMDLINE)
RUN_FLAGS  := $(if $(INTERACTIVE),--interactive) $(if $(ICOUNT),--icount)

##@ Run

.PHONY: setup run run-native iso
run: iso ## boot the guest under Umbra in QEMU
	@tools/run umbra $(ISO) --memory $(HOST_MEM) --log $(BUILD)/run/monitor.log \
	    $(if $(CPU),--cpu '$(CPU)') $(RUN_FLAGS)

run-native: guest ## boot the same guest on the bare machine in QEMU
	@tools/run native $(GUEST_FILE) --memory $(MEM) --cmdline '$(CMDLINE)' $(RUN_FLAGS)

# Made anew every time: what is in it depends on the variables above, and it takes no time.
iso: $(UMBRA_ELF) guest ## build build/umbra.iso, which boots Umbra and the guest
	@tools/mkiso -o $(ISO) --monitor $(UMBRA_ELF) --module $(GUEST_FILE) --line '$(VM_LINE)'

.PHONY: fetch-guests
fetch-guests: ## fetch kernels of others (Linux, memtest86+, ...) from Debian into build/guests
	@tools/fetch-guests

setup: ## install the Debian packages that are missing
	@tools/setup

include tools/illusion.mk
include tools/report.mk
include tools/bench.mk
include tools/debug.mk
