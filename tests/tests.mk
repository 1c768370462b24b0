# SPDX-License-Identifier: BSD-2-Clause
# Everything about tests; included by the Makefile. tests/README.md says where a new test goes.

TESTS := $(BUILD)/tests
TEST_JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

##@ Tests
## test: all that this machine can run, in about half an hour; SUITES='unit golden' these only
test:
	@missing=$$(scripts/install-deps.sh --missing) && [ -z "$$missing" ] || { \
		echo "make test: these are missing:$$missing; 'make deps' installs them" && \
		$(MAKE) --no-print-directory deps; }
	@$(MAKE) --no-print-directory -s -j$(TEST_JOBS) all unit-build integration-build
	@MAKE='$(MAKE)' BUILD=$(BUILD) tests/lib/run-suites.sh $(SUITES)

## test-distro SUITE=trixie: build, demo and tests in a fresh chroot of that Debian (root)
test-distro:
	@test -n '$(SUITE)' || { echo 'usage: make test-distro SUITE=trixie' >&2; exit 2; }
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/distro/test-distro.sh $(SUITE) $(SUITES)

# --- unit and golden: cmocka programs that may see everything. All files of tests/unit are one
# --- program, tests/unit/run, so that an edit costs one compile and one link. No BPF object is in it.
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_OBJS := $(UNIT_SRCS:%.c=$(BUILD)/%.o)
UNIT := $(TESTS)/unit/run
GOLDEN_SRCS := $(sort $(wildcard tests/golden/test_*.c))
GOLDEN_BINS := $(GOLDEN_SRCS:tests/%.c=$(TESTS)/%)
# Preloaded into the command to make what it calls fail.
PRELOADED := failmem fastclock rejectbpf
PRELOADED_LIBS := $(PRELOADED:%=$(TESTS)/%.so)
TEST_LIB_SRCS := $(filter-out $(PRELOADED:%=tests/lib/%.c) tests/lib/unit.c,$(sort $(wildcard tests/lib/*.c)))
TEST_LIB_OBJS := $(TEST_LIB_SRCS:%.c=$(BUILD)/%.o)
# The product as the tests link it.
TESTED_OBJS := $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJS)) $(TRACE_OBJS) \
	$(filter-out $(BUILD)/bpf/embed.o,$(LIB_OBJS)) $(TESTS)/no_bpf.o

$(BUILD)/tests/%.o: BASE_CPPFLAGS += -Itests/lib -DTESTS_DIR=\"tests\"

$(TESTS)/no_bpf.o: $(EMBED)
	@mkdir -p $(@D) && : > $(@D)/no_bpf
	$(Q)$(call embed,$(@D)/no_bpf,$(@D)/no_bpf)

$(PRELOADED_LIBS): $(TESTS)/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -shared -fPIC -std=gnu11 -D_GNU_SOURCE -O1 $(WARNINGS) $< -o $@

$(UNIT): $(BUILD)/tests/lib/unit.o $(UNIT_OBJS)
$(GOLDEN_BINS): $(TESTS)/%: $(BUILD)/tests/%.o
$(UNIT) $(GOLDEN_BINS): $(TEST_LIB_OBJS) $(TESTED_OBJS) $(BUILD)/flags.link
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $(filter %.o,$^) -lcmocka -ljansson $(LDLIBS_BPF) $(TRACE_LDLIBS) \
		-pthread -o $@

-include $(UNIT_OBJS:.o=.d) $(GOLDEN_BINS:%=%.d) $(TEST_LIB_OBJS:.o=.d) $(BUILD)/tests/lib/unit.d

## unit: functions one by one, in seconds; ONLY=name the files or tests with it in their name
unit: $(UNIT)
	@ONLY='$(ONLY)' tests/lib/run-cmocka.sh $(TESTS)/unit.log \
		$(foreach file,$(UNIT_SRCS),'$(UNIT) $(basename $(notdir $(file)))')

## golden: outputs, recordings, completions, man pages, make install; ONLY=name
golden: all $(GOLDEN_BINS) $(PRELOADED_LIBS)
	@ONLY='$(ONLY)' BUILD=$(BUILD) tests/lib/run-cmocka.sh $(TESTS)/golden.log $(GOLDEN_BINS) \
		$(sort $(wildcard tests/golden/test_*.sh))

## unit-build: what unit and golden run
unit-build: $(UNIT) $(GOLDEN_BINS) $(PRELOADED_LIBS)

# --- integration: the runner, the programs that make processes; static, so that the same
# --- files run in a guest. No sanitizers: they are the workload, not the product.
CASE_SRCS := $(sort $(wildcard tests/integration/cases/c_*.c))
CASE_BINS := $(CASE_SRCS:tests/integration/cases/%.c=$(TESTS)/integration/cases/%)
RUNNER_SRCS := $(sort $(wildcard tests/integration/*.c))
RUNNER_OBJS := $(RUNNER_SRCS:tests/integration/%.c=$(TESTS)/integration/obj/%.o)
RUNNER := $(TESTS)/integration/begat-integration
INTEGRATION_CFLAGS := -std=gnu11 -D_GNU_SOURCE -pthread $(WARNINGS) $(if $(WERROR),-Werror) -O1 -g
# Distributions without static libraries get a dynamic runner; it then runs on the host only.
INTEGRATION_LINK = $(CC) -static $(1) -o $@ 2>$@.log || $(CC) $(1) -o $@

$(CASE_BINS): $(TESTS)/integration/cases/%: tests/integration/cases/%.c \
		tests/integration/cases/truth.c tests/integration/cases/truth.h $(BUILD)/flags.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(call INTEGRATION_LINK,$(INTEGRATION_CFLAGS) $< tests/integration/cases/truth.c)

$(TESTS)/integration/obj/%.o: tests/integration/%.c $(BUILD)/flags.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -Iinclude $(INTEGRATION_CFLAGS) -MMD -MP -c $< -o $@

$(RUNNER): $(RUNNER_OBJS)
	$(call say,LINK,$@)
	$(Q)$(call INTEGRATION_LINK,$(INTEGRATION_CFLAGS) $^ -ljansson)

-include $(RUNNER_OBJS:.o=.d)

## integration-build: the runner of the integration tests and its cases
integration-build: $(RUNNER) $(CASE_BINS)

## integration: begat against processes of known truth, on this kernel (root); ONLY=name
integration: all integration-build $(PRELOADED_LIBS)
	@tests/integration/run-host.sh $(BUILD) $(ONLY)

## browser: the page of `begat report` in a real browser
browser: all
	@BUILD=$(BUILD) CC='$(CC)' SAN_FLAGS='$(SAN_FLAGS)' tests/browser/run.sh

# --- fuzz: needs clang with libFuzzer ---
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_BINS := $(FUZZ_SRCS:tests/fuzz/%.c=$(FUZZ_BUILD)/%)
FUZZ_SECONDS ?= 20
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined

## fuzz-build: the fuzz programs, under build/fuzz
fuzz-build:
	$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(CLANG) \
		CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' fuzz-link

## fuzz-link: fuzz-build's own half
fuzz-link: $(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/%)

$(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/%): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libbegat.a $(TRACE_LIB)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP $< \
		$(TRACE_LIB) $(BUILD)/libbegat.a $(LDLIBS_BPF) $(TRACE_LDLIBS) -o $@

## fuzz-seeds: capture the records of fuzz_decode anew when abi/ has changed (root)
fuzz-seeds: $(BUILD)/bench/costs
	@tests/fuzz/make-seeds.sh $(BUILD)

## fuzz: each fuzz program for FUZZ_SECONDS (20)
fuzz: fuzz-build
	@tests/lib/run-fuzz.sh $(FUZZ_SECONDS) $(FUZZ_BINS)

# --- virtual machines: tests/vm brings test-vm ---
include tests/vm/vm.mk

.PHONY: unit unit-build golden integration integration-build browser fuzz fuzz-build fuzz-link fuzz-seeds \
	test test-distro
