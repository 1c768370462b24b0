/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/storm.c - the part "storm": processes and failing execs as fast as the machine can.
 *
 * A round is the load bare, traced, bare: what slows the machine down slows all three.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define SPAWN_COUNT 400
#define FAIL_COUNT 60000
#define FAIL_BARE_COUNT 300000 /* bare ones are quick */
#define LIMIT_MS 1000

struct storm {
	double ratio[BENCH_ROUNDS_MAX], rate;
	struct bench_rounds rounds;
	uint64_t lost, unaccounted;
};

/* What the helper did (@done) and this tracer neither has nor counted as lost. */
static void account(const struct begat *b, enum bench_kind kind, unsigned int done,
		    struct storm *storm)
{
	static const enum begat_event_type failure[] = { BEGAT_EXEC_FAILED };
	static const enum begat_event_type life[] = { BEGAT_FORK, BEGAT_EXEC, BEGAT_EXIT };
	const enum begat_event_type *types = kind == BENCH_FAIL ? failure : life;
	struct begat_stats stats = { .size = sizeof(stats) };

	begat_stats(b, &stats);
	for (size_t i = 0; i < (kind == BENCH_FAIL ? 1 : 3); i++) {
		uint64_t lost = stats.lost[types[i]];
		uint64_t accounted = stats.received[types[i]] + lost;

		if (accounted < done) /* the jobs themselves are forked and exit too */
			storm->unaccounted += done - accounted;
		storm->lost += lost;
	}
}

static int run_traced(struct bench *bench, enum begat_latency mode, const struct bench_job *job,
		      struct storm *storm, struct bench_result *ret)
{
	struct begat *b;
	int err = bench_tracer_open(bench, mode, bench_ignore_event, NULL, &b);

	if (err)
		return err;
	err = bench_tracer_run(bench, b, job, ret);
	if (!err)
		err = bench_tracer_finish(bench, b);
	if (!err)
		account(b, job->kind, ret->done, storm);
	bench_tracer_close(bench, b);
	return err;
}

static int run_rounds(struct bench *bench, enum begat_latency mode, const struct bench_job *bare,
		      const struct bench_job *job, struct storm *storm)
{
	int err = 0;

	while (!err && bench_rounds_next(bench, &storm->rounds)) {
		struct bench_result before, under, after;

		err = bench_run_bare(bench, bare, &before);
		if (!err)
			err = run_traced(bench, mode, job, storm, &under);
		if (!err)
			err = bench_run_bare(bench, bare, &after);
		if (err)
			break;
		double ns = bench_ns_each(&under, job);

		storm->ratio[storm->rounds.done - 1] =
			2 * ns / (bench_ns_each(&before, bare) + bench_ns_each(&after, bare));
		storm->rate = 1e9 / ns;
	}
	return err;
}

static void say_ratio(struct bench *bench, const char *name, const char *what, double bar,
		      struct storm *storm, const char *advice)
{
	size_t rounds = storm->rounds.done;
	struct bench_verdict v = { .part = "storm",
				   .name = name,
				   .what = what,
				   .unit = BENCH_RATIO,
				   .bar = bar,
				   .value = samples_median(storm->ratio, rounds),
				   .advice = advice };

	snprintf(v.detail, sizeof(v.detail), "%.2f-%.2f in %zu round%s, %.0f/s", storm->ratio[0],
		 storm->ratio[rounds - 1], rounds, rounds > 1 ? "s" : "", storm->rate);
	bench_say(bench, &v);
}

static void say_unaccounted(struct bench *bench, const char *name, const char *what,
			    const struct storm *storm, unsigned int done)
{
	struct bench_verdict v = {
		.part = "storm",
		.name = name,
		.what = what,
		.unit = BENCH_COUNT,
		.value = (double)storm->unaccounted,
		.advice = "this is a bug: please report it with the output of 'begat doctor'"
	};

	if (done)
		snprintf(v.detail, sizeof(v.detail), "of %u; lost and counted: %llu", done,
			 (unsigned long long)storm->lost);
	bench_say(bench, &v);
}

static int measure_spawns(struct bench *bench)
{
	const struct bench_job job = { BENCH_SPAWN, 1, SPAWN_COUNT, 0, LIMIT_MS };
	struct bench_verdict v = {
		.part = "storm",
		.name = "spawn_lost",
		.what = "events lost",
		.unit = BENCH_COUNT,
		.advice = "the reader did not keep up: give it a larger --buffer, or priority"
	};
	struct storm storm = { .rounds.seconds = 6 };
	int err = run_rounds(bench, BEGAT_BALANCED, &job, &job, &storm);

	if (err)
		return err;
	say_ratio(bench, "spawn_slow_down", "balanced: slow-down of fork+exec+exit", 1.02, &storm,
		  "on one or two CPUs the reader takes its share; 'begat bench hooks' says what "
		  "the hooks take; " BENCH_BUSY_ADVICE);
	v.value = (double)storm.lost;
	bench_say(bench, &v);
	say_unaccounted(bench, "spawn_unaccounted", "events unaccounted for", &storm, 0);
	return 0;
}

static int measure_failures(struct bench *bench, enum begat_latency mode)
{
	const struct bench_job bare = { BENCH_FAIL, 1, FAIL_BARE_COUNT, 0, LIMIT_MS };
	const struct bench_job job = { BENCH_FAIL, 1, FAIL_COUNT, 0, LIMIT_MS };
	bool is_low = mode == BEGAT_LOW;
	struct storm storm = { .rounds.seconds = 4 };
	int err = run_rounds(bench, mode, &bare, &job, &storm);

	if (!err)
		say_ratio(bench, is_low ? "fail_low_slow_down" : "fail_slow_down",
			  is_low ? "low: slow-down of failing execs"
				 : "balanced: slow-down of failing execs",
			  is_low ? 2 : 3, &storm,
			  "record what fails only when you need it (-e), or "
			  "--fold-failures; " BENCH_BUSY_ADVICE);
	return err;
}

static int measure_flood(struct bench *bench)
{
	const struct bench_job job = { BENCH_FAIL, (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
				       FAIL_COUNT, 0, LIMIT_MS };
	struct bench_result result;
	struct storm storm = { 0 };
	int err = run_traced(bench, BEGAT_BALANCED, &job, &storm, &result);

	if (!err)
		say_unaccounted(bench, "flood_unaccounted",
				"failing execs on all CPUs: unaccounted for", &storm, result.done);
	return err;
}

static int measure(struct bench *bench)
{
	int err = measure_spawns(bench);

	if (!err)
		err = measure_failures(bench, BEGAT_BALANCED);
	if (!err && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		err = measure_failures(bench, BEGAT_LOW);
	return err ? err : measure_flood(bench);
}

const struct bench_part bench_storm = { "storm", measure };
