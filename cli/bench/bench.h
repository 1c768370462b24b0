/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/bench.h - what the parts of `begat bench` share.
 *
 *   ../bench.c  the command: which parts
 *   verdict.c   verdicts as text and JSON
 *   latency.c storm.c hooks.c memory.c idle.c start.c   a part each, with its bars
 *   tracer.c    a tracer while the load runs; how many rounds there is time for
 *   load.c      the process that makes processes; floors
 *   samples.c   percentiles
 */
#ifndef BEGAT_CLI_BENCH_BENCH_H
#define BEGAT_CLI_BENCH_BENCH_H

#include <begat/begat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/clock.h"
#include "cli/output.h"
#include "samples.h"

/* --- load.c: a helper, forked before anything is opened, so that its forks are cheap --- */

enum bench_kind {
	BENCH_SPAWN, /* fork, exec of `true`, exit, wait */
	BENCH_FAIL, /* exec of what is not there */
	BENCH_KICK, /* as SPAWN, but first the time into stamp and a write to the eventfd */
	BENCH_HAND_OVER, /* the time into stamp, every 5 us */
	BENCH_LIVE, /* processes that live until BENCH_END */
	BENCH_END,
};

struct bench_job {
	enum bench_kind kind;
	unsigned int jobs, count, pause_us; /* count: of each job */
	unsigned int limit_ms; /* it ends then, with what is done: a slow machine does less */
};

struct bench_result {
	uint64_t wall_ns, cpu_ns; /* of the slowest job; of all */
	unsigned int done; /* by all jobs together */
	int error; /* errno, 0 = none */
};

struct bench_load {
	pid_t pid;
	int to, from; /* pipes */
	int eventfd;
	uint64_t *stamp; /* shared */
};

int bench_load_open(struct bench_load *load); /* 0 or -errno */
void bench_load_close(struct bench_load *load);
int bench_load_start(struct bench_load *load, const struct bench_job *job);
/* True once the job is over and *ret_result is filled; waits for it until @timeout_ms. */
bool bench_load_is_over(struct bench_load *load, int timeout_ms, struct bench_result *ret_result);
/* All of it, untraced. */
int bench_load_run(struct bench_load *load, const struct bench_job *job,
		   struct bench_result *ret_result);
/*
 * A bare wake-up through an eventfd and epoll by @job, a BENCH_KICK; a hand-over to a spinning
 * reader.
 */
int bench_floor_wake_up(struct bench_load *load, const struct bench_job *job, struct samples *into);
int bench_floor_hand_over(struct bench_load *load, struct samples *into);

/* --- verdict.c --- */

enum bench_unit { BENCH_NS, BENCH_RATIO, BENCH_PERCENT, BENCH_BYTES, BENCH_COUNT };

/* One line. */
struct bench_verdict {
	const char *part; /* "latency" */
	const char *name; /* for programs: "balanced_first_p50" */
	const char *what; /* for people: "balanced, first event after a pause, p50" */
	enum bench_unit unit;
	double value;
	double bar; /* at most this; negative = there is none, the line informs */
	char detail[160]; /* in brackets behind the figure; "" = nothing */
	const char *advice; /* if it is above the bar: why that may be, what to try */
};

struct bench_out {
	struct output output;
	const char *part, *advice; /* of the last line that had them */
	unsigned int met, missed;
	int error; /* of the first write that failed */
};

struct bench {
	struct bench_load load;
	uint64_t end_ns; /* monotonic: when all is to be over */
	const char *backend, *transport; /* as asked; or NULL */
	int priority; /* that we were started with */
	bool is_verbose, is_json, is_quiet;
	struct bench_out *out;
	char error[512]; /* after a failure: one sentence */
};

#define BENCH_BUSY_ADVICE "or the machine is busy (see its load above): try again when it is idle"

/* What output_write() does, until a write has failed. */
void bench_write(struct bench_out *out, const char *text);
void bench_say(struct bench *bench, const struct bench_verdict *verdict);
/* Sets bench->error; returns -1. */
int bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- tracer.c: as all that follows, 0 or what bench_fail() returned --- */

int bench_ignore_event(const struct begat_event *ev, void *ctx); /* a callback */

/*
 * A tracer that follows the helper and what it makes, and nothing else. In BEGAT_LOW this process
 * goes ahead of others until the tracer is closed, as `begat watch` does.
 */
int bench_tracer_open(struct bench *bench, enum begat_latency mode, begat_callback callback,
		      void *ctx, struct begat **ret);
void bench_tracer_close(struct bench *bench, struct begat *b);
/* The load, while @b reads what it does. */
int bench_tracer_run(struct bench *bench, struct begat *b, const struct bench_job *job,
		     struct bench_result *ret);
/* All of it is delivered when this returns; nothing is captured any more. */
int bench_tracer_finish(struct bench *bench, struct begat *b);
int bench_run_bare(struct bench *bench, const struct bench_job *job, struct bench_result *ret);
double bench_ns_each(const struct bench_result *result, const struct bench_job *job);

/* Seconds until all is to be over; 0 if that is past. */
double bench_seconds_left(const struct bench *bench);

#define BENCH_ROUNDS_MAX 5

/* How often something is measured again: as often as its time allows, but once at least. */
struct bench_rounds {
	uint64_t began_ns; /* 0 = not yet */
	double seconds; /* that all its rounds together may take */
	size_t done;
};

/* Whether there is time for another; if so, it counts as done. */
bool bench_rounds_next(const struct bench *bench, struct bench_rounds *rounds);

/* --- a part each --- */

struct bench_part {
	const char *name;
	int (*run)(struct bench *bench);
};

/* bench.c: the names of all, NULL-ended. */
const char *const *bench_part_names(void);

extern const struct bench_part bench_latency, bench_storm, bench_hooks, bench_memory, bench_idle,
	bench_start;

#endif
