/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/store.c - how many processes a second go into a trace.db on one core.
 *
 * Owns:    the measurement: synthetic events (fork, exec with an argv of its own, exit; all the
 *          fields of real ones) through begat_recorder_write(), CPU time and wall time.
 * Not:     capture, the queue between threads.
 *
 * usage: store [PROCESSES [ALIVE [FILE]]]; a table, and a row in results.jsonl.
 * ALIVE processes live at once: those that outlive a batch cost an UPDATE more. FILE is kept.
 */
#include <begat/trace.h>
#include <err.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bench.h"
#include "synthetic.h"

struct moment {
	double wall, cpu;
};

static struct moment moment_now(void)
{
	struct rusage usage;
	struct timespec t;

	getrusage(RUSAGE_SELF, &usage);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct moment){
		.wall = (double)t.tv_sec + (double)t.tv_nsec / 1e9,
		.cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
	};
}

static uint64_t realtime_offset(void)
{
	struct timespec boot, real;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	return (uint64_t)(real.tv_sec - boot.tv_sec) * 1000000000ull + (uint64_t)real.tv_nsec -
	       (uint64_t)boot.tv_nsec;
}

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static int store(const struct begat_event *ev, void *ctx)
{
	if (begat_recorder_write(ctx, ev) < 0)
		errx(1, "%s", begat_recorder_error(ctx));
	return 0;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	unsigned alive = argc > 2 ? (unsigned)atoi(argv[2]) : 1000;
	const char *path = argc > 3 ? argv[3] : "bench-store.db";
	struct begat_recorder_options opts = { .size = sizeof(opts), .overwrite = true };
	struct begat_recorder *rec = NULL;
	struct synthetic s;
	struct stat st;

	struct moment t0 = moment_now();

	synthetic_init(&s, ignore, NULL);
	synthetic_storm(&s, count, alive);

	struct moment t1 = moment_now();

	if (begat_recorder_open(path, &opts, &rec) < 0)
		errx(1, "%s", begat_recorder_error(rec));
	synthetic_init(&s, store, rec);
	/* As in a real recording, the two clocks keep their distance. */
	s.realtime_offset_ns = realtime_offset();
	synthetic_storm(&s, count, alive);
	if (begat_recorder_commit(rec) < 0)
		errx(1, "%s", begat_recorder_error(rec));

	struct moment t2 = moment_now();

	if (begat_recorder_finish(rec) < 0)
		errx(1, "%s", begat_recorder_error(rec));

	struct moment t3 = moment_now();

	begat_recorder_close(rec);
	if (stat(path, &st) < 0)
		err(1, "%s", path);
	if (argc <= 3)
		unlink(path);

	/* What making the events costs is no part of storing them. */
	double made_cpu = t1.cpu - t0.cpu, made_wall = t1.wall - t0.wall;
	double cpu = t2.cpu - t1.cpu - made_cpu, wall = t2.wall - t1.wall - made_wall;

	printf("into SQLite: %u processes, %u alive at once, %llu events (bar: 300,000 "
	       "processes/s)\n"
	       "  %12s %12s %10s %14s\n  %12.0f %12.0f %8.2f s %14.0f\n",
	       count, alive, (unsigned long long)s.sent, "a CPU second", "a second", "to finish",
	       "bytes/process", count / cpu, count / wall, t3.wall - t2.wall,
	       (double)st.st_size / count);
	bench_row("store", "synthetic",
		  "\"processes\":%u,\"alive\":%u,\"events\":%llu,\"cpu_s\":%.3f,\"wall_s\":%.3f,"
		  "\"finish_s\":%.3f,\"processes_per_cpu_s\":%.0f,\"processes_per_s\":%.0f,"
		  "\"bytes_per_process\":%.0f",
		  count, alive, (unsigned long long)s.sent, cpu, wall, t3.wall - t2.wall,
		  count / cpu, count / wall, (double)st.st_size / count);
	return 0;
}
