# The trap report of a guest: what trapped, why, and what it cost.

REPORT_DIR  := $(BUILD)/report
REPORT_NAME := $(VM_NAME)
REPORT_OUT  := $(REPORT_DIR)/$(REPORT_NAME)

##@ Run

.PHONY: report
report: iso ## boot the guest under Umbra and report its traps: table, CSV, JSON, SVG
	@mkdir -p $(REPORT_DIR)
	@echo "  RUN     $(REPORT_NAME) (what it prints: $(REPORT_OUT).serial)"
	@tools/run umbra $(ISO) --memory $(HOST_MEM) --log $(REPORT_OUT).log \
	    $(if $(CPU),--cpu '$(CPU)') $(if $(ICOUNT),--icount) \
	    > $(REPORT_OUT).serial 2> $(REPORT_OUT).run < /dev/null || \
	    { tail -n 1 $(REPORT_OUT).run; echo "report: the guest did not end well; so far:"; }
	@tools/report $(REPORT_OUT).log --output $(REPORT_OUT) $(if $(ICOUNT),--icount)
	@echo "  WROTE   $(REPORT_OUT).txt .csv .json .svg"
