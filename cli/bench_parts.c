/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench_parts.c - what `begat bench` measures, against which bars.
 *
 * Owns:    the parts, one function each; the bars; what to try when one is missed.
 * Not:     the loads and clocks (bench_load.c), how a verdict looks (bench.c).
 * Called:  by bench.c, one part after the other.
 *
 * A figure that depends on the machine is a ratio to something measured a moment before or after:
 * a bare wake-up, the same load untraced. The machine's noise is then in both.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS_MAX 5
#define ROUNDS_MIN 1
#define PART_SECONDS 6 /* a slow machine gets fewer rounds, not a longer wait */
#define LATENCY_COUNT 300
#define LATENCY_PAUSE_US 2000
#define SPAWN_COUNT 400
#define FAIL_COUNT 60000
#define FAIL_BARE_COUNT 300000 /* bare ones are quick */
#define LIVE_COUNT 1000
#define IDLE_SECONDS 5

#define BUSY_ADVICE "or the machine is busy (see its load above): try again when it is idle"

/* Whether there is to be another round of what began at @began_ns. */
static bool has_round(size_t done, uint64_t began_ns)
{
	uint64_t now = bench_clock_ns(CLOCK_MONOTONIC);

	return done < ROUNDS_MAX &&
	       (done < ROUNDS_MIN || now - began_ns < PART_SECONDS * 1000000000ull);
}

static const char *const mode_names[] = { "balanced", "low", "batch" }; /* enum begat_latency */

/* A tracer that follows the helper and what it makes, and nothing else. */
static int open_tracer(struct bench *bench, enum begat_latency mode, begat_callback callback,
		       void *ctx, struct begat **ret)
{
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = callback,
		.ctx = ctx,
		.latency = mode,
		.backend = bench->backend,
		.transport = bench->transport,
		.follow = true,
	};
	struct begat *b = NULL;
	int r = begat_open(&opts, &b);

	if (!r)
		r = begat_follow(b, bench->load.pid);
	if (!r) {
		*ret = b;
		return 0;
	}
	r = bench_fail(bench, "%s", begat_error(b));
	begat_close(b);
	return r;
}

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

/* The load, while @b reads what it does; all of it is delivered when this returns. */
static int run_traced(struct bench *bench, struct begat *b, const struct bench_job *job,
		      struct bench_result *ret)
{
	int r = bench_load_start(&bench->load, job);

	while (!r && !bench_load_is_over(&bench->load, 0, ret)) {
		r = begat_poll(b, 5);
		if (r < 0 && r != -EINTR)
			return bench_fail(bench, "%s", begat_error(b));
		r = 0;
	}
	if (r || ret->error)
		return bench_fail(bench, "cannot make processes: %s.",
				  strerror(r ? -r : ret->error));
	r = begat_finish(b);
	return r < 0 ? bench_fail(bench, "%s", begat_error(b)) : 0;
}

static int run_bare(struct bench *bench, const struct bench_job *job, struct bench_result *ret)
{
	int r = bench_load_run(&bench->load, job, ret);

	return r ? bench_fail(bench, "cannot make processes: %s.", strerror(-r)) : 0;
}

/* --- latency --- */

struct capture {
	struct bench_samples first, burst; /* after a pause; what follows */
	double first_p50[ROUNDS_MAX], first_p99[ROUNDS_MAX]; /* to the floor */
	double floor_p50[ROUNDS_MAX];
	size_t rounds;
	uint64_t last_ts_ns;
	bool never_sleeps; /* then no event is a first one */
};

static int take_latency(const struct begat_event *ev, void *ctx)
{
	struct capture *capture = ctx;
	uint64_t now = bench_clock_ns(CLOCK_BOOTTIME);

	if (ev->type != BEGAT_FORK && ev->type != BEGAT_EXEC && ev->type != BEGAT_EXIT)
		return 0;
	bool is_first = !capture->never_sleeps &&
			ev->ts_ns - capture->last_ts_ns > LATENCY_PAUSE_US * 500ull;

	bench_samples_add(is_first ? &capture->first : &capture->burst,
			  now > ev->ts_ns ? now - ev->ts_ns : 0);
	capture->last_ts_ns = ev->ts_ns;
	return 0;
}

