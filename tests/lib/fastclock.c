/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/fastclock.c - a library to preload: each look at the coarse clock is ten seconds later.
 *
 * Owns:    CLOCK_MONOTONIC_COARSE, which says when a status line is drawn. Other clocks are as they are.
 * Used by: tests/golden/on_terminal.py: what takes a second is shown without taking one.
 */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static atomic_long looks;
	long status = syscall(SYS_clock_gettime, clock, ret);

	if (!status && clock == CLOCK_MONOTONIC_COARSE)
		ret->tv_sec += 10 * atomic_fetch_add(&looks, 1);
	return (int)status;
}
