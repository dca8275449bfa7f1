# The probe suite on the bare machine and under Umbra, compared.

##? CONFIG=overlap=strict  keys of the module line for `make illusion`
##? ONLY="umip tsd"       mutants that `make illusion-mutants` runs

##@ Tests

ILLUSION_CONFIG = $(strip $(if $(ENGINE),engine=$(ENGINE)) $(CONFIG))

.PHONY: illusion
illusion: $(UMBRA_ELF) $(PROBES) ## compare what a guest can find out with the bare machine
	@tools/illusion --image $(PROBES) --monitor $(UMBRA_ELF) --json $(BUILD)/illusion.json \
	    --log $(BUILD)/illusion-monitor.log $(if $(ILLUSION_CONFIG),--config '$(ILLUSION_CONFIG)') \
	    $(if $(CPU),--cpu '$(CPU)')

.PHONY: illusion-mutants
illusion-mutants: $(UMBRA_ELF) $(PROBES) ## switch off one technique at a time: the probes must notice
	@tools/illusion-mutants --image $(PROBES) --build $(BUILD) --json $(BUILD)/illusion-mutants.json \
	    $(if $(ONLY),$(addprefix --only ,$(ONLY))) $(if $(CONFIG),--config '$(CONFIG)') \
	    $(if $(CPU),--cpu '$(CPU)')
