/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/clocks.c - cpu-clock perf events, by which an exit's CPU time is exact to microseconds.
 *
 * Not: what is computed from them (bpf/emit/clock.h).
 */
#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/internal.h"

#define LOOKS 8 /* the closest of so many counts */

void clocks_open(struct probes *probes)
{
	int map = bpf_map__fd(bpf_object__find_map_by_name(probes->object, "clocks"));
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
	};

	probes->clock_fds = calloc(probes->cpus, sizeof(*probes->clock_fds));
	if (!probes->clock_fds)
		return;
	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++)
		probes->clock_fds[cpu] = -1;
	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++) {
		int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			continue; /* offline, or not allowed: CPU times are exact to a tick only */
		probes->clock_fds[cpu] = fd;
		bpf_map_update_elem(map, &cpu, &fd, BPF_ANY);
	}
}

void clocks_close(struct probes *probes)
{
	for (uint32_t cpu = 0; probes->clock_fds && cpu < probes->cpus; cpu++)
		if (probes->clock_fds[cpu] >= 0)
			close(probes->clock_fds[cpu]);
	free(probes->clock_fds);
	probes->clock_fds = NULL;
}

/* A yield makes the scheduler look at its clock; the attempt right behind it sees that look. */
static void look(const struct probes *probes, uint32_t cpu, cpu_set_t *set, size_t size,
		 void (*attempt)(void))
{
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (probes->clock_fds[cpu] < 0 || sched_setaffinity(0, size, set))
		return;
	for (int i = 0; i < LOOKS; i++) {
		sched_yield();
		attempt();
	}
}

void clocks_warm_up(const struct probes *probes, void (*attempt)(void))
{
	size_t size = CPU_ALLOC_SIZE(probes->cpus);
	cpu_set_t *before = CPU_ALLOC(probes->cpus), *one = CPU_ALLOC(probes->cpus);

	if (probes->clock_fds && before && one && !sched_getaffinity(0, size, before)) {
		for (uint32_t cpu = 0; cpu < probes->cpus; cpu++)
			look(probes, cpu, one, size, attempt);
		sched_setaffinity(0, size, before);
	}
	CPU_FREE(before);
	CPU_FREE(one);
}
