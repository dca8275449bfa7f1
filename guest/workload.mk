# The user space of Linux' workload (tools/workload.py makes the image): static programs of our own.
WORKLOAD_SRC := $(wildcard guest/workload/*.c)
WORKLOAD     := $(patsubst guest/workload/%.c,$(GUEST_OUT)/workload/%,$(WORKLOAD_SRC))
# With symbols, for gdb, but nothing else of what a debugger reads.
WORKLOAD_CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -static -no-pie -Wl,--strip-debug \
                   -Wl,--build-id=none $(WARN)

$(WORKLOAD): $(GUEST_OUT)/workload/%: guest/workload/%.c
	@mkdir -p $(@D)
	$(Q)$(CC32) $(WORKLOAD_CFLAGS) -o $@ $<
