# Debugging the guest with gdb, and the monitor's prompt: both on the host's COM2.

##? PORT=1234           TCP port of 127.0.0.1 for `make debug`; a free one without it

##@ Run

DEBUG_ISO := $(BUILD)/debug/umbra.iso
# gdb reads ELF: Linux is there as one, too.
GDB_FILE   = $(GUEST_FILE:.bzimage=.elf)

.PHONY: debug
debug: $(GUEST_READY) $(UMBRA_ELF) ## boot the guest under Umbra, stopped at its first instruction, for gdb
	@tools/mkiso -o $(DEBUG_ISO) --monitor $(UMBRA_ELF) $(call VM_MODULES,gdb=wait )
	@tools/debug $(DEBUG_ISO) '$(GDB_FILE)' --memory $(HOST_MEM) --directory $(BUILD)/debug \
	    $(if $(CPU),--cpu '$(CPU)') $(if $(PORT),--port $(PORT))
