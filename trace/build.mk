# SPDX-License-Identifier: BSD-2-Clause
# libbegat-trace: recordings and what is made of them. Included by the Makefile.

comma := ,
TRACE_SRCS := $(sort $(wildcard trace/*/*.c trace/*/*/*.c))
TRACE_OBJS := $(TRACE_SRCS:%.c=$(BUILD)/%.o) $(BUILD)/trace/report/page.o
TRACE_LIB := $(BUILD)/libbegat-trace.a
TRACE_SHARED := $(BUILD)/libbegat-trace.so
TRACE_LDLIBS := -lsqlite3 -lz -lm

$(TRACE_LIB): $(TRACE_OBJS) $(BASE_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

trace_shared = $(call shared,libbegat-trace,$(TRACE_OBJS) $(BASE_OBJS) $(BUILD)/libbegat.so,$(TRACE_LDLIBS),$(1))

$(TRACE_SHARED): $(TRACE_OBJS) $(BASE_OBJS) $(BUILD)/libbegat.so packaging/libbegat-trace.map
	$(call say,LINK,$@)
	$(Q)$(call trace_shared,-Wl$(comma)-rpath$(comma)'$$ORIGIN' -o $@)
	$(Q)ln -sf $(@F) $@.0

# The page of `begat report` is committed as built; scripts/build-report.sh makes it from web/src.
REPORT_PAGE := trace/report/web/dist/report.html
$(BUILD)/trace/report/page.o: trace/report/page.S $(REPORT_PAGE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN_FLAGS) -DREPORT_PAGE='"$(REPORT_PAGE)"' -c $< -o $@

-include $(TRACE_OBJS:.o=.d)
