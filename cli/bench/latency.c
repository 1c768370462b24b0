/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/latency.c - the part "latency": from the kernel's time stamp to the callback.
 *
 * A first event is an exec after a pause: its reader sleeps, and what that costs depends on the
 * machine. So it is reported as a ratio to a bare wake-up under the same load, a moment later. A
 * burst is processes one after the other: there the reader need not sleep.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define SECONDS 11
#define COUNT 300
#define PAUSE_US 2000
#define LIMIT_MS 1500
#define BURST_LIMIT_MS 500

struct capture {
	struct samples all,
		first; /* of the load that pauses; what came after a pause, last round */
	struct samples burst; /* of the load that does not */
	struct samples *to; /* one of the two loads' */
	bool is_balanced;
	double first_p50[BENCH_ROUNDS_MAX], first_p99[BENCH_ROUNDS_MAX]; /* to the floor */
	double floor_p50[BENCH_ROUNDS_MAX];
	size_t rounds;
	uint64_t last_ts_ns;
};

static int take(const struct begat_event *ev, void *ctx)
{
	struct capture *capture = ctx;
	uint64_t now = begat_now_ns();
	uint64_t ns = now > ev->ts_ns ? now - ev->ts_ns : 0;

	if (ev->type != BEGAT_FORK && ev->type != BEGAT_EXEC && ev->type != BEGAT_EXIT)
		return 0;
	/* After a pause, a fork may wait for its exec: it need not wake the reader. */
	if (ev->type == BEGAT_FORK && capture->is_balanced && capture->to == &capture->all)
		return 0;
	samples_add(capture->to, ns);
	if (capture->to == &capture->all && ev->ts_ns - capture->last_ts_ns > PAUSE_US * 500ull)
		samples_add(&capture->first, ns);
	capture->last_ts_ns = ev->ts_ns;
	return 0;
}

/* The first events of the last round, beside bare wake-ups. */
static int compare(struct bench *bench, struct capture *capture)
{
	const struct bench_job kick = { BENCH_KICK, 1, COUNT, PAUSE_US, LIMIT_MS };
	struct samples floor = { 0 };
	int err = bench_floor_wake_up(&bench->load, &kick, &floor);

	if (!err && floor.count && capture->first.count) {
		double p50 = (double)samples_at(&floor, 0.5),
		       p99 = (double)samples_at(&floor, 0.99);

		capture->floor_p50[capture->rounds] = p50;
		capture->first_p50[capture->rounds] =
			(double)samples_at(&capture->first, 0.5) / p50;
		capture->first_p99[capture->rounds++] =
			(double)samples_at(&capture->first, 0.99) / p99;
	}
	samples_done(&floor);
	return err ? bench_fail(bench, "cannot measure a wake-up: %s.", strerror(-err)) : 0;
}

static int run_round(struct bench *bench, enum begat_latency mode, struct capture *capture)
{
	const struct bench_job paced = { BENCH_SPAWN, 1, COUNT, PAUSE_US, LIMIT_MS };
	const struct bench_job burst = { BENCH_SPAWN, 1, COUNT, 0, BURST_LIMIT_MS };
	struct bench_result result;
	struct begat *b;
	int err = bench_tracer_open(bench, mode, take, capture, &b);

	if (err)
		return err;
	samples_clear(&capture->first);
	capture->is_balanced = mode == BEGAT_BALANCED;
	capture->to = &capture->all;
	err = bench_tracer_run(bench, b, &paced, &result);
	if (!err && mode == BEGAT_BALANCED) {
		begat_poll(b, 0);
		capture->to = &capture->burst;
		err = bench_tracer_run(bench, b, &burst, &result);
	}
	if (!err)
		err = bench_tracer_finish(bench, b);
	bench_tracer_close(bench, b);
	if (!err && mode == BEGAT_BALANCED)
		err = compare(bench, capture);
	return err;
}

