# Tests. Unit tests run on the host: emulate/ and shadow_pt/ are pure, so the very sources of the
# monitor are built a second time, with sanitizers. Boot tests run whole machines in QEMU.

HOST_CC     := gcc
HOST_DIR    := $(BUILD)/host
# To work on one folder while another does not compile: make test-decode HOST_SRC="emulate/cpu/..."
HOST_SRC    := $(wildcard emulate/cpu/*.c emulate/pc/*.c shadow_pt/*.c) \
               $(wildcard hypervisor/load/config.c hypervisor/load/elf.c \
                          hypervisor/load/elf_symbols.c hypervisor/load/kernel.c \
                          hypervisor/load/linux_header.c hypervisor/load/multiboot_header.c \
                          hypervisor/load/smbios.c hypervisor/report/counters.c \
                          hypervisor/report/json.c hypervisor/vm/keys.c hypervisor/vm/text.c \
                          hypervisor/vm/descriptor_rule.c hypervisor/vm/poll.c) \
               $(wildcard $(addprefix hypervisor/debug/,packet.c registers.c rsp.c line.c))
HOST_OBJ    := $(HOST_SRC:%.c=$(HOST_DIR)/%.o)
HOST_LIB    := $(HOST_DIR)/libpure.a
HOST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer $(WARN) -I. -MMD -MP \
               -fsanitize=address,undefined -fno-sanitize-recover=all

UNIT_TESTS   := $(patsubst tests/unit/%.c,$(HOST_DIR)/%,$(wildcard tests/unit/test_*.c))
UNIT_SUPPORT := $(patsubst %.c,$(HOST_DIR)/%.o,$(wildcard tests/unit/support_*.c))

# Every fuzz target is built twice: for libFuzzer, and as a unit test that replays its corpus
# and random inputs.
FUZZ_DIR     := $(BUILD)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_TARGETS:%=$(HOST_DIR)/%)
FUZZ_FUZZERS := $(FUZZ_TARGETS:%=$(FUZZ_DIR)/%)
FUZZ_CFLAGS  := $(HOST_CFLAGS) -O2 -fsanitize=fuzzer

TINY        := $(BUILD)/tests/tiny.elf
TRIPLE      := $(BUILD)/tests/triple.elf
MULTIBOOT2  := $(BUILD)/tests/multiboot2.elf
SMALL       := $(patsubst tests/boot/%.asm,$(BUILD)/tests/%.elf,$(wildcard tests/boot/small/*.asm))
BOOT_IMAGES := $(UMBRA_ELF) $(DEMO) $(TINY) $(TRIPLE) $(MULTIBOOT2) $(SMALL)

##? SECONDS=30          how long `make fuzz` works on each target
##? BOOT="demo bad-"    only boot tests whose names match one of these regular expressions
SECONDS := 30
BOOT    :=

##@ Tests

.PHONY: test unit boot-test test-guests fuzz
test: $(UNIT_TESTS) $(FUZZ_REPLAYS) $(BOOT_IMAGES) ## run all tests
	@tools/setup
	@rm -f $(BUILD)/tests/*.result
	@tests/unit/run.py --result $(BUILD)/tests/unit.result $(UNIT_TESTS) $(FUZZ_REPLAYS) || true
	@tests/boot/run.py --build $(BUILD) --result $(BUILD)/tests/boot.result || true
	@tests/boot/guests.py --short --build $(BUILD) --result $(BUILD)/tests/guests.result || true
	@awk -f tests/total.awk $(addprefix $(BUILD)/tests/,unit.result boot.result guests.result)

unit: $(UNIT_TESTS) $(FUZZ_REPLAYS) ## run the unit tests (ASan, UBSan); one of them: make test-NAME
	@tests/unit/run.py --result $(BUILD)/tests/unit.result $^

boot-test: $(BOOT_IMAGES) ## boot guests natively and under Umbra in QEMU
	@tests/boot/run.py --build $(BUILD) --result $(BUILD)/tests/boot.result $(foreach p,$(BOOT),'$p')

test-guests: $(UMBRA_ELF) $(WORKLOAD) ## boot Linux, memtest86+, GNU Mach, Invaders natively and under each engine
	@tests/boot/guests.py --build $(BUILD) $(foreach p,$(BOOT),'$p')

fuzz: $(FUZZ_FUZZERS) ## fuzz decoder, virtual CPU, events, code views, board, shadow, loader, gdb line
	@for fuzzer in $(FUZZ_FUZZERS); do \
	    echo "$$fuzzer" && tests/fuzz/corpus.py unpack \
	        tests/fuzz/corpus/$${fuzzer##*/}.hex $$fuzzer.corpus && \
	    $$fuzzer -max_total_time=$(SECONDS) -max_len=1024 -len_control=0 -timeout=10 -verbosity=0 \
	        -print_funcs=0 -print_final_stats=1 -artifact_prefix=$$fuzzer- $$fuzzer.corpus || \
	    exit 1; \
	done

test-%: $(HOST_DIR)/test_%
	@tests/unit/run.py --verbose $<

test-fuzz-%: $(HOST_DIR)/fuzz_%
	@tests/unit/run.py --verbose $<

# --- Host programs ---

$(HOST_DIR)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $< (host)"
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -c -o $@ $<

# An archive: a test program takes in only what it uses. Made anew when the list of sources changes.
$(HOST_LIB): $(HOST_OBJ) $(HOST_DIR)/sources
	@rm -f $@
	$(Q)ar rcs $@ $(HOST_OBJ)

.PHONY: FORCE
$(HOST_DIR)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(HOST_SRC)' | cmp -s - $@ || echo '$(HOST_SRC)' > $@

$(UNIT_TESTS): $(HOST_DIR)/%: $(HOST_DIR)/tests/unit/%.o $(UNIT_SUPPORT) $(HOST_DIR)/libverify.a \
                              $(HOST_LIB)
	@echo "  LD      $@"
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka -lZydis -lZycore -lcapstone

$(FUZZ_REPLAYS): $(HOST_DIR)/%: $(HOST_DIR)/tests/fuzz/%.o $(HOST_DIR)/tests/fuzz/replay.o $(HOST_LIB)
	@echo "  LD      $@"
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

$(FUZZ_DIR)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CLANG   $< (fuzz)"
	$(Q)clang $(FUZZ_CFLAGS) -c -o $@ $<

$(FUZZ_FUZZERS): $(FUZZ_DIR)/%: $(FUZZ_DIR)/tests/fuzz/%.o $(HOST_SRC:%.c=$(FUZZ_DIR)/%.o)
	@echo "  LD      $@"
	$(Q)clang $(FUZZ_CFLAGS) -o $@ $^

-include $(wildcard $(HOST_DIR)/*/*.d $(HOST_DIR)/*/*/*.d $(FUZZ_DIR)/*/*.d $(FUZZ_DIR)/*/*/*.d)

# --- The smallest guests ---

SMALL_BASE := 0x100000
# An even MiB: to switch A20 off changes none of its addresses.
$(BUILD)/tests/small/a20.elf: SMALL_BASE := 0x200000
$(SMALL): $(wildcard tests/boot/small/*.inc)

$(TINY) $(TRIPLE) $(MULTIBOOT2) $(SMALL): $(BUILD)/tests/%.elf: tests/boot/%.asm
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -I tests/boot/small/ -o $(@:.elf=.o) $<
	$(Q)$(CC32) -nostdlib -static -no-pie -Wl,-N,-Ttext=$(SMALL_BASE),-e,start,--build-id=none \
	    -Wl,--no-warn-rwx-segments -o $@ $(@:.elf=.o)
include tests/hostile.mk tests/verify.mk
