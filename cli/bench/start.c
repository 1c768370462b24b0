/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/start.c - the part "start": how long begat takes to begin and to end.
 *
 * There is no bar: most of it is the kernel's, which checks each program and waits for grace periods.
 * How much, bench/start.py shows, which has a loader that does nothing else.
 */
#include <stdio.h>

#include "bench.h"

#define ROUNDS_SECONDS 4.0
#define FIRST_MS 5000 /* a first event that takes longer is none */

enum { PROBE, LOAD, ATTACH, STOCK, FIRST, DETACH, CLOSE, WHOLE, PARTS };

static const struct {
	const char *name, *what;
} parts[PARTS] = {
	[PROBE] = { "probe", "open: what this kernel can do" },
	[LOAD] = { "load", "open: programs and maps into the kernel" },
	[ATTACH] = { "attach", "open: hooks attached, and tried" },
	[STOCK] = { "stock", "open: what runs already, and the rest" },
	[FIRST] = { "first_event", "a process: until its exit is delivered" },
	[DETACH] = { "detach", "end: hooks detached" },
	[CLOSE] = { "close", "end: maps and programs removed" },
	[WHOLE] = { "whole", "open and end together" },
};

static int see_exit(const struct begat_event *ev, void *ctx)
{
	bool *has_exit = ctx;

	*has_exit |= ev->type == BEGAT_EXIT;
	return 0;
}

static int wait_for_exit(struct bench *bench, struct begat *b, const bool *has_exit)
{
	const struct bench_job job = { .kind = BENCH_SPAWN, .jobs = 1, .count = 1 };
	struct bench_result result;
	uint64_t began_ns = clock_read_ns(CLOCK_MONOTONIC);
	int err = bench_tracer_run(bench, b, &job, &result);

	while (!err && !*has_exit &&
	       clock_read_ns(CLOCK_MONOTONIC) - began_ns < FIRST_MS * 1000000ull)
		err = begat_poll(b, 10) < 0 ? bench_fail(bench, "%s", begat_error(b)) : 0;
	return err || *has_exit ? err : bench_fail(bench, "no event came within %d ms", FIRST_MS);
}

static int measure_once(struct bench *bench, struct samples samples[PARTS])
{
	struct begat_stats stats = { .size = sizeof(stats) };
	uint64_t at[5], opened;
	bool has_exit = false;
	struct begat *b;
	int err;

	at[0] = clock_read_ns(CLOCK_MONOTONIC);
	err = bench_tracer_open(bench, BEGAT_BALANCED, see_exit, &has_exit, &b);
	if (err)
		return err;
	at[1] = clock_read_ns(CLOCK_MONOTONIC);
	begat_stats(b, &stats);
	err = wait_for_exit(bench, b, &has_exit);
	at[2] = clock_read_ns(CLOCK_MONOTONIC);
	if (!err)
		err = bench_tracer_finish(bench, b);
	at[3] = clock_read_ns(CLOCK_MONOTONIC);
	bench_tracer_close(bench, b);
	at[4] = clock_read_ns(CLOCK_MONOTONIC);
	if (err)
		return err;
	opened = stats.probe_ns + stats.load_ns + stats.attach_ns;
	const uint64_t values[PARTS] = {
		[PROBE] = stats.probe_ns,
		[LOAD] = stats.load_ns,
		[ATTACH] = stats.attach_ns,
		[STOCK] = at[1] - at[0] > opened ? at[1] - at[0] - opened : 0,
		[FIRST] = at[2] - at[1],
		[DETACH] = at[3] - at[2],
		[CLOSE] = at[4] - at[3],
		[WHOLE] = at[1] - at[0] + at[4] - at[2],
	};
	for (int i = 0; i < PARTS; i++)
		samples_add(&samples[i], values[i]);
	return 0;
}

static int measure(struct bench *bench)
{
	struct samples samples[PARTS] = { 0 };
	struct bench_rounds rounds = { .seconds = ROUNDS_SECONDS };
	int err = 0;

	while (!err && bench_rounds_next(bench, &rounds))
		err = measure_once(bench, samples);
	for (int i = 0; i < PARTS && !err; i++) {
		struct bench_verdict v = {
			.part = "start",
			.name = parts[i].name,
			.what = parts[i].what,
			.unit = BENCH_NS,
			.value = (double)samples_at(&samples[i], 0.5),
			.bar = -1,
		};

		snprintf(v.detail, sizeof(v.detail), "median of %zu", samples[i].count);
		bench_say(bench, &v);
	}
	for (int i = 0; i < PARTS; i++)
		samples_done(&samples[i]);
	return err;
}

const struct bench_part bench_start = { "start", measure };