static void say_floor(struct bench *bench)
{
	struct bench_verdict v = { .part = "latency",
				   .name = "floor_hand_over_p50",
				   .what = "floor: shared memory to another CPU, p50",
				   .bar = -1 };
	struct samples hand_over = { 0 };

	if (sysconf(_SC_NPROCESSORS_ONLN) > 1 && !bench_floor_hand_over(&bench->load, &hand_over)) {
		v.value = (double)samples_at(&hand_over, 0.5);
		bench_say(bench, &v);
	}
	samples_done(&hand_over);
}

static void say_low(struct bench *bench, struct capture *low)
{
	struct bench_verdict v = {
		.part = "latency",
		.name = "low_p50",
		.what = "low: event to callback, p50",
		.value = (double)samples_at(&low->all, 0.5),
		.bar = 1000,
		.advice = "what the BPF programs take is in it ('begat bench hooks -v' tells); low "
			  "also needs a core of its own; " BENCH_BUSY_ADVICE,
	};

	snprintf(v.detail, sizeof(v.detail), "of %zu events", low->all.count);
	bench_say(bench, &v);
	v.name = "low_p99";
	v.what = "low: the same, p99";
	v.value = (double)samples_at(&low->all, 0.99);
	v.bar = 10000;
	v.detail[0] = '\0';
	bench_say(bench, &v);
}

static void say_balanced(struct bench *bench, struct capture *balanced)
{
	struct bench_verdict v = {
		.part = "latency",
		.name = "balanced_burst_p50",
		.what = "balanced: within a burst, p50",
		.value = (double)samples_at(&balanced->burst, 0.5),
		.bar = 1000,
		.advice = "what the BPF programs take is in it ('begat bench hooks -v' "
			  "tells); " BENCH_BUSY_ADVICE,
	};

	snprintf(v.detail, sizeof(v.detail), "of %zu events", balanced->burst.count);
	bench_say(bench, &v);
	if (!balanced->rounds)
		return;
	v.name = "balanced_first_p50";
	v.what = "balanced: first event after a pause, p50";
	v.unit = BENCH_RATIO;
	v.value = samples_median(balanced->first_p50, balanced->rounds);
	v.bar = 1.2;
	v.advice = "the reader may have waited for a CPU: give it priority (nice -n -20) or a "
		   "core; or use --latency low";
	snprintf(v.detail, sizeof(v.detail), "to a bare eventfd+epoll wake-up of %.1f us",
		 samples_median(balanced->floor_p50, balanced->rounds) / 1000);
	bench_say(bench, &v);
	v.name = "balanced_first_p99";
	v.what = "balanced: the same, p99";
	v.value = samples_median(balanced->first_p99, balanced->rounds);
	v.bar = 1.5;
	v.detail[0] = '\0';
	bench_say(bench, &v);
}

static void say_batch(struct bench *bench, struct capture *batch)
{
	const struct bench_verdict v = {
		.part = "latency",
		.name = "batch_p50",
		.what = "batch: event to callback, p50",
		.value = (double)samples_at(&batch->all, 0.5),
		.bar = -1,
	};

	bench_say(bench, &v);
}

static int measure(struct bench *bench)
{
	static const enum begat_latency order[] = { BEGAT_LOW, BEGAT_BALANCED, BEGAT_BATCH };
	static void (*const say[])(struct bench *, struct capture *) = { say_low, say_balanced,
									 say_batch };
	struct capture captures[3] = { 0 };
	struct bench_rounds rounds = { .seconds = SECONDS };
	int err = 0;

	while (!err && bench_rounds_next(bench, &rounds))
		for (size_t i = 0; i < 3 && !err; i++)
			err = run_round(bench, order[i], &captures[i]);
	if (!err)
		say_floor(bench);
	for (size_t i = 0; i < 3; i++) {
		if (!err)
			say[i](bench, &captures[i]);
		samples_done(&captures[i].all);
		samples_done(&captures[i].first);
		samples_done(&captures[i].burst);
	}
	return err;
}

const struct bench_part bench_latency = { "latency", measure };
