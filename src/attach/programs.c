/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/programs.c - the programs of the object, by the rules of their names and order.
 *
 *   BACKEND__EVENT            of one backend, or of "lifecycle", which each of them shares
 *   BACKEND__EVENT_2, _3 ...  copies at the same hook: see bpf/preempt.h
 *   ..._unrolled              in place of the one without it, for kernels without bpf_loop()
 *
 * Owns: which are wanted, what each has run, links. Not: the order of backends (probes.c).
 * Invariant: programs attach, and so run at the hook that they share, in the order of the object.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <limits.h>
#include <string.h>

#include "attach/internal.h"

/* Every set of them is tried: keep this list short. */
const struct optional_program optional_programs[OPTIONAL_PROGRAMS] = {
	{ "lifecycle__signal", "no exit names the sender of the signal that ended it" },
	{ "lifecycle__snapshot", "processes that run already are read from /proc" },
};

bool programs_is_left_out(const char *program, unsigned int without)
{
	for (size_t i = 0; i < OPTIONAL_PROGRAMS; i++)
		if (without & 1U << i && !strcmp(program, optional_programs[i].program))
			return true;
	return false;
}

#define UNROLLED "_unrolled"

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len > tail_len && !strcmp(text + len - tail_len, tail);
}

static struct bpf_program *find_unrolled(const struct probes *probes, const char *name)
{
	char unrolled[64];

	snprintf(unrolled, sizeof(unrolled), "%s" UNROLLED, name);
	return bpf_object__find_program_by_name(probes->object, unrolled);
}

static bool is_copy(const char *name)
{
	size_t len = strlen(name);

	return len > 2 && name[len - 2] == '_' && name[len - 1] >= '2' && name[len - 1] <= '9';
}

static bool is_of(const char *name, const char *backend)
{
	size_t len = strlen(backend);

	return !strncmp(name, backend, len) && !strncmp(name + len, "__", 2);
}

bool programs_is_iterator(const struct bpf_program *program)
{
	return bpf_program__expected_attach_type(program) == BPF_TRACE_ITER;
}

bool programs_is_wanted(const struct probes *probes, const struct bpf_program *program,
			const struct features *features)
{
	const char *name = bpf_program__name(program);

	if (!is_of(name, "lifecycle") && !is_of(name, probes->backend->name))
		return false;
	if (ends_with(name, UNROLLED))
		return !features->has_loop;
	if (programs_is_iterator(program))
		return features->has_task_iterator;
	return features->has_loop || !find_unrolled(probes, name);
}

struct bpf_program *programs_find(const struct probes *probes, const char *name)
{
	struct bpf_program *found = bpf_object__find_program_by_name(probes->object, name);

	return !found || bpf_program__autoload(found) ? found : find_unrolled(probes, name);
}

struct bpf_program *programs_next(const struct probes *probes, const char *backend,
				  struct bpf_program *program)
{
	while ((program = bpf_object__next_program(probes->object, program)))
		if (bpf_program__autoload(program) && !programs_is_iterator(program) &&
		    is_of(bpf_program__name(program), backend))
			break;
	return program;
}

int probes_keep(struct probes *probes, struct bpf_link *link)
{
	if (!link)
		return -errno;
	if (probes->link_count == PROBES_LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	probes->links[probes->link_count++] = link;
	return 0;
}

/* Debian's kernels start with kernel.perf_event_paranoid=3, which CAP_PERFMON does not outdo. */
const char *programs_refusal(int err)
{
	if (err != -EACCES)
		return strerror(-err);
	return "perf events are forbidden (run as root, or sysctl kernel.perf_event_paranoid=2)";
}

/* False: it is not loaded. */
static bool read_info(const struct bpf_program *program, struct bpf_prog_info *ret)
{
	__u32 size = sizeof(*ret);

	memset(ret, 0, size);
	return bpf_program__fd(program) >= 0 &&
	       !bpf_obj_get_info_by_fd(bpf_program__fd(program), ret, &size);
}

/*
 * Where a hook's program has copies, an event is missed only if none of them took it. Of all that
 * came to the hook, the first program has run for some and was skipped for the others; those that
 * any of them has taken are known. 0 where there are no copies.
 */
static int64_t not_taken(const struct probes *probes)
{
	int64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++) {
		const struct cpu_counters *c = probes_counters(probes, cpu);

		for (int hook = 0; hook < HOOK_COUNT; hook++) {
			sum += __atomic_load_n(&c->hook_runs[hook], __ATOMIC_RELAXED);
			sum -= __atomic_load_n(&c->hook_firsts[hook], __ATOMIC_RELAXED);
		}
	}
	return sum;
}

void probes_program_stats(const struct probes *probes, uint64_t *ret_missed, uint64_t *ret_runs,
			  uint64_t *ret_ns)
{
	struct bpf_program *program;
	int64_t missed = 0;

	*ret_runs = *ret_ns = 0;
	bpf_object__for_each_program(program, probes->object)
	{
		const char *name = bpf_program__name(program);
		struct bpf_prog_info info;

		if (!read_info(program, &info))
			continue;
		/* An event does not depend on what is optional: it lacks a field. */
		if (!is_copy(name) && !programs_is_left_out(name, UINT_MAX))
			missed += info.recursion_misses;
		*ret_runs += info.run_cnt;
		*ret_ns += info.run_time_ns;
	}
	missed += not_taken(probes);
	*ret_missed = missed > 0 ? missed : 0; /* while events are under way it may be below */
}

int probes_program_at(const struct probes *probes, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, probes->object)
	{
		struct bpf_prog_info info;

		if (!read_info(program, &info) || index--)
			continue;
		*ret_name = bpf_program__name(program);
		*ret_runs = info.run_cnt;
		*ret_ns = info.run_time_ns;
		return 0;
	}
	return -ENOENT;
}
