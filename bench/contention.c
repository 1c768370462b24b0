/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/contention.c - what a record costs when other CPUs want the same buffer.
 *
 * Owns:    the parts of a ring's record, the rate of a ring that all CPUs want at once, and the
 *          product's own emitters beside a CPU that takes the ring's lock at a given rate.
 * Not:     the estimate for machines with more CPUs (docs/many-cpus.md).
 *
 * usage: contention [-r ROUNDS]
 * A thread on each CPU and no more: threads that share a CPU take turns, they do not contend. No
 * reader runs meanwhile, and the buffer is emptied between two measurements. A thread that waits
 * for a spinlock runs, so the time is that of the thread's CPU clock, and a busy machine counts
 * little. What a busy machine does change is whether the CPUs run at the same time: see "others".
 */
#include <bpf/bpf.h>
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bench.h"
#include "lib/contention.h"
#include "lib/feed.h"

#define ROUNDS_MAX 64
#define REPEATS 10
#define FEED_COUNT \
	1000 /* made-up processes at a time: 3 to 5 ms during which a CPU is not preempted */
#define RECORDS_EACH 3 /* fork, exec, exit */
#define PART_COUNT 100000
#define BURST 500 /* of a contender, between two looks at whether it shall end */
#define CPUS_MAX 1024

enum part { CALL, LOCK, RESERVE, OUTPUT, PARTS };
static const char *const part_names[] = { "part_call", "part_lock", "part_reserve", "part_output" };
static const char *const part_meanings[] = {
	"the helper's call, refused ahead of the lock",
	"the lock, taken and given back: the ring is full",
	"a record of 8 bytes, reserved and discarded",
	"a record of 320 bytes: reserve, copy, commit",
};
static const uint64_t walks[] = { 0, 1000, 10000, 100000 };
/* How long the contender pauses between two records, in empty rounds of bpf_loop(). */
static const int64_t pauses[] = { -1, 4000, 1000, 250, 60, 0 }; /* -1 = there is none */
#define COUNT(array) (sizeof(array) / sizeof(array[0]))

struct run {
	struct begat *b;
	const char *transport;
	struct bpf_object *object;
	struct feed feeds[CPUS_MAX];
	int cpus, contend_fd;
};

/* One thread of a measurement. */
struct worker {
	pthread_t thread;
	struct run *run;
	int cpu;
	int64_t pause; /* of a contender */
	pthread_barrier_t *start;
	int *running; /* producers that are not done */
	uint64_t records, cpu_ns, wall_ns;
};

struct level {
	double ns[ROUNDS_MAX], rate[ROUNDS_MAX], others[ROUNDS_MAX];
};

static uint32_t run_program(int fd, uint64_t count, uint64_t pause)
{
	uint64_t args[] = { count, pause };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(fd, &opts))
		err(1, "bpf_prog_test_run");
	return opts.retval;
}

static int program_fd(const struct run *run, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(run->object, name));
}

static int ignore_event(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static int ignore(void *ctx, const void *record, size_t size)
{
	return 0;
}

static void empty(const struct run *run)
{
	const struct bpf_source *bpf = bpf_source_of(run->b->source);

	while (bpf->transport_ops->drain(bpf->transport, INT32_MAX, ignore, NULL) > 0)
		;
	bpf->transport_ops->release(bpf->transport);
}

static uint64_t count_dropped(const struct run *run)
{
	const struct probes *probes = bpf_source_of(run->b->source)->probes;
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes_cpus(probes); cpu++)
		for (int i = 0; i < REC_CLASS_COUNT; i++)
			sum += probes_counters(probes, cpu)->dropped[i];
	return sum;
}