static int latency_round(struct bench *bench, enum begat_latency mode, struct capture *capture,
			 size_t round)
{
	const struct bench_job job = { BENCH_SPAWN, 1, LATENCY_COUNT, LATENCY_PAUSE_US };
	struct bench_samples floor;
	struct bench_result result = { 0 };
	struct begat *b;
	int r = open_tracer(bench, mode, take_latency, capture, &b);

	if (r)
		return r;
	capture->first.count = 0;
	capture->never_sleeps = mode == BEGAT_LOW;
	r = run_traced(bench, b, &job, &result);
	begat_close(b);
	if (r)
		return r;
	r = bench_samples_open(&floor);
	if (!r)
		r = bench_floor_wake_up(&bench->load, LATENCY_COUNT, LATENCY_PAUSE_US, &floor);
	if (r)
		return bench_fail(bench, "cannot measure a wake-up: %s.", strerror(-r));
	capture->floor_p50[round] = bench_samples_at(&floor, 0.5);
	capture->first_p50[round] =
		bench_samples_at(&capture->first, 0.5) / bench_samples_at(&floor, 0.5);
	capture->first_p99[round] =
		bench_samples_at(&capture->first, 0.99) / bench_samples_at(&floor, 0.99);
	bench_samples_close(&floor);
	capture->rounds = round + 1;
	return 0;
}

static void say_latency(struct bench *bench, enum begat_latency mode, struct capture *c)
{
	static const char low_advice[] =
		"low needs a core of its own: leave one idle, or use balanced; " BUSY_ADVICE;
	struct bench_verdict v = { .part = "latency", .unit = BENCH_NS, .bar = -1 };
	double floor = bench_median(c->floor_p50, c->rounds);

	if (mode == BEGAT_LOW || mode == BEGAT_BALANCED) {
		v.name = mode == BEGAT_LOW ? "low_p50" : "balanced_burst_p50";
		v.what = mode == BEGAT_LOW ? "low: event to callback, p50"
					   : "balanced: within a burst, p50";
		v.value = bench_samples_at(&c->burst, 0.5);
		v.bar = 1000;
		v.advice =
			mode == BEGAT_LOW ? low_advice : "the reader was not let run; " BUSY_ADVICE;
		bench_say(bench, &v);
	}
	if (mode == BEGAT_LOW) {
		v.name = "low_p99";
		v.what = "low: p99";
		v.value = bench_samples_at(&c->burst, 0.99);
		v.bar = 10000;
		bench_say(bench, &v);
	}
	if (mode == BEGAT_BALANCED) {
		v.unit = BENCH_RATIO;
		v.advice =
			"the reader may have waited for a CPU: give it priority (nice -n -20) or a "
			"core; or use --latency low";
		v.name = "balanced_first_p50";
		v.what = "balanced: first event after a pause, p50";
		v.value = bench_median(c->first_p50, c->rounds);
		v.bar = 1.2;
		snprintf(v.detail, sizeof(v.detail), "to a bare eventfd+epoll wake-up of %.1f us",
			 floor / 1000);
		bench_say(bench, &v);
		v.name = "balanced_first_p99";
		v.what = "balanced: the same, p99";
		v.value = bench_median(c->first_p99, c->rounds);
		v.bar = 1.5;
		v.detail[0] = '\0';
		bench_say(bench, &v);
	}
	if (mode == BEGAT_BATCH) {
		v.name = "batch_p50";
		v.what = "batch: event to callback, p50";
		v.value = bench_samples_at(&c->burst, 0.5);
		bench_say(bench, &v);
	}
}

static int measure_latency(struct bench *bench)
{
	static const enum begat_latency order[] = { BEGAT_LOW, BEGAT_BALANCED, BEGAT_BATCH };
	struct capture captures[3] = { 0 };
	struct bench_samples hand_over = { 0 };
	uint64_t began = bench_clock_ns(CLOCK_MONOTONIC);
	int r = bench_samples_open(&hand_over);

	for (size_t i = 0; i < 3 && !r; i++)
		if (bench_samples_open(&captures[i].first) ||
		    bench_samples_open(&captures[i].burst))
			r = -ENOMEM;
	if (r)
		r = bench_fail(bench, "out of memory.");
	for (size_t round = 0; !r && has_round(round, began); round++)
		for (size_t i = 0; i < 3 && !r; i++)
			r = latency_round(bench, order[i], &captures[i], round);
	if (!r && sysconf(_SC_NPROCESSORS_ONLN) > 1 &&
	    !bench_floor_hand_over(&bench->load, &hand_over)) {
		struct bench_verdict v = { .part = "latency",
					   .name = "floor_hand_over_p50",
					   .what = "floor: shared memory to another CPU, p50",
					   .bar = -1 };

		v.value = bench_samples_at(&hand_over, 0.5);
		bench_say(bench, &v);
	}
	for (size_t i = 0; i < 3; i++) {
		if (!r)
			say_latency(bench, order[i], &captures[i]);
		bench_samples_close(&captures[i].first);
		bench_samples_close(&captures[i].burst);
	}
	bench_samples_close(&hand_over);
	return r;
}

