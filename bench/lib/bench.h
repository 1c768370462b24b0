/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/bench.h - what the benchmarks share: clocks, percentiles, rows.
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

#include "base/clock.h"
#include "cli/bench/samples.h" /* percentiles: those of `begat bench` */

static inline uint64_t bench_now_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

static inline uint64_t bench_thread_cpu_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

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

#endif