static void load_contenders(struct run *run)
{
	bool is_ring = !strcmp(run->transport, "ringbuf");
	const char *map = is_ring ? "records" : "records_perf";
	struct bpf_program *program;
	char path[4096];
	struct bpf_map *shared;

	snprintf(path, sizeof(path), "%.4000s/contention.bpf.o", bench_dir());
	run->object = bpf_object__open_file(path, NULL);
	if (!run->object)
		err(1, "%s", path);
	bpf_object__for_each_program(program, run->object) bpf_program__set_autoload(
		program, !strcmp(bpf_program__name(program), "contend_perfbuf") != is_ring);
	shared = bpf_object__find_map_by_name(run->object, map);
	bpf_map__set_autocreate(
		bpf_object__find_map_by_name(run->object, is_ring ? "records_perf" : "records"),
		false);
	if (bpf_map__reuse_fd(shared, probes_records_fd(bpf_source_of(run->b->source)->probes)))
		err(1, "cannot share the map %s", map);
	if (bpf_object__load(run->object))
		errx(1, "cannot load %s: needs root, and bpf_loop() (kernel 5.17)", path);
	run->contend_fd = program_fd(run, is_ring ? "contend_ringbuf" : "contend_perfbuf");
}

static void open_run(struct run *run, const char *transport)
{
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = ignore_event,
		.latency = BEGAT_BATCH, /* never spins */
		.transport = transport,
		.buffer_bytes = CONTENTION_BUFFER_BYTES,
		.follow = true, /* and nobody is followed: only what is fed */
	};
	struct bpf_config config;

	run->transport = transport;
	run->cpus = bench_cpus() < CPUS_MAX ? bench_cpus() : CPUS_MAX;
	if (begat_open(&opts, &run->b) < 0)
		errx(1, "%s", begat_error(run->b));
	config = feed_config(run->b);
	config.admit = 0;
	for (int i = 0; i < run->cpus; i++) {
		feed_open(&run->feeds[i], run->b, &config);
		run->feeds[i].state->next = (uint64_t)i * 4000000 / run->cpus;
		feed_run(&run->feeds[i], 2 * run->feeds[i].state->alive); /* all live by now */
	}
	load_contenders(run);
	empty(run);
}

static void close_run(struct run *run)
{
	bpf_object__close(run->object);
	for (int i = 0; i < run->cpus; i++)
		feed_close(&run->feeds[i]);
	begat_close(run->b);
}

static void *produce(void *arg)
{
	struct worker *worker = arg;
	uint64_t start, wall;

	bench_pin(worker->cpu);
	pthread_barrier_wait(worker->start);
	wall = bench_now_ns();
	start = bench_thread_cpu_ns();
	feed_run(&worker->run->feeds[worker->cpu], FEED_COUNT);
	worker->cpu_ns += bench_thread_cpu_ns() - start;
	worker->wall_ns += bench_now_ns() - wall;
	worker->records += FEED_COUNT * RECORDS_EACH;
	__atomic_sub_fetch(worker->running, 1, __ATOMIC_ACQ_REL);
	return NULL;
}

static void *contend(void *arg)
{
	struct worker *worker = arg;
	uint64_t wall;

	bench_pin(worker->cpu);
	pthread_barrier_wait(worker->start);
	wall = bench_now_ns();
	while (__atomic_load_n(worker->running, __ATOMIC_ACQUIRE) > 0) {
		run_program(worker->run->contend_fd, BURST, worker->pause);
		worker->records += BURST;
	}
	worker->wall_ns += bench_now_ns() - wall;
	return NULL;
}

/* @producers on the first CPUs; a contender on the last one, unless @pause is negative. */
static void measure(struct run *run, int producers, int64_t pause, struct level *level,
		    size_t round)
{
	int count = producers + (pause >= 0);
	struct worker *workers = calloc(count, sizeof(*workers));
	uint64_t cpu_ns = 0, wall_ns = 0, records = 0, dropped = count_dropped(run);

	if (!workers)
		err(1, "threads");
	for (int repeat = 0; repeat < REPEATS; repeat++) {
		int running = producers;
		pthread_barrier_t start;

		pthread_barrier_init(&start, NULL, count);
		for (int i = 0; i < count; i++) {
			bool is_contender = i == producers;

			workers[i].run = run;
			workers[i].cpu = is_contender ? run->cpus - 1 : i;
			workers[i].pause = pause;
			workers[i].start = &start;
			workers[i].running = &running;
			if (pthread_create(&workers[i].thread, NULL,
					   is_contender ? contend : produce, &workers[i]))
				err(1, "thread");
		}
		for (int i = 0; i < count; i++)
			pthread_join(workers[i].thread, NULL);
		pthread_barrier_destroy(&start);
		empty(run);
	}
	for (int i = 0; i < producers; i++) {
		cpu_ns += workers[i].cpu_ns;
		wall_ns += workers[i].wall_ns;
		records += workers[i].records;
	}
	if (count_dropped(run) != dropped)
		errx(1, "records were lost: the buffer is too small for this machine");
	level->ns[round] = (double)cpu_ns / (double)records;
	level->rate[round] = (double)records / (double)wall_ns * producers * 1e9;
	level->others[round] = pause < 0 ? 0
					 : (double)workers[producers].records /
						   (double)workers[producers].wall_ns * 1e9;
	free(workers);
}

/* A CPU that does nothing but take the lock, for PART_COUNT records. */
struct hammer {
	pthread_t thread;
	struct run *run;
	pthread_barrier_t *start;
	int cpu;
	uint64_t cpu_ns;
};

static void *hammer(void *arg)
{
	struct hammer *h = arg;
	uint64_t start;

	bench_pin(h->cpu);
	pthread_barrier_wait(h->start);
	start = bench_thread_cpu_ns();
	if (run_program(h->run->contend_fd, PART_COUNT, 0))
		errx(1, "the buffer is full");
	h->cpu_ns = bench_thread_cpu_ns() - start;
	return NULL;
}

/* ns between two records of the ring, of whatever CPU. */
static double measure_hammer(struct run *run, int cpus)
{
	struct hammer *hammers = calloc(cpus, sizeof(*hammers));
	pthread_barrier_t start;
	uint64_t sum = 0;

	if (!hammers)
		err(1, "threads");
	for (int repeat = 0; repeat < REPEATS; repeat++) {
		pthread_barrier_init(&start, NULL, cpus);
		for (int i = 0; i < cpus; i++) {
			hammers[i] = (struct hammer){ .run = run, .start = &start, .cpu = i };
			if (pthread_create(&hammers[i].thread, NULL, hammer, &hammers[i]))
				err(1, "thread");
		}
		for (int i = 0; i < cpus; i++) {
			pthread_join(hammers[i].thread, NULL);
			sum += hammers[i].cpu_ns;
		}
		pthread_barrier_destroy(&start);
		empty(run);
	}
	free(hammers);
	/* In the time that a thread needs for its own records, the others have made as many. */
	return (double)sum / cpus / REPEATS / PART_COUNT / cpus;
}

static double measure_part(struct run *run, enum part part)
{
	uint64_t spent = 0, start;
	int fd = program_fd(run, part_names[part]);

	empty(run);
	if (part == LOCK) { /* until the ring is full */
		while (!run_program(program_fd(run, part_names[OUTPUT]), 10000, 0))
			;
		while (!run_program(program_fd(run, part_names[RESERVE]), 100, 0))
			;
	}
	for (int i = 0; i < REPEATS; i++) {
		start = bench_thread_cpu_ns();
		run_program(fd, PART_COUNT, 0);
		spent += bench_thread_cpu_ns() - start;
		if (part != LOCK)
			empty(run);
	}
	empty(run);
	return (double)spent / REPEATS / PART_COUNT;
}

static double measure_walk(struct run *run, uint64_t records)
{
	uint64_t sum = 0;

	for (int i = 0; i < REPEATS; i++) {
		uint32_t ns = run_program(program_fd(run, "part_walk"), records, 0);

		if (!ns)
			errx(1, "the buffer is full");
		sum += ns;
		empty(run);
	}
	return (double)sum / REPEATS;
}

static void print_spread(const char *bench, const char *what, double *values, size_t rounds)
{
	double median = samples_median(values, rounds);

	printf("%10.1f %9.1f-%-9.1f  %s\n", median, values[0], values[rounds - 1], what);
	bench_row(bench, what, "\"ns\":%.2f,\"ns_min\":%.2f,\"ns_max\":%.2f,\"rounds\":%zu", median,
		  values[0], values[rounds - 1], rounds);
}

