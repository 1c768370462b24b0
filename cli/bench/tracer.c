/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/tracer.c - a tracer while the load runs, and how many rounds there is time for.
 *
 * Owns:  tracers that see the helper only, their priority, the clock of `begat bench`.
 * Not:   what is made of the figures (one file a part).
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"
#include "cli/priority.h"
#include "cli/stream.h"

int bench_ignore_event(const struct begat_event *ev, void *ctx)
{
	return 0;
}

int bench_tracer_open(struct bench *bench, enum begat_latency mode, begat_callback callback,
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

	/* Not measured: on a busy machine it would take most of the minute. */
	priority_take(PRIORITY_FIRST);
	int err = begat_open(&opts, &b);

	if (!err)
		err = begat_follow(b, bench->load.pid);
	if (err) {
		err = bench_fail(bench, "%s", begat_error(b));
		bench_tracer_close(bench, b);
		return err;
	}
	setpriority(PRIO_PROCESS, 0, bench->priority);
	stream_take_priority(mode);
	*ret = b;
	return 0;
}

void bench_tracer_close(struct bench *bench, struct begat *b)
{
	priority_take(PRIORITY_FIRST);
	begat_close(b);
	setpriority(PRIO_PROCESS, 0, bench->priority);
	priority_take(PRIORITY_USUAL);
}

int bench_tracer_run(struct bench *bench, struct begat *b, const struct bench_job *job,
		     struct bench_result *ret)
{
	int err = bench_load_start(&bench->load, job);

	while (!err && !bench_load_is_over(&bench->load, 0, ret)) {
		err = begat_poll(b, 5);
		if (err < 0 && err != -EINTR)
			return bench_fail(bench, "%s", begat_error(b));
		err = 0;
	}
	if (err || ret->error)
		return bench_fail(bench, "cannot make processes: %s.",
				  strerror(err ? -err : ret->error));
	return 0;
}

int bench_tracer_finish(struct bench *bench, struct begat *b)
{
	return begat_finish(b) < 0 ? bench_fail(bench, "%s", begat_error(b)) : 0;
}

int bench_run_bare(struct bench *bench, const struct bench_job *job, struct bench_result *ret)
{
	int err = bench_load_run(&bench->load, job, ret);

	return err ? bench_fail(bench, "cannot make processes: %s.", strerror(-err)) : 0;
}

double bench_ns_each(const struct bench_result *result, const struct bench_job *job)
{
	return result->done ? (double)result->wall_ns * job->jobs / result->done : 0;
}

double bench_seconds_left(const struct bench *bench)
{
	uint64_t now = clock_read_ns(CLOCK_MONOTONIC);

	return now < bench->end_ns ? (double)(bench->end_ns - now) / 1e9 : 0;
}

bool bench_rounds_next(const struct bench *bench, struct bench_rounds *rounds)
{
	uint64_t now = clock_read_ns(CLOCK_MONOTONIC);

	if (!rounds->began_ns)
		rounds->began_ns = now;
	if (rounds->done) {
		double spent = (double)(now - rounds->began_ns) / 1e9;
		double each = spent / (double)rounds->done;

		if (rounds->done == BENCH_ROUNDS_MAX || spent + each > rounds->seconds ||
		    each > bench_seconds_left(bench))
			return false;
	}
	rounds->done++;
	return true;
}
