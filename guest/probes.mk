# The probe suite: one image that prints what a guest can find out about the machine it runs on.

PROBES_SRC := guest/probes
PROBES     := $(GUEST_OUT)/probes.elf

PROBES_OBJS := $(patsubst $(PROBES_SRC)/%,$(GUEST_OUT)/probes/%.o, \
                          $(wildcard $(PROBES_SRC)/*.c $(PROBES_SRC)/*.asm)) \
               $(patsubst $(GUEST_SRC)/lib/%,$(GUEST_OUT)/kernel/lib/%.o, \
                          $(wildcard $(GUEST_SRC)/lib/format.c $(GUEST_SRC)/lib/string.c))

$(GUEST_OUT)/probes/%.c.o: $(PROBES_SRC)/%.c guest/probes.mk
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_CFLAGS) -mgeneral-regs-only -I$(GUEST_SRC) -MMD -MP -c $< -o $@

$(GUEST_OUT)/probes/%.asm.o: $(PROBES_SRC)/%.asm guest/probes.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -MD $(@:.o=.d) -MP $< -o $@

$(PROBES): $(PROBES_OBJS) $(PROBES_SRC)/probes.ld
	$(Q)$(CC32) $(GUEST_LDFLAGS) -T $(PROBES_SRC)/probes.ld $(filter %.o,$^) -lgcc -o $@

-include $(wildcard $(GUEST_OUT)/probes/*.d)

.PHONY: probes
probes: $(PROBES) ## build the probe suite's image