/* --- storm --- */

struct storm {
	double ratio[ROUNDS_MAX], rate;
	size_t rounds;
	uint64_t lost, unaccounted;
};

static double ns_each(const struct bench_result *result, const struct bench_job *job)
{
	return (double)result->wall_ns / job->count;
}

/* What the helper caused and this tracer neither has nor counted as lost. */
static void account(const struct begat *b, const struct bench_job *job, struct storm *storm)
{
	uint64_t each = (uint64_t)job->jobs * job->count, accounted[3] = { 0 }, lost = 0;
	struct begat_stats stats = { .size = sizeof(stats) };
	static const enum begat_event_type life[] = { BEGAT_FORK, BEGAT_EXEC, BEGAT_EXIT };
	size_t kinds = job->kind == BENCH_FAIL ? 1 : 3;

	begat_stats(b, &stats);
	for (size_t i = 0; i < kinds; i++) {
		enum begat_event_type type = job->kind == BENCH_FAIL ? BEGAT_EXEC_FAILED : life[i];

		accounted[i] = stats.received[type] + stats.lost[type];
		lost += stats.lost[type];
		if (accounted[i] < each) /* the jobs themselves are forked and exit too */
			storm->unaccounted += each - accounted[i];
	}
	storm->lost += lost;
}

static int storm_round(struct bench *bench, enum begat_latency mode, const struct bench_job *bare,
		       const struct bench_job *job, struct storm *storm, size_t round)
{
	struct bench_result before = { 0 }, under = { 0 }, after = { 0 };
	struct begat *b;
	int r = run_bare(bench, bare, &before);

	if (!r)
		r = open_tracer(bench, mode, ignore, NULL, &b);
	if (r)
		return r;
	r = run_traced(bench, b, job, &under);
	if (!r)
		account(b, job, storm);
	begat_close(b);
	if (!r)
		r = run_bare(bench, bare, &after);
	storm->ratio[round] =
		2 * ns_each(&under, job) / (ns_each(&before, bare) + ns_each(&after, bare));
	storm->rounds = round + 1;
	storm->rate = 1e9 * job->jobs / ns_each(&under, job);
	return r;
}

static void say_storm(struct bench *bench, const char *names[3], const char *whats[3], double bar,
		      struct storm *storm, const char *advice)
{
	struct bench_verdict v = { .part = "storm", .unit = BENCH_RATIO, .bar = bar };

	v.name = names[0];
	v.what = whats[0];
	v.advice = advice;
	v.value = bench_median(storm->ratio, storm->rounds);
	snprintf(v.detail, sizeof(v.detail), "%.2f-%.2f in %zu rounds, %.0f/s", storm->ratio[0],
		 storm->ratio[storm->rounds - 1], storm->rounds, storm->rate);
	bench_say(bench, &v);
	v.unit = BENCH_COUNT;
	v.detail[0] = '\0';
	v.name = names[1];
	v.what = whats[1];
	v.bar = names[2] ? 0 : -1;
	v.value = (double)storm->lost;
	v.advice = "the reader did not keep up: give it a larger --buffer, or priority";
	if (whats[1])
		bench_say(bench, &v);
	v.name = names[2] ? names[2] : names[1];
	v.what = whats[2];
	v.bar = 0;
	v.value = (double)storm->unaccounted;
	v.advice = "this is a bug: please report it with the output of 'begat doctor'";
	if (whats[2])
		bench_say(bench, &v);
}

