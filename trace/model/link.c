/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/link.c - from rows to lives: parents and children, what ran when.
 *
 * Owns:    merging rows of one id, start times, the order of processes, parents, children,
 *          images.
 * Not:     where rows come from (load.c, live.c).
 *
 * Invariants
 *  (1) Processes are in the order of their start; a parent comes before its children. Links cannot
 *      form a circle, whatever the rows say: a ring loses a link, and a child that is said to have
 *      started before its parent starts with it.
 *  (2) No process ends before it starts.
 *  (3) Nothing here is quadratic.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

#define NONE BEGAT_TRACE_NONE
#define DEPTH_UNKNOWN UINT32_MAX

static uint32_t *row_bucket(const struct model *m, uint64_t id)
{
	return id_map_bucket(&m->by_id, &m->rows[0].p.id, sizeof(*m->rows), id);
}

static void take_fork(struct begat_trace_process *to, const struct begat_trace_process *from)
{
	to->parent_id = from->parent_id;
	to->parent_tgid = from->parent_tgid;
	to->has_fork = from->has_fork;
	to->fork_n = from->fork_n;
	to->start_ns = from->start_ns;
	to->forked_by_id = from->forked_by_id;
	to->forked_by_tgid = from->forked_by_tgid;
}

/* Adds to @to what a later row of the same id knows and it does not. False: another life. */
static bool merge(struct model_row *to, const struct model_row *from)
{
	struct begat_trace_process first = to->p;

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
		bool has_cpu_before = to->p.has_cpu_before;

		to->p = from->p;
		to->p.has_cpu_before |= has_cpu_before;
		if (!from->p.has_fork)
			take_fork(&to->p, &first);
		to->start_by_duration_ns = from->start_by_duration_ns;
	} else if (from->p.has_fork) {
		take_fork(&to->p, &from->p);
	}
	return true;
}

static int merge_rows(struct model *m)
{
	if (id_map_init(&m->by_id, m->rows_count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->rows_count; i++) {
		struct model_row *row = &m->rows[i];
		uint32_t *bucket = row_bucket(m, row->p.id);

		row->merged_into = NONE;
		if (!*bucket)
			*bucket = i + 1;
		else if (merge(&m->rows[*bucket - 1], row))
			row->merged_into = *bucket - 1;
		else
			*bucket = i + 1;
	}
	return 0;
}

static void see_execs(struct model *m)
{
	for (uint32_t i = 0; i < m->execs_count; i++) {
		struct begat_trace_exec *e = &m->execs[i];
		struct model_row *row = &m->rows[e->process];

		if (row->merged_into != NONE) {
			e->process = row->merged_into;
			row = &m->rows[e->process];
		}
		row->p.execs_count++;
		row->p.images_count += e->type == BEGAT_EXEC;
		row->p.was_there_before |= e->type == BEGAT_SNAPSHOT;
		if (!row->first_seen_ns || e->ts_ns < row->first_seen_ns)
			row->first_seen_ns = e->ts_ns;
	}
}

uint32_t model_cut_rings(uint32_t *parents, size_t stride, uint32_t count)
{
	uint32_t *walk =
		calloc((size_t)count + 1, sizeof(*walk)); /* number of the walk that saw it */
	uint32_t cut = 0;

	if (!walk)
		return NONE;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i, *parent = NULL;

		while (at != NONE && !walk[at]) {
			walk[at] = i + 1;
			parent = (uint32_t *)((char *)parents + at * stride);
			at = *parent;
		}
		if (at == NONE || walk[at] != i + 1)
			continue;
		*(uint32_t *)((char *)parents + at * stride) = NONE;
		cut++;
	}
	free(walk);
	return cut;
}

static int find_parents(struct model *m)
{
	uint32_t cut;

	for (uint32_t i = 0; i < m->rows_count; i++) {
		struct model_row *row = &m->rows[i];

		row->parent = NONE;
		if (row->merged_into == NONE && row->p.parent_id)
			row->parent = *row_bucket(m, row->p.parent_id) - 1;
	}
	if (!m->rows_count)
		return 0;
	cut = model_cut_rings(&m->rows[0].parent, sizeof(*m->rows), m->rows_count);
	if (cut == NONE)
		return -ENOMEM;
	m->corrections += cut;
	return 0;
}

static void set_times(struct model *m)
{
	for (uint32_t i = 0; i < m->rows_count; i++) {
		struct model_row *row = &m->rows[i];
		struct begat_trace_process *p = &row->p;

		if (!p->has_fork) {
			p->start_ns = row->start_by_duration_ns;
			if (!p->start_ns)
				p->start_ns = row->first_seen_ns ? row->first_seen_ns : p->end_ns;
		}
		if (!p->has_exit)
			p->end_ns = m->table.last_ns;
		if (p->end_ns >= p->start_ns)
			continue;
		p->end_ns = p->start_ns;
		m->corrections += p->has_exit && row->merged_into == NONE;
	}
	/* One that was there before is not younger than its children: the first sight of it was
	 * late. */
	for (uint32_t i = 0; i < m->rows_count; i++) {
		uint32_t child = i, parent;

		while ((parent = m->rows[child].parent) != NONE) {
			struct begat_trace_process *p = &m->rows[parent].p;

			if (p->has_fork || p->start_ns <= m->rows[child].p.start_ns)
				break;
			p->start_ns = m->rows[child].p.start_ns;
			child = parent;
		}
	}
}

