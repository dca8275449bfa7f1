# How fast the interpreter is on the host: compiled as fast code, without sanitizers.

BENCH_ENGINE     := $(BUILD)/bench/engine
BENCH_ENGINE_SRC := tests/bench/engine.c $(wildcard emulate/cpu/*.c)
BENCH_LOOPS      := $(patsubst %,$(BUILD)/bench/%.bin,register memory string mixed)

##@ Tests

.PHONY: bench-emulate
bench-emulate: $(BENCH_ENGINE) $(BENCH_LOOPS) ## measure the interpreter beside Unicorn and Bochs
	@tools/bench-emulate --engine $(BENCH_ENGINE) --loops $(BUILD)/bench \
	    --json $(BUILD)/bench-emulate.json

# Hidden: Unicorn has functions of the same names.
$(BENCH_ENGINE): $(BENCH_ENGINE_SRC) $(wildcard emulate/cpu/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(HOST_CC) -std=gnu11 -O2 -fvisibility=hidden $(WARN) -I. -o $@ $(BENCH_ENGINE_SRC) -lunicorn

$(BENCH_LOOPS): $(BUILD)/bench/%.bin: tests/bench/loops/%.asm tests/bench/loops/loop.inc
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin -I tests/bench/loops/ -o $@ $<
