# What Umbra costs, in executed instructions and on the clock.

##? WORK="cli int80"    only these workloads of `make bench`
##? REPEAT=1            count everything twice and compare

##@ Tests

.PHONY: bench
bench: $(UMBRA_ELF) $(BENCH) $(DEMO) ## count instructions of workloads, native and under Umbra
	@tools/bench --monitor $(UMBRA_ELF) --bench $(BENCH) --demo $(DEMO) \
	    --json $(BUILD)/bench.json $(if $(CONFIG),--config '$(CONFIG)') \
	    $(if $(CPU),--cpu '$(CPU)') $(if $(REPEAT),--check-repeat) $(WORK)
