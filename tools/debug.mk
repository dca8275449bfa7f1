# Debugging the guest with gdb, and the monitor's prompt: both on the host's COM2.

##? PORT=1234           TCP port of 127.0.0.1 for `make debug`; a free one without it

##@ Run

DEBUG_ISO := $(BUILD)/debug/umbra.iso

.PHONY: debug
debug: $(UMBRA_ELF) guest ## boot the guest under Umbra, stopped at its first instruction, for gdb
	@tools/mkiso -o $(DEBUG_ISO) --monitor $(UMBRA_ELF) --module $(GUEST_FILE) \
	    --line 'gdb=wait $(VM_LINE)'
	@tools/debug $(DEBUG_ISO) $(GUEST_FILE) --memory $(HOST_MEM) --directory $(BUILD)/debug \
	    $(if $(CPU),--cpu '$(CPU)') $(if $(PORT),--port $(PORT))
