# Umbra: build, run and test. `make help` lists the targets.
#
# Each folder brings its own fragment, so that what is built from a folder is described in it.

BUILD := build
Q     := $(if $(V),,@)

CC64 := x86_64-linux-gnu-gcc
CC32 := i686-linux-gnu-gcc
NASM := nasm

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# make remakes what it includes before anything else: the tools are there before a rule needs one.
ifneq ($(filter-out help clean setup,$(or $(MAKECMDGOALS),help)),)
include $(BUILD)/setup.mk
$(BUILD)/setup.mk: tools/setup
	@tools/setup
	@mkdir -p $(@D) && touch $@
endif

include hypervisor/hypervisor.mk guest/guest.mk tools/tools.mk tools/check.mk tests/tests.mk

##@ General

# In the order in which a person meets them.
HELP_MK := $(addprefix tools/,tools.mk guests.mk debug.mk report.mk) \
           $(addprefix tests/,tests.mk hostile.mk verify.mk) \
           $(addprefix tools/,illusion.mk bench.mk bench-emulate.mk check.mk) $(wildcard guest/*.mk) \
           hypervisor/hypervisor.mk

.PHONY: help clean
help: ## list the targets
	@awk -f tools/help.awk $(HELP_MK) Makefile

clean: ## remove everything that was built
	rm -rf $(BUILD)