static int measure_spawns(struct bench *bench)
{
	const struct bench_job job = { BENCH_SPAWN, 1, SPAWN_COUNT, 0 };
	const char *names[] = { "spawn_slow_down", "spawn_lost", "spawn_unaccounted" };
	const char *whats[] = { "balanced: slow-down of fork+exec+exit", "events lost",
				"events unaccounted for" };
	struct storm storm = { 0 };
	uint64_t began = bench_clock_ns(CLOCK_MONOTONIC);
	int r = 0;

	for (size_t round = 0; !r && has_round(round, began); round++)
		r = storm_round(bench, BEGAT_BALANCED, &job, &job, &storm, round);
	if (!r)
		say_storm(bench, names, whats, 1.02, &storm,
			  "on one or two CPUs the reader takes its share; 'begat bench hooks' says "
			  "what the hooks take; " BUSY_ADVICE);
	return r;
}

static int measure_failures(struct bench *bench, enum begat_latency mode)
{
	const struct bench_job bare = { BENCH_FAIL, 1, FAIL_BARE_COUNT, 0 };
	const struct bench_job job = { BENCH_FAIL, 1, FAIL_COUNT, 0 };
	const char *names[] = { mode == BEGAT_LOW ? "fail_low_slow_down" : "fail_slow_down", NULL,
				NULL };
	const char *whats[] = { mode == BEGAT_LOW ? "low: slow-down of failing execs"
						  : "balanced: slow-down of failing execs",
				NULL, NULL };
	struct storm storm = { 0 };
	uint64_t began = bench_clock_ns(CLOCK_MONOTONIC);
	int r = 0;

	for (size_t round = 0; !r && has_round(round, began); round++)
		r = storm_round(bench, mode, &bare, &job, &storm, round);
	if (!r)
		say_storm(bench, names, whats, mode == BEGAT_LOW ? 2 : 3, &storm,
			  "record what fails only when you need it (-e), or "
			  "--fold-failures; " BUSY_ADVICE);
	return r;
}

static int measure_flood(struct bench *bench)
{
	const struct bench_job job = { BENCH_FAIL, (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
				       FAIL_COUNT, 0 };
	struct bench_verdict v = { .part = "storm", .unit = BENCH_COUNT };
	struct bench_result result = { 0 };
	struct storm storm = { 0 };
	struct begat *b;
	int r = open_tracer(bench, BEGAT_BALANCED, ignore, NULL, &b);

	if (r)
		return r;
	r = run_traced(bench, b, &job, &result);
	if (!r)
		account(b, &job, &storm);
	begat_close(b);
	v.name = "flood_unaccounted";
	v.what = "failing execs on all CPUs: unaccounted for";
	v.value = (double)storm.unaccounted;
	v.advice = "this is a bug: please report it with the output of 'begat doctor'";
	snprintf(v.detail, sizeof(v.detail), "of %llu; lost and counted: %llu",
		 (unsigned long long)job.jobs * job.count, (unsigned long long)storm.lost);
	if (!r)
		bench_say(bench, &v);
	return r;
}

static int measure_storm(struct bench *bench)
{
	int r = measure_spawns(bench);

	if (!r)
		r = measure_failures(bench, BEGAT_BALANCED);
	if (!r && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		r = measure_failures(bench, BEGAT_LOW);
	return r ? r : measure_flood(bench);
}

/* --- hooks --- */

static int enable_statistics(void)
{
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };

	return (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr.enable_stats));
}

static void say_programs(struct bench *bench, const struct begat *b, double bare_ns)
{
	struct bench_verdict v = { .part = "hooks", .unit = BENCH_NS, .bar = -1 };
	uint64_t runs, ns;
	double sum = 0;

	for (uint32_t i = 0; !begat_stats_program(b, i, &v.name, &runs, &ns); i++) {
		double each = runs ? (double)ns / (double)runs : 0;

		/* Each runs once a process; what is more is the rest of the machine's. */
		if (runs < SPAWN_COUNT / 2)
			continue;
		sum += runs < SPAWN_COUNT ? each * (double)runs / SPAWN_COUNT : each;
		v.what = v.name;
		v.value = each;
		snprintf(v.detail, sizeof(v.detail), "a run");
		if (bench->is_verbose || bench->is_json)
			bench_say(bench, &v);
	}
	v.name = "share";
	v.what = "all BPF programs of a fork+exec+exit";
	v.unit = BENCH_PERCENT;
	v.value = 100 * sum / bare_ns;
	v.bar = 2;
	v.advice = "-v shows which program it is; kernel.bpf_stats_enabled adds to each run itself";
	snprintf(v.detail, sizeof(v.detail), "%.1f us of %.0f us", sum / 1000, bare_ns / 1000);
	bench_say(bench, &v);
}

