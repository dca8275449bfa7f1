# The monitor: build/hypervisor/umbra.elf, a multiboot2 image.

HV        := $(BUILD)/hypervisor
UMBRA_ELF := $(HV)/umbra.elf

# asm_offsets.c is no code: the assembly's constants are extracted from it.
HV_OFFSETS := hypervisor/cpu/asm_offsets.c
HV_C   := $(filter-out $(HV_OFFSETS),$(wildcard hypervisor/*/*.c)) \
          $(wildcard emulate/cpu/*.c emulate/pc/*.c shadow_pt/*.c)
HV_ASM := $(wildcard hypervisor/*/*.asm)
HV_OBJ := $(HV_C:%=$(HV)/%.o) $(HV_ASM:%=$(HV)/%.o)

# Link-time optimisation joins the few small functions between a trap and its handler: a third of
# what a CLI costs. -fbuiltin: small copies become moves.
#
# No SSE, x87 or red zone: the guest's FPU state stays live, and traps push onto the same stack.
# Frame pointers are what a panic's backtrace walks.
HV_CFLAGS := -std=gnu11 -O2 -g -flto=auto -ffreestanding -fbuiltin -fno-pic -mcmodel=kernel -mno-red-zone \
             -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
             -fno-omit-frame-pointer -fcf-protection=none -I. $(WARN)
HV_LDFLAGS := $(HV_CFLAGS) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
              -Wl,-z,noexecstack -Wl,--fatal-warnings \
-Wl,-T,hypervisor/boot/umbra.ld

##@ Monitor

.PHONY: hypervisor
hypervisor: $(UMBRA_ELF) ## build the monitor

# gcc makes loops of memcpy() and strlen() calls to themselves unless told not to.
$(HV)/hypervisor/mm/string.c.o: HV_CFLAGS += -fno-tree-loop-distribute-patterns

$(HV)/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC64) $(HV_CFLAGS) -MMD -MP -c $< -o $@

$(HV)/%.asm.o: %.asm $(HV)/asm_offsets.inc
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	$(Q)$(NASM) -f elf64 -g -F dwarf -Werror -I$(HV)/ -MD $(@:.o=.d) -MP $< -o $@

$(HV)/asm_offsets.inc: $(HV_OFFSETS)
	@mkdir -p $(@D)
	$(Q)$(CC64) $(HV_CFLAGS) -fno-lto -MMD -MP -MT $@ -MF $(HV)/asm_offsets.d -S $< -o $(HV)/asm_offsets.s
	$(Q)sed -n 's/^#define/%define/p' $(HV)/asm_offsets.s > $@

# Linked twice: the first image has an empty symbol table, and gives the names for the second.
$(HV)/symbols_none.c: hypervisor/report/symbols.awk
	@mkdir -p $(@D)
	$(Q)awk -f $< /dev/null > $@

$(HV)/symbols_all.c: hypervisor/report/symbols.awk $(HV)/umbra_first.elf
	$(Q)nm -n $(HV)/umbra_first.elf | awk -f $< > $@

$(HV)/symbols_%.o: $(HV)/symbols_%.c hypervisor/report/symbols.h
	$(Q)$(CC64) $(HV_CFLAGS) -c $< -o $@

$(HV)/umbra_first.elf: $(HV_OBJ) $(HV)/symbols_none.o hypervisor/boot/umbra.ld
	$(Q)$(CC64) $(HV_LDFLAGS) $(filter %.o,$^) -o $@

$(UMBRA_ELF): $(HV_OBJ) $(HV)/symbols_all.o hypervisor/boot/umbra.ld
	@echo "  LD      $@"
	$(Q)$(CC64) $(HV_LDFLAGS) $(filter %.o,$^) -o $@

-include $(HV_OBJ:.o=.d) $(HV)/asm_offsets.d
