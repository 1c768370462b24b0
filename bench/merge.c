/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/merge.c - what the reader of perf buffers pays for each record on a machine with many CPUs.
 *
 * Owns:    the simulation: the transport's own code, on buffers in ordinary memory.
 * Not:     the kernel's side, and the cache lines that come from other CPUs: here all are this
 *          CPU's.
 *
 * usage: merge [-r ROUNDS]
 *   all      buffers that are full: ns a record
 *   one      a drain that finds one record, in another buffer each time: ns a drain
 */
#define transport_perfbuf merge_perfbuf
#include "transport/perfbuf.c"
#undef transport_perfbuf

#include <err.h>
#include <stdio.h>

#include "lib/bench.h"

#define ROUNDS_MAX 64
#define RECORD_BYTES 320 /* as feed.bpf.c's, on average */
#define SAMPLE_BYTES ((sizeof(struct sample) + RECORD_BYTES + 7) & ~7ul)
#define RECORDS_EACH 300 /* in a buffer of CPU_BYTES_MIN */
#define ONES 2000

static const uint32_t cpu_counts[] = { 1, 2, 8, 32, 96, 128, 256, 512 };
#define COUNTS (sizeof(cpu_counts) / sizeof(cpu_counts[0]))

static double all_ns[COUNTS][ROUNDS_MAX], one_ns[COUNTS][ROUNDS_MAX];

static struct transport *make_buffers(uint32_t cpus)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (!t)
		err(1, "buffers");
	t->page_bytes = 4096;
	t->bytes = CPU_BYTES_MIN;
	t->cpu_count = cpus;
	t->cpus = calloc(cpus, sizeof(*t->cpus));
	t->heap = calloc(cpus, sizeof(struct cpu_buffer *));
	if (!t->cpus || !t->heap)
		err(1, "buffers");
	for (uint32_t i = 0; i < cpus; i++) {
		void *memory = mmap(NULL, t->page_bytes + t->bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		t->cpus[i].fd = -1;
		t->cpus[i].page = memory == MAP_FAILED ? NULL : memory;
		if (!t->cpus[i].page)
			err(1, "buffers");
	}
	return t;
}

/* As the kernel does it. */
static void put(struct transport *t, struct cpu_buffer *cpu, uint64_t ts_ns)
{
	char data[SAMPLE_BYTES] = { 0 };
	struct sample *sample = (struct sample *)data;
	char *to = (char *)cpu->page + t->page_bytes;

	sample->header.type = PERF_RECORD_SAMPLE;
	sample->header.size = SAMPLE_BYTES;
	sample->size = SAMPLE_BYTES - sizeof(*sample);
	memcpy(data + sizeof(*sample) + TIMESTAMP_OFFSET, &ts_ns, sizeof(ts_ns));
	for (size_t i = 0; i < sizeof(data); i++)
		to[(cpu->page->data_head + i) & (t->bytes - 1)] = data[i];
	cpu->page->data_head += sizeof(data);
}

static int check_order(void *ctx, const void *record, size_t size)
{
	uint64_t *last = ctx, ts_ns;

	memcpy(&ts_ns, (const char *)record + TIMESTAMP_OFFSET, sizeof(ts_ns));
	if (ts_ns < *last)
		errx(1, "out of order");
	*last = ts_ns;
	return 0;
}

/* The time stamps are those of events that any CPU may have next. */
static double measure_all(struct transport *t)
{
	uint64_t start, last = 0;
	int count;

	for (uint64_t i = 0; i < (uint64_t)RECORDS_EACH * t->cpu_count; i++)
		put(t, &t->cpus[i * 2654435761u / 65536 % t->cpu_count], i);
	start = bench_thread_cpu_ns();
	count = perfbuf_drain(t, INT32_MAX, check_order, &last);
	return (double)(bench_thread_cpu_ns() - start) / count;
}

static double measure_one(struct transport *t)
{
	uint64_t spent = 0, last = 0;

	for (int i = 0; i < ONES; i++) {
		uint64_t start;

		put(t, &t->cpus[i % t->cpu_count], i);
		start = bench_thread_cpu_ns();
		perfbuf_drain(t, INT32_MAX, check_order, &last);
		spent += bench_thread_cpu_ns() - start;
	}
	return (double)spent / ONES;
}

static double clock_ns(void)
{
	uint64_t start = bench_thread_cpu_ns();

	for (int i = 0; i < ONES; i++)
		bench_thread_cpu_ns();
	return (double)(bench_thread_cpu_ns() - start) / ONES;
}

int main(int argc, char **argv)
{
	size_t rounds = 5;
	int option;

	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r')
			errx(2, "usage: merge [-r ROUNDS]");
		rounds = strtoul(optarg, NULL, 10);
	}
	if (!rounds || rounds > ROUNDS_MAX)
		errx(2, "rounds: 1 to %d", ROUNDS_MAX);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < COUNTS; i++) {
			struct transport *t = make_buffers(cpu_counts[i]);
			double clock = clock_ns();

			measure_all(t);
			all_ns[i][round] = measure_all(t);
			one_ns[i][round] = measure_one(t) - clock;
			perfbuf_close(t);
		}
	printf("%8s %14s %15s %14s %15s\n", "buffers", "all, ns/record", "spread", "one, ns/drain",
	       "spread");
	for (size_t i = 0; i < COUNTS; i++) {
		double all = samples_median(all_ns[i], rounds),
		       one = samples_median(one_ns[i], rounds);

		printf("%8u %14.1f %7.1f-%-7.1f %14.1f %7.1f-%-7.1f\n", cpu_counts[i], all,
		       all_ns[i][0], all_ns[i][rounds - 1], one, one_ns[i][0],
		       one_ns[i][rounds - 1]);
		bench_row("merge", "perfbuf",
			  "\"buffers\":%u,\"all_ns\":%.1f,\"all_ns_min\":%.1f,\"all_ns_max\":%.1f,"
			  "\"one_ns\":%.1f,\"one_ns_min\":%.1f,\"one_ns_max\":%.1f,\"rounds\":%zu",
			  cpu_counts[i], all, all_ns[i][0], all_ns[i][rounds - 1], one,
			  one_ns[i][0], one_ns[i][rounds - 1], rounds);
	}
	return 0;
}
