# The benchmark guest: one image, whose command line names the workload.

BENCH_SRC := guest/bench
BENCH     := $(GUEST_OUT)/bench.elf

BENCH_OBJS := $(patsubst $(BENCH_SRC)/%,$(GUEST_OUT)/bench/%.o, \
                         $(wildcard $(BENCH_SRC)/*.c $(BENCH_SRC)/*.asm)) \
              $(patsubst $(GUEST_SRC)/lib/%,$(GUEST_OUT)/kernel/lib/%.o, \
                         $(wildcard $(GUEST_SRC)/lib/format.c $(GUEST_SRC)/lib/string.c))

$(GUEST_OUT)/bench/%.c.o: $(BENCH_SRC)/%.c guest/bench.mk
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_CFLAGS) -mgeneral-regs-only -I$(GUEST_SRC) -MMD -MP -c $< -o $@

$(GUEST_OUT)/bench/%.asm.o: $(BENCH_SRC)/%.asm guest/bench.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -MD $(@:.o=.d) -MP $< -o $@

$(BENCH): $(BENCH_OBJS) $(BENCH_SRC)/bench.ld
	$(Q)$(CC32) $(GUEST_LDFLAGS) -T $(BENCH_SRC)/bench.ld $(filter %.o,$^) -lgcc -o $@

-include $(wildcard $(GUEST_OUT)/bench/*.d)

.PHONY: bench-guest
bench-guest: $(BENCH) ## build the benchmark guest's image