static int measure_hooks(struct bench *bench)
{
	const struct bench_job job = { BENCH_SPAWN, 1, SPAWN_COUNT, 0 };
	struct bench_result bare = { 0 }, under = { 0 };
	struct begat *b;
	int stats, r = run_bare(bench, &job, &bare);

	if (!r)
		r = open_tracer(bench, BEGAT_BALANCED, ignore, NULL, &b);
	if (r)
		return r;
	stats = enable_statistics();
	if (stats < 0)
		r = bench_fail(bench,
			       "this kernel keeps no statistics of BPF programs (5.8 does): %s; "
			       "leave the part 'hooks' out.",
			       strerror(errno));
	if (!r)
		r = run_traced(bench, b, &job, &under);
	if (stats >= 0)
		close(stats);
	if (!r)
		say_programs(bench, b, ns_each(&bare, &job));
	begat_close(b);
	return r;
}

/* --- memory --- */

static double resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm && fscanf(statm, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (statm)
		fclose(statm);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void say_memory(struct bench *bench, double kernel, double empty, double resident,
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
	snprintf(v.detail, sizeof(v.detail), "reckoned from %.1f MB at none and %.1f MB at %u",
		 resident_empty / 1e6, resident / 1e6, count);
	bench_say(bench, &v);
}

static int measure_memory(struct bench *bench)
{
	const struct bench_job live = { BENCH_LIVE, 1, LIVE_COUNT, 0 }, end = { .kind = BENCH_END };
	struct begat_stats before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct bench_result result = { 0 };
	double resident_empty;
	struct begat *b;
	int r = open_tracer(bench, BEGAT_BALANCED, ignore, NULL, &b);

	if (r)
		return r;
	begat_stats(b, &before);
	resident_empty = resident_bytes();
	r = run_traced(bench, b, &live, &result);
	if (!r && result.done < LIVE_COUNT / 10)
		r = bench_fail(bench,
			       "only %u processes could be made: see 'ulimit -u' and pids.max",
			       result.done);
	if (!r) {
		begat_stats(b, &after);
		say_memory(bench, (double)after.map_bytes, (double)before.map_bytes,
			   resident_bytes(), resident_empty, result.done);
	}
	bench_load_run(&bench->load, &end, &result);
	begat_close(b);
	return r;
}

/* --- idle --- */

static int measure_idle_mode(struct bench *bench, enum begat_latency mode)
{
	struct bench_verdict v = { .part = "idle", .unit = BENCH_PERCENT, .bar = 0.1 };
	char name[32], what[64];
	uint64_t cpu, began, now;
	struct begat *b;
	int r = open_tracer(bench, mode, ignore, NULL, &b);

	if (r)
		return r;
	cpu = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	began = now = bench_clock_ns(CLOCK_MONOTONIC);
	while (r >= 0 && now - began < IDLE_SECONDS * 1000000000ull) {
		r = begat_poll(b, (int)(IDLE_SECONDS * 1000 - (now - began) / 1000000) + 1);
		now = bench_clock_ns(CLOCK_MONOTONIC);
	}
	cpu = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (r < 0)
		r = bench_fail(bench, "%s", begat_error(b));
	begat_close(b);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s_cpu", mode_names[mode]);
	snprintf(what, sizeof(what), "%s: CPU while nothing happens", mode_names[mode]);
	v.name = name;
	v.what = what;
	v.value = 100 * (double)cpu / (double)(now - began);
	v.advice = "something wakes it: please report it with the output of 'begat doctor'";
	snprintf(v.detail, sizeof(v.detail), "%d s", IDLE_SECONDS);
	bench_say(bench, &v);
	return 0;
}

static int measure_idle(struct bench *bench)
{
	int r = measure_idle_mode(bench, BEGAT_BALANCED);

	return r ? r : measure_idle_mode(bench, BEGAT_BATCH);
}

const struct bench_part bench_parts[] = {
	{ "latency", "kernel time stamp to callback, beside bare wake-ups", measure_latency },
	{ "storm", "slow-down of fork+exec+exit and of failing execs; losses", measure_storm },
	{ "hooks", "run time of each BPF program", measure_hooks },
	{ "memory", "kernel memory a process, begat's own", measure_memory },
	{ "idle", "CPU time while nothing happens", measure_idle },
	{ NULL, NULL, NULL },
};
