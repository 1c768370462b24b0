/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/memory.c - the part "memory": kernel memory a followed process, and begat's own.
 *
 * The processes are real and live. 100,000 would measure the machine: begat's own memory at that
 * many is reckoned from what each of these takes.
 */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define LIVE_COUNT 1000
#define LIMIT_MS 3000

static double resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *statm;

	/* What earlier parts have freed would hide what this one takes. */
	malloc_trim(0);
	statm = fopen("/proc/self/statm", "re");
	if (statm && fscanf(statm, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (statm)
		fclose(statm);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void say(struct bench *bench, double kernel, double empty, double resident,
		double resident_empty, unsigned int count)
{
	double each = (resident - resident_empty) / count;
	struct bench_verdict v = { .part = "memory", .unit = BENCH_BYTES };

	v.name = "kernel_bytes_each";
	v.what = "kernel memory a followed process";
	v.value = (kernel - empty) / count;
	v.bar = v.value > 0 ? 1024 : -1;
	v.advice = "please report it with the output of 'begat doctor'";
	snprintf(
		v.detail, sizeof(v.detail),
		v.value > 0
			? "%u live ones; all maps %.1f MB"
			: "%u live ones; this kernel does not count it: all maps, at most, %.1f MB",
		count, kernel / 1e6);
	bench_say(bench, &v);
	v.name = "resident_100k_bytes";
	v.what = "begat itself, at 100,000 live processes";
	v.value = resident + (each > 0 ? each : 0) * (100000 - count);
	v.bar = 100e6;
	snprintf(v.detail, sizeof(v.detail), "reckoned: %.1f MB and %.0f bytes each, of %u",
		 resident_empty / 1e6, each, count);
	bench_say(bench, &v);
}

static int measure(struct bench *bench)
{
	const struct bench_job live = { BENCH_LIVE, 1, LIVE_COUNT, 0, LIMIT_MS };
	const struct bench_job end = { .kind = BENCH_END };
	struct begat_stats before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct bench_result result;
	double resident_empty;
	struct begat *b;
	int err = bench_tracer_open(bench, BEGAT_BALANCED, bench_ignore_event, NULL, &b);

	if (err)
		return err;
	begat_stats(b, &before);
	resident_empty = resident_bytes();
	err = bench_tracer_run(bench, b, &live, &result);
	while (!err && begat_poll(b, 0) > 0)
		;
	if (!err && result.done < LIVE_COUNT / 10)
		err = bench_fail(bench,
				 "only %u processes could be made: see 'ulimit -u' and pids.max.",
				 result.done);
	if (!err) {
		begat_stats(b, &after);
		say(bench, (double)after.map_bytes, (double)before.map_bytes, resident_bytes(),
		    resident_empty, result.done);
	}
	bench_load_run(&bench->load, &end, &result);
	bench_tracer_close(bench, b);
	return err;
}

const struct bench_part bench_memory = { "memory", measure };
