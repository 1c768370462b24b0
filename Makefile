# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets: what stands after "##" in this file and those that it includes.
# Everything that is generated lies under $(BUILD).

.DEFAULT_GOAL := all
VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
# How the command has the libraries: shared, or static for one file that runs anywhere.
LINK ?= shared
$(if $(filter-out shared static,$(LINK)),$(error LINK is shared or static, not $(LINK)))
# Where $(BUILD) is made for another architecture: the vm tests set these three.
ARCH ?= $(shell uname -m)
# Debian's words as well as the kernel's.
override ARCH := $(patsubst arm64,aarch64,$(patsubst amd64,x86_64,$(ARCH)))
CC ?= cc
# clang, or else any version of 14 and up, the oldest first.
first_of = $(firstword $(shell command -v $(1) $$(seq -f $(1)-%g 14 30)))
ifndef CLANG
CLANG := $(call first_of,clang)
endif
ifndef LLVM_STRIP
LLVM_STRIP := $(call first_of,llvm-strip)
endif

SCDOC ?= $(shell command -v scdoc)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
# CPPFLAGS, CFLAGS and LDFLAGS are the user's, on the command line too: ours are BASE_*.
CFLAGS ?= -O2 -g
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -fvisibility=hidden -fPIC -pthread $(WARNINGS)
BASE_CPPFLAGS := -I. -Iinclude -Isrc -Itrace -DBEGAT_VERSION=\"$(VERSION)\"
LDLIBS_BPF ?= -lbpf -lelf -lz
ifdef WERROR
BASE_CFLAGS += -Werror
endif
ifdef SAN
override BUILD := $(BUILD)/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BASE_CFLAGS += $(SAN_FLAGS)
BASE_LDFLAGS += $(SAN_FLAGS)
endif

BPF_ARCH := $(if $(filter aarch64,$(ARCH)),arm64,$(if $(filter x86_64,$(ARCH)),x86,$(ARCH)))
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-function \
	-Wno-unused-parameter -Werror -D__TARGET_ARCH_$(BPF_ARCH) -I. -Ibpf

# Flags are a dependency: one of these files is written when its flags are not those of the last
# build, so that objects of different flags are never mixed.
FLAGS_c := $(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS)
FLAGS_bpf := $(CLANG) $(BPF_CFLAGS)
FLAGS_link := $(CC) $(LINK) $(BASE_LDFLAGS) $(LDFLAGS) $(LDLIBS_BPF)
is_same = $(if $(subst x$(1),,x$(2))$(subst x$(2),,x$(1)),,yes)
flags_changed := $(foreach f,c bpf link,$(if $(call is_same,$(strip $(FLAGS_$(f))),$(strip \
	$(file <$(BUILD)/flags.$(f)))),,$(BUILD)/flags.$(f)))
$(flags_changed): FORCE
$(BUILD)/flags.%:
	@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(strip $(FLAGS_$*)))' > $@
FORCE:

# A line for each file; V=1 shows the commands, -s nothing.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-6s %s\n' '$(1)' '$(2)')

LIB_SRCS := $(sort $(wildcard src/*/*.c))
# The private kit: hidden in each library, and the command has its own.
BASE_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard base/*.c)))
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o) $(BASE_OBJS) $(BUILD)/bpf/embed.o
CLI_SRCS := $(sort $(wildcard cli/*.c cli/*/*.c))
CLI_OBJS := $(CLI_SRCS:%.c=$(BUILD)/%.o)

# What fields mean: the words of docs/events.md, for `begat help events`.
$(BUILD)/gen/meanings.def: docs/events.md scripts/events-man.sh
	@mkdir -p $(@D)
	scripts/events-man.sh --meanings > $@
$(BUILD)/cli/help_topics.o: $(BUILD)/gen/meanings.def
$(BUILD)/cli/help_topics.o: CPPFLAGS += -I$(BUILD)
include trace/build.mk

##@ Begin here
## demo: install what is missing, build, trace a real command (needs root)
demo:
	scripts/demo.sh

## deps: install what building and testing need; DEPS='build vm' these sets of scripts/install-deps.sh
DEPS ?= all
deps:
	scripts/install-deps.sh $(DEPS)

## help: this list
help:
	@awk '/^##@ / { print substr($$0, 5) ":" } \
		/^## / { at = index($$0, ": "); printf "  make %-27s %s\n", substr($$0, 4, at - 4), substr($$0, at + 2) }' \
		$(HELP_FILES)
HELP_FILES = $(filter-out %.d,$(MAKEFILE_LIST))

