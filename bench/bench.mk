# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks; included by the Makefile.

BENCH_DIR := $(BUILD)/bench
BENCH_NAMES := start latency pace endtoend throughput store storm workload hooks choices contention \
	merge memory idle diff_noise guest
BENCH ?= $(BENCH_NAMES)
BENCH_LIB := $(BUILD)/bench/lib/bench.o $(BUILD)/bench/lib/feed.o \
	$(BUILD)/cli/bench/samples.o
# C programs that see the library's own headers
BENCH_BINS := $(addprefix $(BENCH_DIR)/,throughput choices contention merge costs floor pace)

# Small and static, so that its forks and execs cost little.
$(BENCH_DIR)/load: bench/load.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -static $< -o $@

$(BENCH_BINS): $(BENCH_DIR)/%: $(BUILD)/bench/%.o $(BENCH_LIB) $(TRACE_LIB) \
		$(BUILD)/libbegat.a
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS_BPF) $(TRACE_LDLIBS) -pthread -o $@

# Its events are those of the tests.
$(BENCH_DIR)/store: $(BUILD)/bench/store.o $(BUILD)/tests/lib/synthetic.o \
		$(BUILD)/tests/lib/synthetic_stories.o $(BENCH_LIB) $(TRACE_LIB) $(BUILD)/libbegat.a
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS_BPF) $(TRACE_LDLIBS) -pthread -o $@
$(BUILD)/bench/store.o: BASE_CPPFLAGS += -Itests/lib

$(BENCH_DIR)/diff_noise: $(BUILD)/bench/diff_noise.o $(BUILD)/tests/lib/diff_noise.o $(TRACE_LIB) \
		$(BUILD)/libbegat.a
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS_BPF) $(TRACE_LDLIBS) -o $@
$(BUILD)/bench/diff_noise.o: BASE_CPPFLAGS += -Itests/lib

$(BUILD)/bench/%.o: BASE_CPPFLAGS += -Ibench

# feed: the product's emitters, called in a loop; floor: programs that do the least; choices: other
# ways to do what emitters do; contention: what other CPUs do to the same buffer.
BENCH_BPF := $(addprefix $(BENCH_DIR)/,feed.bpf.o floor.bpf.o choices.bpf.o contention.bpf.o)
$(BENCH_BPF): $(BENCH_DIR)/%.bpf.o: bench/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -Ibench -MMD -MP -c $< -o $@

$(BENCH_DIR)/throughput: | $(BENCH_DIR)/feed.bpf.o
$(BENCH_DIR)/choices: | $(BENCH_DIR)/choices.bpf.o
$(BENCH_DIR)/contention: | $(BENCH_DIR)/feed.bpf.o $(BENCH_DIR)/contention.bpf.o
$(BENCH_DIR)/floor: | $(BENCH_DIR)/floor.bpf.o

$(BENCH_DIR)/copies: $(BUILD)/bench/copies.o $(TRACE_LIB) $(BUILD)/libbegat.a
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS_BPF) $(TRACE_LDLIBS) -pthread -o $@

-include $(BENCH_BINS:=.d) $(BUILD)/bench/store.d $(BUILD)/bench/copies.d $(BENCH_LIB:.o=.d) $(BENCH_BPF:.o=.d)

##@ Costs
## bench-build: what bench runs
bench-build: $(BUILD)/begat $(BENCH_DIR)/load $(BENCH_BINS) $(BENCH_BPF) $(BENCH_DIR)/store \
	$(BENCH_DIR)/diff_noise $(BENCH_DIR)/copies $(BUILD)/tests/begat-verify

## bench: all benchmarks, in about half an hour; BENCH='hooks idle' these
bench:
	@scripts/install-deps.sh build
	@scripts/install-deps.sh bench || echo 'bench: goes on without the peers that are missing'
	@$(MAKE) --no-print-directory -s bench-build
	@BUILD=$(BUILD) BENCH_RESULTS=$(BENCH_DIR)/results.jsonl BENCH_NAMES='$(BENCH_NAMES)' \
		bench/run.sh $(BENCH)

## bench-scale: recordings of 100 thousand, 1 and 10 million processes, in about half an hour; 10 GB
bench-scale:
	@$(MAKE) --no-print-directory -s bench-build
	@BUILD=$(BUILD) BENCH_RESULTS=$(BENCH_DIR)/results.jsonl python3 bench/scale.py $(SCALE)

## costs: the regression gate: instructions that the user side needs for an event
costs: $(BENCH_DIR)/costs
	@BUILD=$(BUILD) MAKE='$(MAKE)' scripts/check-costs.sh

.PHONY: bench bench-build bench-scale costs
