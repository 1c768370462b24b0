# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets. Everything that is generated lies under $(BUILD).

.DEFAULT_GOAL := all
VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
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
BASE_CPPFLAGS := -I. -Iinclude -Isrc -DBEGAT_VERSION=\"$(VERSION)\"
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

LIB_SRCS := $(sort $(wildcard base/*.c src/*/*.c))
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o) $(BUILD)/bpf/embed.o
CLI_SRCS := $(sort $(wildcard cli/*.c cli/*/*.c))
CLI_OBJS := $(CLI_SRCS:%.c=$(BUILD)/%.o)

# What fields mean: the words of docs/events.md, for `begat help events`.
$(BUILD)/gen/meanings.def: docs/events.md scripts/events-man.sh
	@mkdir -p $(@D)
	scripts/events-man.sh --meanings > $@
$(BUILD)/cli/help_topics.o: $(BUILD)/gen/meanings.def
$(BUILD)/cli/help_topics.o: CPPFLAGS += -I$(BUILD)
-include $(wildcard trace/build.mk)

all: $(BUILD)/begat $(BUILD)/libbegat.so $(BUILD)/libbegat.a $(BUILD)/libbegat.pc

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The BPF object is one unit: begat.bpf.c includes the hooks, the hooks the emitters. It is there
# twice: see HELD() in bpf/hooks/lifecycle.bpf.c.
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

$(BUILD)/libbegat.so: $(LIB_OBJS) packaging/libbegat.map
	$(CC) -shared $(BASE_LDFLAGS) $(LDFLAGS) -Wl,-soname,libbegat.so.0 -Wl,--version-script=packaging/libbegat.map \
		-Wl,-z,defs $(LIB_OBJS) $(LDLIBS_BPF) -pthread -o $@
	ln -sf libbegat.so $(BUILD)/libbegat.so.0

$(BUILD)/begat: $(CLI_OBJS) $(TRACE_LIB) $(BUILD)/libbegat.a
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS_BPF) $(TRACE_LDLIBS) -pthread -o $@

# PREFIX may differ from one call to the next: always made, replaced only if it changed.
$(BUILD)/libbegat.pc: packaging/libbegat.pc.in FORCE
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@VERSION@|$(VERSION)|' $< > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

FORCE:

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(BPF_OBJECTS:.o=.d)
-include tests/tests.mk
-include $(wildcard bench/bench.mk)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(PREFIX)/include/begat $(DESTDIR)$(PREFIX)/share/doc/begat \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/begat $(DESTDIR)$(PREFIX)/bin/begat
	install -m 755 $(BUILD)/libbegat.so $(DESTDIR)$(LIBDIR)/libbegat.so.$(VERSION)
	ln -sf libbegat.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libbegat.so.0
	ln -sf libbegat.so.0 $(DESTDIR)$(LIBDIR)/libbegat.so
	install -m 644 $(BUILD)/libbegat.a $(BUILD)/libbegat-trace.a $(DESTDIR)$(LIBDIR)/
	install -m 644 $(BUILD)/libbegat.pc $(DESTDIR)$(LIBDIR)/pkgconfig/libbegat.pc
	install -m 644 include/begat/*.h $(DESTDIR)$(PREFIX)/include/begat/
	install -m 644 packaging/completions/begat.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/begat
	install -m 644 packaging/completions/_begat $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	install -m 644 packaging/completions/begat.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/
	install -m 644 README.md CHANGELOG.md LICENSE $(sort $(wildcard docs/*.md docs/*.json docs/*.c \
		docs/*.yml)) $(DESTDIR)$(PREFIX)/share/doc/begat/
	$(if $(SCDOC),for page in docs/man/*.scd; do \
		name=$$(basename $$page .scd); folder=$(DESTDIR)$(PREFIX)/share/man/man$${name##*.}; \
		install -d $$folder && $(SCDOC) < $$page > $$folder/$$name || exit 1; \
	done,@echo 'no man pages: scdoc is missing (scripts/install-deps.sh docs)')

deps:
	scripts/install-deps.sh

demo:
	scripts/demo.sh

check: WERROR := 1
check:
	scripts/check-layers.sh
	scripts/check-format.sh
	$(MAKE) check-floor
	scripts/build-report.sh --check || [ $$? = 77 ]
	$(MAKE) WERROR=1 BUILD=build/check all unit-build integration-build

clean:
	rm -rf build

help:
	@echo 'make            build build/begat and build/libbegat.{so,a}'
	@echo 'make demo       install what is missing, build, trace a real command (needs root)'
	@echo 'make test       install what is missing, run every test this machine can run'
	@echo 'make test-distro SUITE=trixie  build, demo and tests in a chroot of that Debian (root)'
	@echo 'make check      include layers, format, the built page, warnings as errors'
	@echo 'make SAN=1      the same with ASan and UBSan, under build/san'
	@echo 'make install    DESTDIR= PREFIX='

.PHONY: all FORCE install deps demo check clean help
.DELETE_ON_ERROR:
