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

#include "base/array.h"
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

/* @from's readings of CPU time are added to those of @to, an earlier row of the same process. */
static void merge_usage(struct model *m, struct model_row *to, const struct model_row *from)
{
	struct model_usage *usage, *more = from->usage ? &m->usages[from->usage - 1] : NULL;

	if (more && !to->usage) {
		to->usage = from->usage;
		to->p.has_cpu_before = from->p.has_cpu_before;
	} else if (more) {
		usage = &m->usages[to->usage - 1];
		if (from->p.has_cpu_before && !to->p.has_cpu_before) {
			to->p.has_cpu_before = true;
			usage->before_utime_ns = more->before_utime_ns;
			usage->before_stime_ns = more->before_stime_ns;
		}
		if (more->has_until) {
			usage->has_until = true;
			usage->until_utime_ns = more->until_utime_ns;
			usage->until_stime_ns = more->until_stime_ns;
		}
	}
}

/* Adds to @to what a later row of the same id knows and it does not. False: another life. */
static bool merge(struct model *m, struct model_row *to, const struct model_row *from)
{
	struct begat_trace_process first = to->p;

	if ((to->p.has_exit && from->p.has_exit) || (to->p.has_fork && from->p.has_fork))
		return false;
	merge_usage(m, to, from);
	if (from->p.has_exit) {
		bool has_cpu_before = to->p.has_cpu_before;

		to->p = from->p;
		to->p.next_sibling = NONE;
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

		row->p.next_sibling = NONE;
		if (!*bucket)
			*bucket = i + 1;
		else if (merge(m, &m->rows[*bucket - 1], row))
			row->p.next_sibling = *bucket - 1;
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

		if (row->p.next_sibling != NONE) {
			e->process = row->p.next_sibling;
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

		row->p.parent = NONE;
		if (row->p.next_sibling == NONE && row->p.parent_id)
			row->p.parent = *row_bucket(m, row->p.parent_id) - 1;
	}
	if (!m->rows_count)
		return 0;
	cut = model_cut_rings(&m->rows[0].p.parent, sizeof(*m->rows), m->rows_count);
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
		m->corrections += p->has_exit && row->p.next_sibling == NONE;
	}
	/* One that was there before is not younger than its children: the first sight of it was
	 * late. */
	for (uint32_t i = 0; i < m->rows_count; i++) {
		uint32_t child = i, parent;

		while ((parent = m->rows[child].p.parent) != NONE) {
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
		m->rows[i].p.first_child = DEPTH_UNKNOWN;
	for (uint32_t i = 0; i < m->rows_count; i++) {
		uint32_t at = i, steps = 0;

		for (; at != NONE && m->rows[at].p.first_child == DEPTH_UNKNOWN;
		     at = m->rows[at].p.parent)
			path[steps++] = at;
		while (steps) {
			struct model_row *row = &m->rows[path[--steps]];
			const struct model_row *up;

			row->p.first_child = 0;
			if (row->p.parent == NONE)
				continue;
			up = &m->rows[row->p.parent];
			row->p.first_child = up->p.first_child + 1;
			if (row->p.start_ns < up->p.start_ns)
				row->p.start_ns = up->p.start_ns;
			if (row->p.end_ns < row->p.start_ns)
				row->p.end_ns = row->p.start_ns;
		}
	}
	free(path);
	return 0;
}

/* Rows are large: keys are sorted instead. */
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

/*
 * Moves each of the @count members of @array, @bytes long, to its place, which @places says and which
 * is no other's. Without a second array: recordings of millions of processes have to fit.
 */
static void move_to_places(void *array, size_t bytes, uint32_t *places, uint32_t count)
{
	char moved[sizeof(struct model_row)];

	for (uint32_t i = 0; i < count; i++) {
		while (places[i] != i) {
			uint32_t place = places[i];
			char *here = (char *)array + i * bytes,
			     *there = (char *)array + place * bytes;

			memcpy(moved, there, bytes);
			memcpy(there, here, bytes);
			memcpy(here, moved, bytes);
			places[i] = places[place];
			places[place] = place;
		}
	}
}

static bool is_ordered(const struct key *keys, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (by_start(&keys[i - 1], &keys[i]) > 0)
			return false;
	return true;
}

/* Where each row goes: the processes by their start, behind them the rows that were merged. */
static int find_places(struct model *m, uint32_t *places, uint32_t *ret_count)
{
	struct key *keys = calloc((size_t)m->rows_count + 1, sizeof(*keys));
	uint32_t count = 0, merged;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->rows_count; i++)
		if (m->rows[i].p.next_sibling == NONE)
			keys[count++] =
				(struct key){ m->rows[i].p.start_ns, m->rows[i].p.first_child, i };
	if (!is_ordered(keys, count))
		qsort(keys, count, sizeof(*keys), by_start);
	for (uint32_t i = 0; i < count; i++)
		places[keys[i].row] = i;
	merged = count;
	for (uint32_t i = 0; i < m->rows_count; i++)
		if (m->rows[i].p.next_sibling != NONE)
			places[i] = merged++;
	free(keys);
	*ret_count = count;
	return 0;
}

/* The @count rows that are processes become an array of these, in the memory that they have. */
static void rows_to_processes(struct model *m, uint32_t count)
{
	char *memory = (char *)m->rows, *smaller;

	for (uint32_t i = 0; i < count; i++)
		memmove(memory + i * sizeof(*m->processes), &m->rows[i].p, sizeof(*m->processes));
	smaller = realloc(memory, ((size_t)count + 1) * sizeof(*m->processes));
	m->rows = NULL;
	free(m->usages);
	m->usages = NULL;
	m->processes = (struct begat_trace_process *)(smaller ? smaller : memory);
	m->table.processes = m->processes;
	m->table.processes_count = count;
}

/* Rows become processes; execs get the index of theirs. */
static int order(struct model *m)
{
	uint32_t *places = calloc((size_t)m->rows_count + 1, sizeof(*places));
	uint32_t count;

	/* The memory of the rows must be more than none. */
	if (!places || array_grow(&m->rows, m->rows_count, &m->rows_room, sizeof(*m->rows)) < 0 ||
	    find_places(m, places, &count) < 0) {
		free(places);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < m->rows_count; i++) {
		struct model_row *row = &m->rows[i];
		struct begat_trace_process *p = &row->p;

		if (row->p.next_sibling == NONE)
			model_settle_usage(m, row);
		p->parent = row->p.parent == NONE ? NONE : places[row->p.parent];
		p->first_child = p->next_sibling = p->exec_last = NONE;
	}
	for (uint32_t i = 0; i < m->execs_count; i++)
		m->execs[i].process = places[m->execs[i].process];
	move_to_places(m->rows, sizeof(*m->rows), places, m->rows_count);
	free(places);
	rows_to_processes(m, count);
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
	uint32_t *places = calloc((size_t)m->execs_count + 1, sizeof(*places));
	uint32_t count = 0;

	if (!places)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->table.processes_count; i++) {
		struct begat_trace_process *p = &m->processes[i];

		p->execs_first = count;
		count += p->execs_count;
		p->execs_count = 0;
	}
	for (uint32_t i = 0; i < m->execs_count; i++) {
		struct begat_trace_process *p = &m->processes[m->execs[i].process];

		places[i] = p->execs_first + p->execs_count++;
	}
	move_to_places(m->execs, sizeof(*m->execs), places, m->execs_count);
	free(places);
	for (uint32_t i = 0; i < m->execs_count; i++)
		if (m->execs[i].type != BEGAT_EXEC_FAILED)
			end_with(&m->processes[m->execs[i].process], &m->execs[i], i);
	m->table.execs = m->execs;
	m->table.execs_count = m->execs_count;
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
