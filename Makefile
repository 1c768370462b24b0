# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets. Everything that is generated lies under $(BUILD).

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
CLANG_VERSIONS := $(shell seq 14 30)
first_of = $(firstword $(foreach c,$(1) $(CLANG_VERSIONS:%=$(1)-%),$(shell command -v $(c))))
CLANG ?= $(call first_of,clang)
LLVM_STRIP ?= $(call first_of,llvm-strip)

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
-include $(wildcard trace/build.mk)

all: $(BUILD)/begat $(BUILD)/libbegat.so $(BUILD)/libbegat.a $(TRACE_SHARED) $(TRACE_LIB)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The BPF object is one unit: begat.bpf.c includes the hooks, the hooks the emitters. It is there
# twice: see HELD() in bpf/preempt.h.
BPF_OBJECTS := $(BUILD)/bpf/begat.bpf.o $(BUILD)/bpf/begat_preemptible.bpf.o
$(BUILD)/bpf/begat_preemptible.bpf.o: BPF_CFLAGS += -DBEGAT_PREEMPTIBLE
$(BPF_OBJECTS): bpf/begat.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(if $(LLVM_STRIP),$(LLVM_STRIP) -g $@)

$(BUILD)/bpf/embed.o: src/attach/embed.S $(BPF_OBJECTS)
	$(CC) $(SAN_FLAGS) -DBPF_OBJECT='"$(BUILD)/bpf/begat.bpf.o"' \
		-DBPF_OBJECT_PREEMPTIBLE='"$(BUILD)/bpf/begat_preemptible.bpf.o"' -c $< -o $@

$(BUILD)/libbegat.a: $(LIB_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

# shared NAME,OBJECTS,LIBRARIES,FLAGS: only the symbols of packaging/NAME.map leave it.
shared = $(CC) -shared $(BASE_LDFLAGS) $(LDFLAGS) -Wl,-soname,$(1).so.0 -Wl,--build-id \
	-Wl,--version-script=packaging/$(1).map -Wl,-Bsymbolic-functions -Wl,-z,defs $(2) $(3) -pthread $(4)

$(BUILD)/libbegat.so: $(LIB_OBJS) packaging/libbegat.map
	$(call shared,libbegat,$(LIB_OBJS),$(LDLIBS_BPF),-o $@)
	ln -sf $(@F) $@.0

# An absolute path too: the dynamic linker ignores $ORIGIN where there are file capabilities.
BUILD_RPATH := -Wl,-rpath,'$$ORIGIN:$(abspath $(BUILD))'
COMMAND_LIBS_shared := $(BASE_OBJS) $(TRACE_SHARED) $(BUILD)/libbegat.so
COMMAND_LIBS_static := $(TRACE_LIB) $(BUILD)/libbegat.a
link_command = $(CC) $(BASE_LDFLAGS) $(LDFLAGS) -Wl,--build-id $(CLI_OBJS) $(COMMAND_LIBS_$(LINK)) \
	$(if $(filter static,$(LINK)),$(LDLIBS_BPF) $(TRACE_LDLIBS)) -pthread

# LINK may differ from one call to the next.
$(BUILD)/link.$(LINK):
	@mkdir -p $(@D) && rm -f $(BUILD)/link.* && touch $@

$(BUILD)/begat: $(CLI_OBJS) $(COMMAND_LIBS_$(LINK)) $(BUILD)/link.$(LINK)
	$(link_command) $(if $(filter shared,$(LINK)),$(BUILD_RPATH)) -o $@

-include $(LIB_OBJS:.o=.d) $(BASE_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(BPF_OBJECTS:.o=.d)
include packaging/install.mk
-include tests/tests.mk
-include $(wildcard bench/bench.mk)

deps:
	scripts/install-deps.sh

demo:
	scripts/demo.sh

check: WERROR := 1
check:
	scripts/check-layers.sh
	scripts/check-names.py
	scripts/check-prose.sh
	scripts/check-format.sh
	$(MAKE) check-floor
	scripts/build-report.sh --check || [ $$? = 77 ]
	$(MAKE) WERROR=1 BUILD=build/check all unit-build integration-build

clean:
	rm -rf build

help:
	@echo 'make            build build/begat, build/libbegat.{so,a} and build/libbegat-trace.{so,a}'
	@echo 'make LINK=static  the command as one file, without libraries of its own'
	@echo 'make demo       install what is missing, build, trace a real command (needs root)'
	@echo 'make test       install what is missing, run every test this machine can run'
	@echo 'make test-distro SUITE=trixie  build, demo and tests in a chroot of that Debian (root)'
	@echo 'make check      include layers, names, prose, format, the built page, warnings as errors'
	@echo 'make SAN=1      the same with ASan and UBSan, under build/san'
	@echo 'make install    DESTDIR= PREFIX= LIBDIR= INSTALL_STRIP= RPATH=: see packaging/install.mk'
	@echo 'make uninstall  with the same variables, removes what install put there'

.PHONY: all deps demo check clean help
.DELETE_ON_ERROR:
