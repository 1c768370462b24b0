/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/throughput.c - events a second from the ring to a callback, and through what stages.
 *
 * Owns:    the measurement of the consumer alone, of the producer alone, and of both at once.
 * Not:     real processes (storm.py): here the BPF program of feed.bpf.c makes the records.
 *
 * usage: throughput [-r ROUNDS] [-s STAGE]...
 * Alone: the producer fills the ring, then the consumer reads it up, again and again; each is
 * timed by its thread's CPU clock, so that a busy machine does not count. At once: the producer
 * on the last CPU, the consumer on the first, by the wall clock.
 *
 *   transport   records out of the ring and nothing more; libbpf: the same by its own reader
 *   decode      and turned into events
 *   callback    by begat_poll() to an empty callback, without the process table
 *   table       and with it: what every program that uses the library pays
 *   json, text  and written to /dev/null by the sink
 *   sqlite      and into a recording, in memory; three events make a process
 */
#include <begat/sink.h>
#include <begat/trace.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bench.h"
#include "lib/feed.h"

#define RING_BYTES (8u << 20)
#define FILL_COUNT 100000 /* more than fit: the feed stops when the ring is full */
#define REPEATS 20
#define ROUNDS_MAX 64

enum stage { LIBBPF, TRANSPORT, DECODE, CALLBACK, TABLE, JSON, TEXT, SQLITE, STAGES };
static const char *const names[] = { "libbpf", "transport", "decode", "callback",
				     "table",  "json",	    "text",   "sqlite" };

struct run {
	struct begat *b;
	struct feed feed;
	struct ring_buffer *libbpf;
	struct begat_sink *sink;
	struct begat_recorder *recorder;
	char recording[64];
	uint64_t events, bytes;
};

struct result {
	double ns[ROUNDS_MAX], producer_ns[ROUNDS_MAX], both_rate[ROUNDS_MAX], lost[ROUNDS_MAX];
	double bytes;
};

static struct result results[STAGES];

static int ignore(const struct begat_event *ev, void *ctx)
{
	((struct run *)ctx)->events++;
	return 0;
}

static int write_sink(const struct begat_event *ev, void *ctx)
{
	struct run *run = ctx;

	run->events++;
	return begat_sink_write(run->sink, ev);
}

static int record(const struct begat_event *ev, void *ctx)
{
	struct run *run = ctx;

	run->events++;
	if (begat_recorder_write(run->recorder, ev) < 0)
		errx(1, "%s", begat_recorder_error(run->recorder));
	return 0;
}

static int count_bytes(void *ctx, void *data, size_t size)
{
	((struct run *)ctx)->events++;
	((struct run *)ctx)->bytes += size;
	return 0;
}

static int count_record(void *ctx, const void *record, size_t size)
{
	return count_bytes(ctx, (void *)record, size);
}

static int decode_only(void *ctx, const void *record, size_t size)
{
	struct run *run = ctx;
	struct begat_event ev;

	run->events +=
		decode_record(bpf_source_of(run->b->source)->decoder, record, size, &ev) == 1;
	return 0;
}

static void open_recording(struct run *run)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .overwrite = true };

	snprintf(run->recording, sizeof(run->recording), "/dev/shm/bench-%d.db", (int)getpid());
	if (begat_recorder_open(run->recording, &opts, &run->recorder) < 0)
		errx(1, "%s", begat_recorder_error(run->recorder));
}

static void close_recording(struct run *run)
{
	if (!run->recorder)
		return;
	begat_recorder_close(run->recorder);
	unlink(run->recording);
}

static void open_run(struct run *run, enum stage stage)
{
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = stage == SQLITE		     ? record
			    : stage == JSON || stage == TEXT ? write_sink
							     : ignore,
		.ctx = run,
		.latency = BEGAT_BATCH, /* never spins */
		.buffer_bytes = RING_BYTES,
		.follow = true, /* and nobody is followed: only what is fed */
	};
	struct bpf_config config;

	if (stage == JSON || stage == TEXT) {
		struct begat_sink_options sink = { .size = sizeof(sink),
						   .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };

		if (begat_sink_open(names[stage], &sink, &run->sink))
			errx(1, "sink");
		begat_sink_fields(run->sink, &opts.fields);
	}
	if (stage == SQLITE)
		open_recording(run);
	if (begat_open(&opts, &run->b) < 0)
		errx(1, "%s", begat_error(run->b));
	if (stage == CALLBACK)
		run->b->has_table = false;
	config = feed_config(run->b);
	config.admit = 0;
	feed_open(&run->feed, run->b, &config);
	if (stage == LIBBPF)
		run->libbpf =
			ring_buffer__new(probes_records_fd(bpf_source_of(run->b->source)->probes),
					 count_bytes, run, NULL);
}

static void close_run(struct run *run)
{
	ring_buffer__free(run->libbpf);
	begat_sink_close(run->sink);
	close_recording(run);
	feed_close(&run->feed);
	begat_close(run->b);
	*run = (struct run){ 0 };
}

/* Until the ring is empty. */
static void consume(struct run *run, enum stage stage)
{
	const struct bpf_source *bpf = bpf_source_of(run->b->source);
	struct begat *b = run->b;

	switch (stage) {
	case LIBBPF:
		ring_buffer__consume(run->libbpf);
		return;
	case TRANSPORT:
		bpf->transport_ops->drain(bpf->transport, INT32_MAX, count_record, run);
		bpf->transport_ops->release(bpf->transport);
		return;
	case DECODE:
		bpf->transport_ops->drain(bpf->transport, INT32_MAX, decode_only, run);
		bpf->transport_ops->release(bpf->transport);
		return;
	default:
		while (begat_poll(b, 0) > 0)
			;
	}
}

/* The first fills warm the table up to its usual size. */
static void measure_alone(struct run *run, enum stage stage, size_t round)
{
	uint64_t produced = 0, consumed = 0, events = 0;

	run->feed.state->keep_free = 64 << 10;
	for (int i = 0; i < REPEATS + 4; i++) {
		uint64_t before = run->events, start = bench_thread_cpu_ns(), middle;

		feed_run(&run->feed, FILL_COUNT);
		middle = bench_thread_cpu_ns();
		consume(run, stage);
		if (i < 4)
			continue;
		produced += middle - start;
		consumed += bench_thread_cpu_ns() - middle;
		events += run->events - before;
	}
	results[stage].ns[round] = (double)consumed / (double)events;
	results[stage].producer_ns[round] = (double)produced / (double)events;
	if (run->bytes)
		results[stage].bytes = (double)run->bytes / (double)run->events;
}

struct producer {
	struct feed *feed;
	bool done;
};

static void *produce(void *arg)
{
	struct producer *producer = arg;

	bench_pin(bench_cpus() - 1);
	for (int i = 0; i < 100; i++)
		feed_run(producer->feed, 1000);
	__atomic_store_n(&producer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static uint64_t sum_dropped(const struct begat *b)
{
	const struct probes *probes = bpf_source_of(b->source)->probes;
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes_cpus(probes); cpu++)
		for (int i = 0; i <= REC_CLASS_EXIT; i++)
			sum += probes_counters(probes, cpu)->dropped[i];
	return sum;
}

static void measure_both(struct run *run, enum stage stage, size_t round)
{
	struct producer producer = { .feed = &run->feed };
	uint64_t before = run->events, dropped = sum_dropped(run->b), start = bench_now_ns();
	uint64_t events;
	pthread_t thread;

	run->feed.state->keep_free = 0;
	if (pthread_create(&thread, NULL, produce, &producer))
		err(1, "thread");
	bench_pin(0);
	while (!__atomic_load_n(&producer.done, __ATOMIC_ACQUIRE))
		consume(run, stage);
	consume(run, stage);
	events = run->events - before;
	results[stage].both_rate[round] = (double)events * 1e9 / (double)(bench_now_ns() - start);
	dropped = sum_dropped(run->b) - dropped;
	results[stage].lost[round] = (double)dropped / (double)(events + dropped);
	pthread_join(thread, NULL);
	bench_pin(-1);
}

static void print(enum stage stage, size_t rounds)
{
	struct result *r = &results[stage];
	double ns = samples_median(r->ns, rounds),
	       producer = samples_median(r->producer_ns, rounds);
	double rate = samples_median(r->both_rate, rounds), lost = samples_median(r->lost, rounds);

	printf("%-10s %12.1f %6.1f-%-6.1f %12.2f %14.1f %14.2f %9.3f%%\n", names[stage], ns,
	       r->ns[0], r->ns[rounds - 1], 1000 / ns, producer, rate / 1e6, lost * 100);
	bench_row(
		"throughput", names[stage],
		"\"consumer_ns\":%.2f,\"events_per_s\":%.0f,\"producer_ns\":%.2f,"
		"\"both_events_per_s\":%.0f,\"lost_share\":%.6f,\"best_ns\":%.2f,\"worst_ns\":%.2f,"
		"\"rounds\":%zu",
		ns, 1e9 / ns, producer, rate, lost, r->ns[0], r->ns[rounds - 1], rounds);
}

int main(int argc, char **argv)
{
	bool is_asked[STAGES] = { false }, is_any = false;
	size_t rounds = 5;
	int option;

	while ((option = getopt(argc, argv, "r:s:")) != -1) {
		for (enum stage stage = LIBBPF; option == 's' && stage < STAGES; stage++)
			if (!strcmp(names[stage], optarg))
				is_asked[stage] = is_any = true;
		if (option == 's')
			continue;
		if (option != 'r')
			errx(2, "usage: throughput [-r ROUNDS] [-s STAGE]...");
		rounds = strtoul(optarg, NULL, 10);
	}
	if (!rounds || rounds > ROUNDS_MAX)
		errx(2, "rounds: 1 to %d", ROUNDS_MAX);
	for (size_t round = 0; round < rounds; round++)
		for (enum stage stage = LIBBPF; stage < STAGES; stage++) {
			struct run run = { 0 };

			if (is_any && !is_asked[stage])
				continue;
			open_run(&run, stage);
			measure_alone(&run, stage, round);
			if (bench_cpus() > 1)
				measure_both(&run, stage, round);
			close_run(&run);
		}
	printf("%-10s %12s %13s %12s %14s %14s %10s\n", "stage", "ns/event", "spread", "M events/s",
	       "producer ns", "both, M/s", "lost");
	for (enum stage stage = LIBBPF; stage < STAGES; stage++)
		if (!is_any || is_asked[stage])
			print(stage, rounds);
	if (results[TRANSPORT].bytes > 0)
		printf("%.0f bytes a record; rings of %u MiB; medians of %zu rounds\n",
		       results[TRANSPORT].bytes, RING_BYTES >> 20, rounds);
	return 0;
}
