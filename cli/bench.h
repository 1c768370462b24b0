/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench.h - what the files of `begat bench` share.
 *
 *   bench.c        the command: which parts, verdicts as text and JSON
 *   bench_parts.c  what is measured, against which bar
 *   bench_load.c   the process that makes processes, floors, percentiles
 */
#ifndef BEGAT_CLI_BENCH_H
#define BEGAT_CLI_BENCH_H

#include <begat/begat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* --- bench_load.c: a helper, forked before anything is opened, so that its forks are cheap --- */

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
};

struct bench_result {
	uint64_t wall_ns, cpu_ns; /* of the slowest job; of all, hooks included */
	unsigned int done; /* of BENCH_LIVE: processes that could be made */
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

#define BENCH_SAMPLES_MAX 65536

struct bench_samples {
	uint64_t *ns; /* BENCH_SAMPLES_MAX of them */
	size_t count;
};

int bench_samples_open(struct bench_samples *samples); /* 0 or -ENOMEM */
void bench_samples_close(struct bench_samples *samples);
void bench_samples_add(struct bench_samples *samples, uint64_t ns);
double bench_samples_at(struct bench_samples *samples, double share); /* sorts */
double bench_median(double *values, size_t count); /* sorts */
uint64_t bench_clock_ns(clockid_t clock);

/* A bare wake-up through an eventfd and epoll by the same load; a hand-over to who spins. */
int bench_floor_wake_up(struct bench_load *load, unsigned int count, unsigned int pause_us,
			struct bench_samples *into);
int bench_floor_hand_over(struct bench_load *load, struct bench_samples *into);

/* --- bench.c --- */

enum bench_unit { BENCH_NS, BENCH_RATIO, BENCH_PERCENT, BENCH_BYTES, BENCH_COUNT };

/* One line. */
struct bench_verdict {
	const char *part; /* "latency" */
	const char *name; /* for programs: "balanced_first_p50" */
	const char *what; /* for people: "balanced, first event after a pause, p50" */
	enum bench_unit unit;
	double value;
	double bar; /* at most this; negative = there is none, the line informs */
	double floor; /* of the same run and unit; 0 = none */
	char detail[160]; /* in brackets behind the figure; "" = nothing */
	const char *advice; /* if it is above the bar: why that may be, what to try */
};

struct bench {
	struct bench_load load;
	const char *backend, *transport; /* as asked; or NULL */
	bool is_verbose, is_json, is_quiet;
	void *out; /* struct bench_out of bench.c */
	char error[512]; /* after a failure: one sentence */
};

void bench_say(struct bench *bench, const struct bench_verdict *verdict);
/* Sets bench->error; returns -1. */
int bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- bench_parts.c --- */

struct bench_part {
	const char *name, *about;
	int (*run)(struct bench *bench); /* 0, or what bench_fail() returned */
};

extern const struct bench_part bench_parts[]; /* ended by a NULL name */

#endif
