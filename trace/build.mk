# SPDX-License-Identifier: BSD-2-Clause
# libbegat-trace: recordings and what is made of them. Included by the Makefile.

TRACE_SRCS := $(sort $(wildcard trace/*/*.c))
TRACE_OBJS := $(TRACE_SRCS:%.c=$(BUILD)/%.o)
TRACE_LIB := $(BUILD)/libbegat-trace.a
TRACE_LDLIBS := -lsqlite3 -lm

$(TRACE_LIB): $(TRACE_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

-include $(TRACE_OBJS:.o=.d)
