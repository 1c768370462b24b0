/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/link.c - from rows to lives: parents and children, what ran when.
 *
 * Owns:    merging rows of one id, start times, the order of processes, parents, children,
 *          images.
 * Not:     reading (load.c).
 *
 * Invariants
 *  (1) Processes are in the order of their start; a parent comes before its children. So links
 *      cannot form a circle, whatever the file says: a link that breaks the order is cut.
 *  (2) Nothing here is quadratic.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "model/load.h"

#define NONE BEGAT_TRACE_NONE
#define DEPTH_UNKNOWN UINT32_MAX
#define DEPTH_ON_PATH (UINT32_MAX - 1)

static uint32_t hash_id(const struct loaded *l, uint64_t id)
{
	return (uint32_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & l->by_id_mask;
}

static int make_table(struct loaded *l, uint32_t count)
{
	uint64_t size = 64;

	while (size < (uint64_t)count * 2)
		size *= 2;
	free(l->by_id);
	l->by_id = calloc(size, sizeof(*l->by_id));
	l->by_id_mask = (uint32_t)(size - 1);
	return l->by_id ? 0 : -ENOMEM;
}

/* The slot that holds an index + 1 of this id, or a free one. @ids: their ids, @stride apart. */
static uint32_t *find_slot(const struct loaded *l, const void *ids, size_t stride, uint64_t id)
{
	for (uint32_t i = hash_id(l, id);; i = (i + 1) & l->by_id_mask) {
		uint64_t found;

		if (!l->by_id[i])
			return &l->by_id[i];
		memcpy(&found, (const char *)ids + (size_t)(l->by_id[i] - 1) * stride,
		       sizeof(found));
		if (found == id)
			return &l->by_id[i];
	}
}

static uint32_t *rough_slot(const struct loaded *l, uint64_t id)
{
	return find_slot(l, &l->processes[0].p.id, sizeof(l->processes[0]), id);
}

/* Adds to @to what a later row of the same id knows and it does not. False: another life. */
static bool merge(struct loaded_process *to, const struct loaded_process *from)
{
	struct begat_trace_process fork = to->p, merged;

	if ((to->p.has_exit && from->p.has_exit) || (to->p.has_fork && from->p.has_fork))
		return false;
	if (from->p.has_cpu_before && !to->p.has_cpu_before) {
		to->p.has_cpu_before = true;
		to->before_utime_ns = from->before_utime_ns;
		to->before_stime_ns = from->before_stime_ns;
	}
	if (from->has_until) {
		to->has_until = true;
		to->until_utime_ns = from->until_utime_ns;
		to->until_stime_ns = from->until_stime_ns;
	}
	if (from->p.has_exit) {
		merged = from->p;
		if (!from->p.has_fork) {
			merged.parent_id = fork.parent_id;
			merged.parent_tgid = fork.parent_tgid;
			merged.has_fork = fork.has_fork;
			merged.fork_n = fork.fork_n;
			merged.start_ns = fork.start_ns;
			merged.forked_by_id = fork.forked_by_id;
			merged.forked_by_tgid = fork.forked_by_tgid;
		}
		merged.has_cpu_before |= to->p.has_cpu_before;
		to->p = merged;
		to->start_by_duration_ns = from->start_by_duration_ns;
	} else if (from->p.has_fork) {
		to->p.parent_id = from->p.parent_id;
		to->p.parent_tgid = from->p.parent_tgid;
		to->p.has_fork = true;
		to->p.fork_n = from->p.fork_n;
		to->p.start_ns = from->p.start_ns;
		to->p.forked_by_id = from->p.forked_by_id;
		to->p.forked_by_tgid = from->p.forked_by_tgid;
	}
	return true;
}

static int merge_rows(struct loaded *l)
{
	if (make_table(l, l->processes_count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->processes_count; i++) {
		struct loaded_process *lp = &l->processes[i];
		uint32_t *slot = rough_slot(l, lp->p.id);

		lp->merged_into = NONE;
		if (!*slot)
			*slot = i + 1;
		else if (merge(&l->processes[*slot - 1], lp))
			lp->merged_into = *slot - 1;
		else
			*slot = i + 1;
	}
	return 0;
}

uint32_t link_row(const struct loaded *l, int64_t row)
{
	uint32_t low = 0, high = l->processes_count;

	/* Rows are 1, 2, 3 ... in a file of ours. */
	if (row > 0 && (uint64_t)row <= high && l->processes[row - 1].row == row)
		return (uint32_t)(row - 1);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (l->processes[middle].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->processes_count && l->processes[low].row == row ? low : NONE;
}

/* The same, or the one that it was merged into. */
static uint32_t by_row(const struct loaded *l, int64_t row)
{
	uint32_t found = link_row(l, row);

	if (found != NONE && l->processes[found].merged_into != NONE)
		found = l->processes[found].merged_into;
	return found;
}

static void see_execs(struct loaded *l)
{
	for (uint32_t i = 0; i < l->execs_count; i++) {
		struct begat_trace_exec *e = &l->execs[i].e;
		struct loaded_process *lp;

		e->process = by_row(l, l->execs[i].row);
		if (e->process == NONE)
			continue;
		lp = &l->processes[e->process];
		lp->p.execs_count++;
		lp->p.images_count += e->type == BEGAT_EXEC;
		lp->p.was_there_before |= e->type == BEGAT_SNAPSHOT;
		if (!lp->first_seen_ns || e->ts_ns < lp->first_seen_ns)
			lp->first_seen_ns = e->ts_ns;
	}
}

static uint32_t parent_of(const struct loaded *l, uint32_t index)
{
	const struct loaded_process *lp = &l->processes[index];
	uint32_t parent;

	if (!lp->p.parent_id)
		return NONE;
	parent = *rough_slot(l, lp->p.parent_id);
	return parent && parent - 1 != index ? parent - 1 : NONE;
}

static void set_times(struct loaded *l)
{
	for (uint32_t i = 0; i < l->processes_count; i++) {
		struct loaded_process *lp = &l->processes[i];
		struct begat_trace_process *p = &lp->p;

		if (!p->has_fork) {
			p->start_ns = lp->start_by_duration_ns;
			if (!p->start_ns)
				p->start_ns = lp->first_seen_ns ? lp->first_seen_ns : p->end_ns;
		}
		if (!p->has_exit)
			p->end_ns = l->table.last_ns;
		if (p->end_ns < p->start_ns)
			p->end_ns = p->start_ns;
	}
	/* One that was there before is not younger than its children: the first sight of it was
	 * late. Each step lowers a time, so this ends even in a circle. */
	for (uint32_t i = 0; i < l->processes_count; i++) {
		uint32_t child = i, parent;

		while ((parent = parent_of(l, child)) != NONE) {
			struct begat_trace_process *p = &l->processes[parent].p;

			if (p->has_fork || p->start_ns <= l->processes[child].p.start_ns)
				break;
			p->start_ns = l->processes[child].p.start_ns;
			child = parent;
		}
	}
}

/* Steps to the top, for the order of those that start at the same time. */
static int set_depths(struct loaded *l)
{
	uint32_t *path = calloc((size_t)l->processes_count + 1, sizeof(*path));

	if (!path)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->processes_count; i++)
		l->processes[i].depth = DEPTH_UNKNOWN;
	for (uint32_t i = 0; i < l->processes_count; i++) {
		uint32_t at = i, steps = 0, depth = 0;

		while (at != NONE && l->processes[at].depth == DEPTH_UNKNOWN) {
			l->processes[at].depth = DEPTH_ON_PATH;
			path[steps++] = at;
			at = parent_of(l, at);
		}
		if (at != NONE && l->processes[at].depth != DEPTH_ON_PATH)
			depth = l->processes[at].depth + 1;
		while (steps)
			l->processes[path[--steps]].depth = depth++;
	}
	free(path);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct loaded_process *left = *(struct loaded_process *const *)a;
	const struct loaded_process *right = *(struct loaded_process *const *)b;

	if (left->p.start_ns != right->p.start_ns)
		return left->p.start_ns < right->p.start_ns ? -1 : 1;
	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return (left->row > right->row) - (left->row < right->row);
}

static int order(struct loaded *l)
{
	struct loaded_process **sorted = calloc((size_t)l->processes_count + 1, sizeof(*sorted));
	uint32_t count = 0;

	l->final_processes = calloc((size_t)l->processes_count + 1, sizeof(*l->final_processes));
	if (!sorted || !l->final_processes) {
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->processes_count; i++)
		if (l->processes[i].merged_into == NONE)
			sorted[count++] = &l->processes[i];
	qsort(sorted, count, sizeof(*sorted), by_start);
	for (uint32_t i = 0; i < count; i++)
		sorted[i]->place = i;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = parent_of(l, (uint32_t)(sorted[i] - l->processes));
		struct begat_trace_process *p = &l->final_processes[i];

		load_settle_usage(l, sorted[i]);
		*p = sorted[i]->p;
		p->parent = parent == NONE ? NONE : l->processes[parent].place;
		if (p->parent != NONE && p->parent >= i)
			p->parent = NONE;
		p->first_child = p->next_sibling = NONE;
	}
	/* From the last to the first, each before those that are there: so they are in order. */
	for (uint32_t i = count; i-- > 0;) {
		struct begat_trace_process *p = &l->final_processes[i];

		if (p->parent == NONE)
			continue;
		p->next_sibling = l->final_processes[p->parent].first_child;
		l->final_processes[p->parent].first_child = i;
	}
	free(sorted);
	l->table.processes = l->final_processes;
	l->table.processes_count = count;
	return 0;
}

static void end_with(struct begat_trace_process *p, const struct begat_trace_exec *last,
		     uint32_t index)
{
	p->exec_last = index;
	if (p->has_exit && p->exe)
		return;
	p->exe = last->exe;
	p->argv = last->argv;
	if (!p->has_exit) {
		p->comm = last->comm;
		if (last->context != NONE)
			p->context = last->context;
	}
}

static int place_execs(struct loaded *l)
{
	uint32_t count = 0;

	l->final_execs = calloc((size_t)l->execs_count + 1, sizeof(*l->final_execs));
	if (!l->final_execs)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->table.processes_count; i++) {
		struct begat_trace_process *p = &l->final_processes[i];

		p->execs_first = count;
		count += p->execs_count;
		p->execs_count = 0;
	}
	for (uint32_t i = 0; i < l->execs_count; i++) {
		struct begat_trace_exec e = l->execs[i].e;
		struct begat_trace_process *p;
		uint32_t index;

		if (e.process == NONE)
			continue;
		e.process = l->processes[e.process].place;
		p = &l->final_processes[e.process];
		index = p->execs_first + p->execs_count++;
		l->final_execs[index] = e;
		if (e.type != BEGAT_EXEC_FAILED)
			end_with(p, &e, index);
	}
	l->table.execs = l->final_execs;
	l->table.execs_count = count;
	return 0;
}

static int finish(struct loaded *l)
{
	if (make_table(l, l->table.processes_count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->table.processes_count; i++) {
		struct begat_trace_process *p = &l->final_processes[i];
		uint32_t *slot = find_slot(l, &l->final_processes[0].id, sizeof(*p), p->id);

		*slot = i + 1;
		if (p->context == NONE)
			continue;
		p->short_lived = p->has_exit && l->contexts[p->context].short_lived;
		p->synthetic = l->contexts[p->context].synthetic;
	}
	return 0;
}

int link_loaded(struct loaded *l)
{
	if (merge_rows(l) < 0)
		return -ENOMEM;
	see_execs(l);
	set_times(l);
	if (set_depths(l) < 0 || order(l) < 0 || place_execs(l) < 0 || finish(l) < 0)
		return -ENOMEM;
	free(l->processes);
	free(l->execs);
	l->processes = NULL;
	l->execs = NULL;
	return 0;
}

BEGAT_API uint32_t begat_trace_find(const struct begat_trace *trace, uint64_t id)
{
	const struct loaded *l = trace->loaded;

	if (!l || !l->table.processes_count)
		return NONE;
	return *find_slot(l, &l->final_processes[0].id, sizeof(*l->final_processes), id) - 1;
}
