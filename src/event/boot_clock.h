/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/boot_clock.h - the boot clock as the kernel's hooks read it.
 *
 * Owns:    the distance between that clock and what CLOCK_BOOTTIME gives this process. They
 *          differ in a time namespace.
 * Not:     measuring the distance (attach/view.c).
 */
#ifndef EVENT_BOOT_CLOCK_H
#define EVENT_BOOT_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

/* The kernel's boot clock minus this process's. One for all tracers of a process. */
extern int64_t clock_boot_ahead_ns;

/* Now, in the time of records. */
static inline uint64_t clock_boot_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME) +
	       (uint64_t)__atomic_load_n(&clock_boot_ahead_ns, __ATOMIC_RELAXED);
}

#endif
