/* SPDX-License-Identifier: BSD-2-Clause */
/* cli/standing.c - sched_setattr(2), for which the C library has no function before glibc 2.41. */
#include "standing.h"

#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000 /* the shortest that the kernel gives */

/* The kernel's struct sched_attr as 3.14 had it; <linux/sched/types.h> does not go with <sched.h>. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

void standing_take(enum standing standing)
{
	struct attr attr = {
		.size = sizeof(attr),
		.policy = SCHED_OTHER,
		.flags = standing == STANDING_USUAL ? 0 : SCHED_FLAG_RESET_ON_FORK,
		.nice = getpriority(PRIO_PROCESS, 0),
	};

	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != SCHED_OTHER)
		return;
	if (standing == STANDING_FIRST)
		attr.nice = -20;
	if (standing == STANDING_PROMPT)
		attr.runtime_ns = SLICE_NS;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}
