/* SPDX-License-Identifier: BSD-2-Clause */
/* event/cpu_time.h - CPU time split into user and system, as wait4(2) tells it. */
#ifndef EVENT_CPU_TIME_H
#define EVENT_CPU_TIME_H

#include <stdint.h>

/*
 * utime and stime are counted in ticks on many kernels; runtime is exact. The kernel reports
 * (cputime_adjust()) the exact time split in the ratio of the ticks; so do we, and
 * our figures equal those of wait4(2).
 */
static inline void cpu_time_split(uint64_t *utime_ns, uint64_t *stime_ns, uint64_t runtime_ns)
{
	if (!runtime_ns)
		return;
	if (!*stime_ns)
		*utime_ns = runtime_ns;
	else if (!*utime_ns)
		*stime_ns = runtime_ns;
	else
		*stime_ns = (uint64_t)((unsigned __int128)*stime_ns * runtime_ns /
				       ((unsigned __int128)*stime_ns + *utime_ns));
	if (*stime_ns)
		*utime_ns = runtime_ns - *stime_ns;
}

#endif
