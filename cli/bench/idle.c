/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/idle.c - the part "idle": CPU time of begat while nothing that it follows happens.
 */
#include <stdio.h>

#include "bench.h"

#define SECONDS 4.0
#define LOW_SECONDS 1.0

static int measure_mode(struct bench *bench, enum begat_latency mode, const char *name,
			const char *what, double seconds)
{
	struct bench_verdict v = {
		.part = "idle",
		.name = name,
		.what = what,
		.unit = BENCH_PERCENT,
		.bar = mode == BEGAT_LOW ? -1 : 0.1,
		.advice = "something wakes it: please report it with the output of 'begat doctor'",
	};
	uint64_t cpu, began, now;
	struct begat *b;
	int err = bench_tracer_open(bench, mode, bench_ignore_event, NULL, &b);

	if (err)
		return err;
	cpu = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
	began = now = clock_read_ns(CLOCK_MONOTONIC);
	while (err >= 0 && (double)(now - began) < seconds * 1e9) {
		err = begat_poll(b, (int)(seconds * 1e3 - (double)(now - began) / 1e6) + 1);
		now = clock_read_ns(CLOCK_MONOTONIC);
	}
	cpu = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (err < 0)
		err = bench_fail(bench, "%s", begat_error(b));
	bench_tracer_close(bench, b);
	if (err < 0)
		return err;
	v.value = 100 * (double)cpu / (double)(now - began);
	if (mode == BEGAT_LOW)
		snprintf(v.detail, sizeof(v.detail), "it spins, by design");
	else
		snprintf(v.detail, sizeof(v.detail), "%.1f s", seconds);
	bench_say(bench, &v);
	return 0;
}

static int measure(struct bench *bench)
{
	double third = bench_seconds_left(bench) / 3;
	double seconds = third > SECONDS ? SECONDS : third < 1 ? 1 : third;
	int err = measure_mode(bench, BEGAT_BALANCED, "balanced_cpu",
			       "balanced: CPU while nothing happens", seconds);

	if (!err)
		err = measure_mode(bench, BEGAT_BATCH, "batch_cpu",
				   "batch: CPU while nothing happens", seconds);
	if (!err)
		err = measure_mode(bench, BEGAT_LOW, "low_cpu", "low: CPU while nothing happens",
				   LOW_SECONDS);
	return err;
}

const struct bench_part bench_idle = { "idle", measure };
