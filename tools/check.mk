# Checks without running anything: format, layout, warnings of a second compiler, cppcheck.

CHECK_DIR   := $(BUILD)/check
C_FILES      = $(shell find hypervisor guest shadow_pt emulate tests -name '*.[ch]')
PURE_SRC    := $(wildcard emulate/*/*.c shadow_pt/*.c)
MONITOR_SRC := $(PURE_SRC) $(wildcard hypervisor/*/*.c)
KERNEL_SRC  := $(wildcard guest/kernel/*.c guest/kernel/lib/*.c)
IMAGE_SRC   := $(wildcard guest/probes/*.c guest/bench/*.c guest/hostile/*.c)
USER_SRC    := $(wildcard guest/kernel/user/*.c guest/kernel/user/lib/*.c)
TEST_SRC    := $(wildcard tests/unit/*.c tests/fuzz/*.c tests/verify/*.c)

# As the monitor is built; the compiler's word size and registers are all that matters here.
FREESTANDING := -std=gnu11 -O2 $(WARN) -I. -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only \
                -fno-stack-protector
PURE_OBJ     := $(PURE_SRC:%.c=$(CHECK_DIR)/%.o)

$(CHECK_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC64) $(FREESTANDING) -MMD -MP -c -o $@ $<

-include $(wildcard $(CHECK_DIR)/*/*.d $(CHECK_DIR)/*/*/*.d)

##@ Tests

.PHONY: check check-format check-arrows check-mutants check-clang check-cppcheck format
check: check-format check-arrows check-mutants check-clang check-cppcheck ## format, arrows, warnings, cppcheck

check-format:
	@echo "  CHECK   format"
	$(Q)clang-format --dry-run -Werror $(C_FILES)

check-arrows: $(PURE_OBJ)
	@echo "  CHECK   arrows"
	$(Q)tools/check-arrows $(PURE_OBJ)

check-mutants:
	@echo "  CHECK   mutants"
	$(Q)tools/illusion-mutants --check

check-clang:
	@echo "  CHECK   warnings (clang)"
	$(Q)clang -fsyntax-only $(FREESTANDING) $(MONITOR_SRC)
	$(Q)clang -fsyntax-only $(GUEST_CFLAGS) -mgeneral-regs-only -I$(GUEST_SRC) $(KERNEL_SRC) $(IMAGE_SRC)
	$(Q)clang -fsyntax-only $(GUEST_CFLAGS) -mno-sse -I$(GUEST_SRC) -I$(GUEST_SRC)/user $(USER_SRC)
	$(Q)$(if $(TEST_SRC),clang -fsyntax-only -std=gnu11 $(WARN) -I. $(TEST_SRC))

check-cppcheck:
	@echo "  CHECK   cppcheck"
	@mkdir -p $(CHECK_DIR)/cppcheck
	$(Q)cppcheck --quiet -j2 --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 --cppcheck-build-dir=$(CHECK_DIR)/cppcheck -I. -I$(GUEST_SRC) \
	    $(MONITOR_SRC) $(KERNEL_SRC) $(USER_SRC) $(WORKLOAD_SRC)

format: ## clang-format all C files in place
	@clang-format -i $(C_FILES)