##@ Build
## all: build/begat, build/libbegat.{so,a} and build/libbegat-trace.{so,a}; what `make` alone does
## all LINK=static: the command as one file, without libraries of its own
## all V=1: with each command whole; any other target takes it too
## all SAN=1: with ASan and UBSan, under build/san; any other target takes it too
all: $(BUILD)/begat $(BUILD)/libbegat.so $(BUILD)/libbegat.a $(TRACE_SHARED) $(TRACE_LIB)

$(BUILD)/%.o: %.c $(BUILD)/flags.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The BPF object is one unit: begat.bpf.c includes the hooks, the hooks the emitters. It is there
# twice: see HELD() in bpf/preempt.h.
BPF_OBJECTS := $(BUILD)/bpf/begat.bpf.o $(BUILD)/bpf/begat_preemptible.bpf.o
$(BUILD)/bpf/begat_preemptible.bpf.o: BPF_CFLAGS += -DBEGAT_PREEMPTIBLE
$(BPF_OBJECTS): bpf/begat.bpf.c $(BUILD)/flags.bpf
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(if $(LLVM_STRIP),$(LLVM_STRIP) -g $@)

# embed OBJECT,PREEMPTIBLE: the compiled programs, or for the unit tests none, as data of the library.
EMBED := src/attach/embed.S
embed = $(CC) $(SAN_FLAGS) -DBPF_OBJECT='"$(1)"' -DBPF_OBJECT_PREEMPTIBLE='"$(2)"' -c $(EMBED) -o $@

$(BUILD)/bpf/embed.o: $(EMBED) $(BPF_OBJECTS)
	$(Q)$(call embed,$(BUILD)/bpf/begat.bpf.o,$(BUILD)/bpf/begat_preemptible.bpf.o)

$(BUILD)/libbegat.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# shared NAME,OBJECTS,LIBRARIES,FLAGS: only the symbols of packaging/NAME.map leave it.
shared = $(CC) -shared $(BASE_LDFLAGS) $(LDFLAGS) -Wl,-soname,$(1).so.0 -Wl,--build-id \
	-Wl,--version-script=packaging/$(1).map -Wl,-Bsymbolic-functions -Wl,-z,defs $(2) $(3) -pthread $(4)

$(BUILD)/libbegat.so: $(LIB_OBJS) packaging/libbegat.map $(BUILD)/flags.link
	$(call say,LINK,$@)
	$(Q)$(call shared,libbegat,$(LIB_OBJS),$(LDLIBS_BPF),-o $@)
	$(Q)ln -sf $(@F) $@.0

# An absolute path too: the dynamic linker ignores $ORIGIN where there are file capabilities.
BUILD_RPATH := -Wl,-rpath,'$$ORIGIN:$(abspath $(BUILD))'
COMMAND_LIBS_shared := $(BASE_OBJS) $(TRACE_SHARED) $(BUILD)/libbegat.so
COMMAND_LIBS_static := $(TRACE_LIB) $(BUILD)/libbegat.a
link_command = $(CC) $(BASE_LDFLAGS) $(LDFLAGS) -Wl,--build-id $(CLI_OBJS) $(COMMAND_LIBS_$(LINK)) \
	$(if $(filter static,$(LINK)),$(LDLIBS_BPF) $(TRACE_LDLIBS)) -pthread

$(BUILD)/begat: $(CLI_OBJS) $(COMMAND_LIBS_$(LINK)) $(BUILD)/flags.link
	$(call say,LINK,$@)
	$(Q)$(link_command) $(if $(filter shared,$(LINK)),$(BUILD_RPATH)) -o $@

-include $(LIB_OBJS:.o=.d) $(BASE_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(BPF_OBJECTS:.o=.d)
include tests/tests.mk
include bench/bench.mk
include packaging/install.mk

##@ Before a change is sent
## check: all the checks below, and a build with warnings as errors
check: check-layers check-circles check-names check-prose check-format check-help check-page check-floor
	$(MAKE) WERROR=1 BUILD=build/check all unit-build integration-build

## check-layers: each folder includes only what the table in scripts/check-layers.sh allows
check-layers:
	scripts/check-layers.sh

## check-names: functions, members and files that comments and documents name exist
check-names:
	scripts/check-names.py

## check-prose: the phrases that CONTRIBUTING.md advises against
check-prose:
	scripts/check-prose.sh

## check-format: clang-format, SPDX lines, plain text
check-format:
	scripts/check-format.sh

## check-help: every target has its line in this list
check-help:
	scripts/check-help.sh $(HELP_FILES)

## check-circles: no files of src/, trace/, cli/ and base/ need each other
check-circles:
	scripts/check-circles.py

## check-page: the built page of `begat report` is what its sources make
check-page:
	scripts/build-report.sh --check || [ $$? = 77 ]

## clean: remove build/
clean:
	rm -rf build

.PHONY: all deps demo help clean check check-layers check-names check-prose check-format check-help \
	check-circles check-page
.DELETE_ON_ERROR:
