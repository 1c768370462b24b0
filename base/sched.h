/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/sched.h - the scheduling policy of the calling thread, by the kernel's own calls.
 *
 * Owns: struct sched_attr as 3.14 had it, under another name: <linux/sched/types.h> does not go
 *       with <sched.h>, and glibc has both the struct and the calls from 2.41 on only.
 */
#ifndef BASE_SCHED_H
#define BASE_SCHED_H

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sched_settings {
	uint32_t size; /* sizeof(struct sched_settings) */
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Both return 0, or -1 with errno. */
static inline int sched_settings_get(struct sched_settings *ret_settings)
{
	return (int)syscall(SYS_sched_getattr, 0, ret_settings, sizeof(*ret_settings), 0);
}

static inline int sched_settings_set(const struct sched_settings *settings)
{
	return (int)syscall(SYS_sched_setattr, 0, settings, 0);
}

#endif