/* Steps to the top, for the order of those that start at the same time; parents start first. */
static int set_depths(struct model *m)
{
	uint32_t *path = calloc((size_t)m->rows_count + 1, sizeof(*path));

	if (!path)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->rows_count; i++)
		m->rows[i].depth = DEPTH_UNKNOWN;
	for (uint32_t i = 0; i < m->rows_count; i++) {
		uint32_t at = i, steps = 0;

		for (; at != NONE && m->rows[at].depth == DEPTH_UNKNOWN; at = m->rows[at].parent)
			path[steps++] = at;
		while (steps) {
			struct model_row *row = &m->rows[path[--steps]];
			const struct model_row *up;

			row->depth = 0;
			if (row->parent == NONE)
				continue;
			up = &m->rows[row->parent];
			row->depth = up->depth + 1;
			if (row->p.start_ns < up->p.start_ns)
				row->p.start_ns = up->p.start_ns;
			if (row->p.end_ns < row->p.start_ns)
				row->p.end_ns = row->p.start_ns;
		}
	}
	free(path);
	return 0;
}

/* Rows are large: keys are sorted, rows are read once. */
struct key {
	uint64_t start_ns;
	uint32_t depth, row;
};

static int by_start(const void *a, const void *b)
{
	const struct key *left = a, *right = b;

	if (left->start_ns != right->start_ns)
		return left->start_ns < right->start_ns ? -1 : 1;
	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return left->row < right->row ? -1 : left->row > right->row;
}

/* From the last to the first, each before those that are there: so they are in order. */
static void list_children(struct model *m)
{
	for (uint32_t i = m->table.processes_count; i-- > 0;) {
		struct begat_trace_process *p = &m->processes[i];

		if (p->parent == NONE)
			continue;
		p->next_sibling = m->processes[p->parent].first_child;
		m->processes[p->parent].first_child = i;
	}
}

/* Rows become processes; execs get the index of theirs. */
static int order(struct model *m)
{
	struct key *keys = calloc((size_t)m->rows_count + 1, sizeof(*keys));
	uint32_t count = 0;

	for (uint32_t i = 0; keys && i < m->rows_count; i++)
		if (m->rows[i].merged_into == NONE)
			keys[count++] = (struct key){ m->rows[i].p.start_ns, m->rows[i].depth, i };
	m->processes = calloc((size_t)count + 1, sizeof(*m->processes));
	if (!keys || !m->processes) {
		free(keys);
		return -ENOMEM;
	}
	qsort(keys, count, sizeof(*keys), by_start);
	for (uint32_t i = 0; i < count; i++)
		m->rows[keys[i].row].place = i;
	for (uint32_t i = 0; i < count; i++) {
		struct model_row *row = &m->rows[keys[i].row];
		struct begat_trace_process *p = &m->processes[i];

		model_settle_usage(m, row);
		*p = row->p;
		p->parent = row->parent == NONE ? NONE : m->rows[row->parent].place;
		p->first_child = p->next_sibling = p->exec_last = NONE;
	}
	for (uint32_t i = 0; i < m->execs_count; i++)
		m->execs[i].process = m->rows[m->execs[i].process].place;
	free(keys);
	free(m->rows);
	m->rows = NULL;
	m->table.processes = m->processes;
	m->table.processes_count = count;
	list_children(m);
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

static int place_execs(struct model *m)
{
	struct begat_trace_exec *placed = calloc((size_t)m->execs_count + 1, sizeof(*placed));
	uint32_t count = 0;

	if (!placed)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->table.processes_count; i++) {
		struct begat_trace_process *p = &m->processes[i];

		p->execs_first = count;
		count += p->execs_count;
		p->execs_count = 0;
	}
	for (uint32_t i = 0; i < m->execs_count; i++) {
		const struct begat_trace_exec *e = &m->execs[i];
		struct begat_trace_process *p = &m->processes[e->process];
		uint32_t index = p->execs_first + p->execs_count++;

		placed[index] = *e;
		if (e->type != BEGAT_EXEC_FAILED)
			end_with(p, e, index);
	}
	free(m->execs);
	m->execs = placed;
	m->table.execs = placed;
	m->table.execs_count = count;
	return 0;
}

static int finish(struct model *m)
{
	if (id_map_init(&m->by_id, m->table.processes_count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->table.processes_count; i++) {
		struct begat_trace_process *p = &m->processes[i];

		*id_map_bucket(&m->by_id, &m->processes[0].id, sizeof(*p), p->id) = i + 1;
		if (p->context == NONE)
			continue;
		p->short_lived = p->has_exit && m->contexts[p->context].short_lived;
		p->synthetic = m->contexts[p->context].synthetic;
	}
	m->table.contexts = m->contexts;
	m->table.contexts_count = m->contexts_count;
	m->table.losses = m->losses;
	m->table.losses_count = m->losses_count;
	return 0;
}

int model_link(struct model *m)
{
	if (merge_rows(m) < 0)
		return -ENOMEM;
	see_execs(m);
	if (find_parents(m) < 0)
		return -ENOMEM;
	set_times(m);
	return set_depths(m) < 0 || order(m) < 0 || place_execs(m) < 0 || finish(m) < 0 ? -ENOMEM
											: 0;
}
