# The hostile guest: one image that tries to break out of its machine, or to break the machine.

HOSTILE_SRC := guest/hostile
HOSTILE     := $(GUEST_OUT)/hostile.elf

HOSTILE_OBJS := $(patsubst $(HOSTILE_SRC)/%,$(GUEST_OUT)/hostile/%.o, \
                           $(wildcard $(HOSTILE_SRC)/*.c $(HOSTILE_SRC)/*.asm)) \
                $(patsubst $(GUEST_SRC)/lib/%,$(GUEST_OUT)/kernel/lib/%.o, \
                           $(wildcard $(GUEST_SRC)/lib/format.c $(GUEST_SRC)/lib/string.c))

$(GUEST_OUT)/hostile/%.c.o: $(HOSTILE_SRC)/%.c guest/hostile.mk
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_CFLAGS) -mgeneral-regs-only -I$(GUEST_SRC) -MMD -MP -c $< -o $@

$(GUEST_OUT)/hostile/%.asm.o: $(HOSTILE_SRC)/%.asm $(HOSTILE_SRC)/selectors.inc
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -I$(HOSTILE_SRC)/ $< -o $@

$(HOSTILE): $(HOSTILE_OBJS) $(HOSTILE_SRC)/hostile.ld
	$(Q)$(CC32) $(GUEST_LDFLAGS) -T $(HOSTILE_SRC)/hostile.ld $(filter %.o,$^) -lgcc -o $@

-include $(wildcard $(GUEST_OUT)/hostile/*.d)

.PHONY: hostile
hostile: $(HOSTILE) ## build the hostile guest's image
