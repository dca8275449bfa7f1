# The guests: 32-bit kernels that boot on the bare machine and, the same image, under Umbra.

GUEST_SRC := guest/kernel
GUEST_OUT := $(BUILD)/guest
DEMO      := $(GUEST_OUT)/demo.elf

GUEST_CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie \
                -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing $(WARN)
GUEST_LDFLAGS := -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
                 -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments

# --- Programs: each C file in user/ is one, linked with user/lib and lib, packed into a tar. ---

USER_PROGRAMS := $(patsubst $(GUEST_SRC)/user/%.c,$(GUEST_OUT)/bin/%, \
                            $(wildcard $(GUEST_SRC)/user/*.c))
USER_LIB      := $(GUEST_OUT)/user/user.a
USER_START    := $(GUEST_OUT)/user/start.o
USER_LIB_OBJS := $(patsubst $(GUEST_SRC)/%.c,$(GUEST_OUT)/user/%.o, \
                            $(wildcard $(GUEST_SRC)/lib/*.c $(GUEST_SRC)/user/lib/*.c))

$(GUEST_OUT)/user/%.o: $(GUEST_SRC)/%.c guest/guest.mk
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_CFLAGS) -mno-sse -I$(GUEST_SRC) -I$(GUEST_SRC)/user -MMD -MP -c $< -o $@

$(USER_LIB): $(USER_LIB_OBJS)
	@rm -f $@
	$(Q)$(CC32:gcc=ar) rcsD $@ $^

$(USER_START): $(GUEST_SRC)/user/lib/start.asm
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 $< -o $@

$(GUEST_OUT)/bin/%: $(GUEST_OUT)/user/user/%.o $(USER_START) $(USER_LIB) $(GUEST_SRC)/user/user.ld
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_LDFLAGS) -s -T $(GUEST_SRC)/user/user.ld $(filter %.o,$^) $(USER_LIB) \
	    -lgcc -o $@

# Two files that are no programs, for exec to refuse: a text, and a program cut short.
$(GUEST_OUT)/bin/motd: $(GUEST_SRC)/user/motd
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(GUEST_OUT)/bin/truncated: $(GUEST_OUT)/bin/echo
	$(Q)head -c 4200 $< > $@

RAMDISK_FILES := $(sort $(USER_PROGRAMS) $(GUEST_OUT)/bin/motd $(GUEST_OUT)/bin/truncated)

$(GUEST_OUT)/ramdisk.tar: $(RAMDISK_FILES)
	$(Q)tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0755 \
	    -cf $@ -C $(GUEST_OUT)/bin $(notdir $^)

# --- The kernel. ---

KERNEL_OBJS := $(patsubst $(GUEST_SRC)/%,$(GUEST_OUT)/kernel/%.o, \
                          $(wildcard $(GUEST_SRC)/*.c $(GUEST_SRC)/lib/*.c $(GUEST_SRC)/*.asm))

$(GUEST_OUT)/kernel/%.c.o: $(GUEST_SRC)/%.c guest/guest.mk
	@mkdir -p $(@D)
	$(Q)$(CC32) $(GUEST_CFLAGS) -mgeneral-regs-only -fno-omit-frame-pointer -I$(GUEST_SRC) \
	    -MMD -MP -c $< -o $@

$(GUEST_OUT)/kernel/%.asm.o: $(GUEST_SRC)/%.asm guest/guest.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -MD $(@:.o=.d) -MP -D RAMDISK='"$(GUEST_OUT)/ramdisk.tar"' $< -o $@

$(GUEST_OUT)/kernel/ramdisk.asm.o: $(GUEST_OUT)/ramdisk.tar

$(DEMO): $(KERNEL_OBJS) $(GUEST_SRC)/kernel.ld
	$(Q)$(CC32) $(GUEST_LDFLAGS) -T $(GUEST_SRC)/kernel.ld $(filter %.o,$^) -lgcc -o $@

-include $(wildcard $(GUEST_OUT)/kernel/*.d $(GUEST_OUT)/kernel/lib/*.d \
                    $(GUEST_OUT)/user/lib/*.d $(GUEST_OUT)/user/user/*.d \
                    $(GUEST_OUT)/user/user/lib/*.d)

##@ Guests

.SECONDARY: $(USER_LIB_OBJS) $(USER_PROGRAMS:$(GUEST_OUT)/bin/%=$(GUEST_OUT)/user/user/%.o)
.PHONY: guest
guest: $(DEMO) ## build the demo guest's kernel image
include guest/probes.mk
include guest/hostile.mk
include guest/bench.mk
include guest/workload.mk
