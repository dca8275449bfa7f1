# The probe suite on the bare machine and under Umbra, compared.

##? CONFIG=overlap=strict  keys of the module line for `make illusion`

##@ Tests

.PHONY: illusion
illusion: $(UMBRA_ELF) $(PROBES) ## compare what a guest can find out with the bare machine
	@tools/illusion --image $(PROBES) --monitor $(UMBRA_ELF) --json $(BUILD)/illusion.json \
	    --log $(BUILD)/illusion-monitor.log $(if $(CONFIG),--config '$(CONFIG)') \
	    $(if $(CPU),--cpu '$(CPU)')
