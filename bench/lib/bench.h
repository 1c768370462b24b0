/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/bench.h - what the benchmarks share: clocks, percentiles, rows, loads.
 *
 * Owns:  the form of results.jsonl: one object a line, each with when, machine, kernel, commit,
 *        benchmark and mode, then the benchmark's own figures.
 * Not:   tables for people: each benchmark prints its own.
 */
#ifndef BEGAT_BENCH_BENCH_H
#define BEGAT_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "cli/bench/samples.h" /* percentiles: those of `begat bench` */

static inline uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* CPU time of the calling thread, or of the process. */
uint64_t bench_thread_cpu_ns(void);
uint64_t bench_process_cpu_ns(void);

/* Exact CPU time of another process, all its threads: from its schedstat; 0 if it is gone. */
uint64_t bench_cpu_ns_of(pid_t pid);

/*
 * Appends a row to $BENCH_RESULTS (default build/bench/results.jsonl). @format makes the
 * benchmark's own members: "\"p50_us\":%.2f,\"count\":%zu".
 */
void bench_row(const char *bench, const char *mode, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The folder of this program, for the programs beside it. */
const char *bench_dir(void);

void bench_pin(int cpu); /* the calling thread; -1 = anywhere */
int bench_cpus(void);

/*
 * A child of its own that keeps a CPU busy until bench_stop(): one a CPU makes a busy machine.
 * Ends with its parent too.
 */
pid_t bench_burn(int cpu);
void bench_stop(pid_t pid);

/* Runs bench/load with these arguments, waits, returns its exit status. */
pid_t bench_start_load(const char *const *args);
int bench_wait(pid_t pid);

#endif