static void bench_parts(struct run *run, size_t rounds)
{
	static double ns[PARTS][ROUNDS_MAX], walk_ns[COUNT(walks)][ROUNDS_MAX], both[2][ROUNDS_MAX];
	char what[96];

	for (size_t round = 0; round < rounds; round++) {
		for (enum part part = CALL; part < PARTS; part++)
			ns[part][round] = measure_part(run, part);
		for (size_t i = 0; i < COUNT(walks); i++)
			walk_ns[i][round] = measure_walk(run, walks[i]);
		both[0][round] = measure_hammer(run, 1);
		both[1][round] = measure_hammer(run, run->cpus);
	}
	printf("%10s %19s  %s\n", "ns", "spread", "one CPU, ring");
	for (enum part part = CALL; part < PARTS; part++)
		print_spread("contention-part", part_meanings[part], ns[part], rounds);
	for (size_t i = 0; i < COUNT(walks); i++) {
		snprintf(what, sizeof(what), "the reservation after %lu that waited for a late one",
			 walks[i]);
		print_spread("contention-walk", what, walk_ns[i], rounds);
	}
	printf("\n%10s %19s  %s\n", "ns/record", "spread", "the whole ring, nothing but its lock");
	for (int i = 0; i < 2; i++) {
		snprintf(what, sizeof(what), "%d CPU%s", i ? run->cpus : 1,
			 i && run->cpus > 1 ? "s" : "");
		print_spread("contention-lock", what, both[i], rounds);
	}
	putchar('\n');
}

static void print_level(const struct run *run, const char *what, struct level *level, size_t rounds)
{
	double ns = samples_median(level->ns, rounds), rate = samples_median(level->rate, rounds),
	       others = samples_median(level->others, rounds);

	printf("%-9s %-22s %10.1f %7.1f-%-7.1f %12.2f %12.2f\n", run->transport, what, ns,
	       level->ns[0], level->ns[rounds - 1], rate / 1e6, others / 1e6);
	bench_row("contention", run->transport,
		  "\"load\":\"%s\",\"ns\":%.2f,\"ns_min\":%.2f,\"ns_max\":%.2f,"
		  "\"records_per_s\":%.0f,\"others_per_s\":%.0f,\"rounds\":%zu",
		  what, ns, level->ns[0], level->ns[rounds - 1], rate, others, rounds);
}

static void bench_path(struct run *run, size_t rounds)
{
	static struct level levels[COUNT(pauses)], all;
	int producers = run->cpus > 1 ? run->cpus - 1 : 1;
	char what[64];

	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < COUNT(pauses); i++)
			if (pauses[i] < 0 || run->cpus > 1)
				measure(run, producers, pauses[i], &levels[i], round);
		measure(run, run->cpus, -1, &all, round);
	}
	for (size_t i = 0; i < COUNT(pauses); i++) {
		if (pauses[i] < 0)
			snprintf(what, sizeof(what), "%d CPU%s", producers,
				 producers > 1 ? "s" : " alone");
		else
			snprintf(what, sizeof(what), "and one, pause %ld", (long)pauses[i]);
		if (pauses[i] < 0 || run->cpus > 1)
			print_level(run, what, &levels[i], rounds);
	}
	snprintf(what, sizeof(what), "all %d CPUs", run->cpus);
	print_level(run, what, &all, rounds);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "ringbuf", "perfbuf" };
	static struct run run;
	size_t rounds = 5;
	int option;

	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r')
			errx(2, "usage: contention [-r ROUNDS]");
		rounds = strtoul(optarg, NULL, 10);
	}
	if (!rounds || rounds > ROUNDS_MAX)
		errx(2, "rounds: 1 to %d", ROUNDS_MAX);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		run = (struct run){ 0 };
		open_run(&run, kinds[i]);
		if (!strcmp(kinds[i], "ringbuf"))
			bench_parts(&run, rounds);
		if (!i)
			printf("%-9s %-22s %10s %15s %12s %12s\n", "transport", "emitters on",
			       "ns/record", "spread", "M records/s", "others, M/s");
		bench_path(&run, rounds);
		close_run(&run);
	}
	printf("medians of %zu rounds, %d records each and CPU\n", rounds,
	       REPEATS * FEED_COUNT * RECORDS_EACH);
	return 0;
}
