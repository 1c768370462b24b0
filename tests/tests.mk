# SPDX-License-Identifier: BSD-2-Clause
# Everything about tests; included by the Makefile. `make test` is the one that people type.

TESTS := $(BUILD)/tests
TEST_JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# --- unit and golden: cmocka programs, one a file; they may see everything ---
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_SRCS:tests/%.c=$(TESTS)/%)
GOLDEN_SRCS := $(sort $(wildcard tests/golden/test_*.c))
GOLDEN_BINS := $(GOLDEN_SRCS:tests/%.c=$(TESTS)/%)
# Those with a main() are programs that scripts use; the rest is what the tests share.
PRELOADED := failmem rejectbpf
PRELOADED_LIBS := $(PRELOADED:%=$(TESTS)/%.so)
TEST_TOOL_SRCS := $(filter tests/lib/jsonlines.c tests/lib/verify.c,$(wildcard tests/lib/*.c))
TEST_TOOLS := $(TEST_TOOL_SRCS:tests/lib/%.c=$(TESTS)/%)
TEST_LIB_SRCS := $(filter-out $(TEST_TOOL_SRCS) $(PRELOADED:%=tests/lib/%.c),$(sort $(wildcard tests/lib/*.c)))
TEST_LIB_OBJS := $(TEST_LIB_SRCS:%.c=$(BUILD)/%.o)
UNIT_CPPFLAGS := -Itests/lib -DTESTS_DIR=\"tests\"
UNIT_LDLIBS := -lcmocka -ljansson

$(BUILD)/tests/lib/%.o: BASE_CPPFLAGS += $(UNIT_CPPFLAGS)

# An archive, so that a test takes only those parts of the command that it names.
$(TESTS)/libcli.a: $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJS))
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(TESTS)/libtests.a: $(TEST_LIB_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(TEST_TOOLS): $(TESTS)/%: tests/lib/%.c $(TESTS)/libtests.a
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(UNIT_CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP $(BASE_LDFLAGS) $(LDFLAGS) $< \
		$(TESTS)/libtests.a $(UNIT_LDLIBS) -o $@

# Preloaded into the command to make what it calls fail.
$(PRELOADED_LIBS): $(TESTS)/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	$(CC) -shared -fPIC -std=gnu11 -D_GNU_SOURCE -O1 $(WARNINGS) $< -o $@

TEST_ARCHIVES = $(TESTS)/libtests.a $(TESTS)/libcli.a $(TRACE_LIB) $(BUILD)/libbegat.a

$(UNIT_BINS) $(GOLDEN_BINS): $(TESTS)/%: tests/%.c $(TEST_ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(UNIT_CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP $(BASE_LDFLAGS) $(LDFLAGS) $< \
		-Wl,--start-group $(TEST_ARCHIVES) -Wl,--end-group \
		$(UNIT_LDLIBS) $(LDLIBS_BPF) $(TRACE_LDLIBS) -pthread -o $@

-include $(UNIT_BINS:%=%.d) $(GOLDEN_BINS:%=%.d) $(TEST_TOOLS:%=%.d) $(TEST_LIB_OBJS:.o=.d)

unit-build: $(UNIT_BINS) $(GOLDEN_BINS) $(TEST_TOOLS) $(PRELOADED_LIBS)

unit: $(UNIT_BINS)
	@BUILD=$(BUILD) tests/lib/run-cmocka.sh $(TESTS)/unit.log $(UNIT_BINS)

golden: all $(GOLDEN_BINS) $(TEST_TOOLS) $(PRELOADED_LIBS)
	@BUILD=$(BUILD) tests/lib/run-cmocka.sh $(TESTS)/golden.log $(GOLDEN_BINS) \
		$(sort $(wildcard tests/golden/test_*.sh))

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
		tests/integration/cases/truth.c tests/integration/cases/truth.h
	@mkdir -p $(@D)
	$(call INTEGRATION_LINK,$(INTEGRATION_CFLAGS) $< tests/integration/cases/truth.c)

$(TESTS)/integration/obj/%.o: tests/integration/%.c
	@mkdir -p $(@D)
	$(CC) -Iinclude $(INTEGRATION_CFLAGS) -MMD -MP -c $< -o $@

$(RUNNER): $(RUNNER_OBJS)
	$(call INTEGRATION_LINK,$(INTEGRATION_CFLAGS) $^ -ljansson)

-include $(RUNNER_OBJS:.o=.d)

integration-build: $(RUNNER) $(CASE_BINS)

# ONLY=name runs those that have it in their name.
integration: all integration-build $(TEST_TOOLS) $(PRELOADED_LIBS)
	@tests/integration/run-host.sh $(BUILD) $(ONLY)

# --- the page of `begat report` in a real browser ---
browser: all
	@BUILD=$(BUILD) CC='$(CC)' SAN_FLAGS='$(SAN_FLAGS)' tests/browser/run.sh

# --- fuzz: needs clang with libFuzzer; `make fuzz` runs each for FUZZ_SECONDS ---
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_BINS := $(FUZZ_SRCS:tests/fuzz/%.c=$(FUZZ_BUILD)/%)
FUZZ_SECONDS ?= 20
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined

fuzz-build:
	$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(CLANG) \
		CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' fuzz-link

fuzz-link: $(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/%)

$(FUZZ_SRCS:tests/fuzz/%.c=$(BUILD)/%): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libbegat.a $(TRACE_LIB)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP $< \
		$(TRACE_LIB) $(BUILD)/libbegat.a $(LDLIBS_BPF) $(TRACE_LDLIBS) -o $@

# The records of fuzz_decode are captured anew when abi/ changes; needs root.
fuzz-seeds: $(BUILD)/bench/costs
	@tests/fuzz/make-seeds.sh $(BUILD)

fuzz: fuzz-build
	@tests/lib/run-fuzz.sh $(FUZZ_SECONDS) $(FUZZ_BINS)

# --- virtual machines: tests/vm brings test-vm ---
-include $(wildcard tests/vm/vm.mk)

# --- all of it; SUITES='unit golden' takes these only ---
test:
	@scripts/install-deps.sh build test browser docs vm
	@$(MAKE) --no-print-directory -s -j$(TEST_JOBS) all unit-build integration-build
	@MAKE='$(MAKE)' BUILD=$(BUILD) tests/lib/run-suites.sh $(SUITES)

# The build, the demo and the tests in a fresh chroot of SUITE; needs root and debootstrap.
test-distro:
	@test -n '$(SUITE)' || { echo 'usage: make test-distro SUITE=trixie' >&2; exit 2; }
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/distro/test-distro.sh $(SUITE) $(SUITES)

.PHONY: test-distro unit unit-build golden integration integration-build browser fuzz fuzz-build fuzz-link fuzz-seeds test
