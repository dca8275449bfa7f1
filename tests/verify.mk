# The full comparison of emulate/cpu with implementations that others wrote. A row's program is
# tests/verify/verify_NAME.c (or verify_NAME, a script); tools/verify-emulate says what it prints.

VERIFY_DIR    := $(BUILD)/verify
# Hidden: Unicorn has names of its own that are also ours (cpu_reset).
VERIFY_CFLAGS := -std=gnu11 -O2 -g -fvisibility=hidden $(WARN) -I. -MMD -MP
VERIFY_LIBS   := -lZydis -lZycore -lcapstone -lunicorn
VERIFY_OBJ    := $(patsubst %.c,$(VERIFY_DIR)/%.o,$(wildcard emulate/cpu/*.c))
VERIFY_SHARED := $(patsubst %.c,$(VERIFY_DIR)/%.o, \
                   $(filter-out tests/verify/verify_%,$(wildcard tests/verify/*.c)))
VERIFY_BUILT  := $(patsubst tests/verify/%.c,$(VERIFY_DIR)/%,$(wildcard tests/verify/verify_*.c))
VERIFY_SCRIPT := $(filter-out %.c %.h,$(wildcard tests/verify/verify_*))
# The same comparers, with sanitizers, for the samples in the unit tests.
VERIFY_HOST   := $(HOST_DIR)/libverify.a

##? ROWS="decode"        only programs of `make verify-emulate` whose names contain one of these

# Code that others compiled, to sweep over: a Linux kernel and busybox.
VERIFY_GUESTS := $(BUILD)/guests/linux.elf

.PHONY: verify-emulate
verify-emulate: $(VERIFY_BUILT) $(VERIFY_GUESTS) $(UMBRA_ELF) $(DEMO) ## compare decoder and interpreter with others' in full (minutes)
	@tools/verify-emulate --json $(BUILD)/verify-emulate.json --only '$(ROWS)' \
	    $(VERIFY_BUILT) $(VERIFY_SCRIPT)

$(VERIFY_DIR)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $< (verify)"
	$(Q)$(HOST_CC) $(VERIFY_CFLAGS) -c -o $@ $<

$(VERIFY_GUESTS):
	@tools/fetch-guests linux initrd

# Optimised and without sanitizers, unlike the unit tests: these run for minutes.
$(VERIFY_DIR)/libcpu.a: $(VERIFY_OBJ) $(VERIFY_SHARED)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(VERIFY_BUILT): $(VERIFY_DIR)/%: $(VERIFY_DIR)/tests/verify/%.o $(VERIFY_DIR)/libcpu.a
	@echo "  LD      $@"
	$(Q)$(HOST_CC) $(VERIFY_CFLAGS) -o $@ $^ $(VERIFY_LIBS)

$(VERIFY_HOST): $(VERIFY_SHARED:$(VERIFY_DIR)/%=$(HOST_DIR)/%)
	@rm -f $@
	$(Q)ar rcs $@ $^

# A sample of these runs with the unit tests.
$(HOST_DIR)/test_verify: | $(addprefix $(VERIFY_DIR)/,verify_execute_host verify_execute_unicorn)

-include $(wildcard $(VERIFY_DIR)/*/*/*.d)
