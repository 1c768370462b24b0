/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/layout.c - processes as slices on tracks.
 *
 * Owns:    see layout.h.
 *
 * A track is a stack of open slices. A process is a slice; if it had several images, each is a
 * slice within. Its children lie within what was its innermost slice when they were forked.
 */
#include "layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/tracks.h"

#define NONE BEGAT_TRACE_NONE

struct track {
	uint32_t *open; /* slices, the innermost last */
	uint32_t count, room;
};

struct maker {
	const struct begat_trace_table *table;
	struct layout layout;
	uint32_t slices_room;
	struct track *tracks;
	uint32_t tracks_room;
	struct tracks rows; /* for the outermost slices */
};

static int add_slice(struct maker *m, uint32_t process, uint32_t exec, uint64_t start_ns,
		     uint64_t end_ns, uint32_t track)
{
	struct layout *l = &m->layout;
	struct track *t = &m->tracks[track];

	if (array_grow(&l->slices, l->slices_count, &m->slices_room, sizeof(*l->slices)) < 0 ||
	    array_grow(&t->open, t->count, &t->room, sizeof(*t->open)) < 0)
		return -ENOMEM;
	l->slices[l->slices_count] = (struct layout_slice){ .start_ns = start_ns,
							    .end_ns = end_ns,
							    .process = process,
							    .exec = exec,
							    .track = track,
							    .depth = t->count };
	t->open[t->count++] = l->slices_count++;
	return 0;
}

/* Closes what has ended on a track by @now_ns. */
static void close_ended(struct maker *m, uint32_t track, uint64_t now_ns)
{
	struct track *t = &m->tracks[track];

	while (t->count && m->layout.slices[t->open[t->count - 1]].end_ns <= now_ns)
		t->count--;
}

/* The parent's track, if the parent is innermost there and the process ends within it. */
static uint32_t find_nest(struct maker *m, const struct begat_trace_process *p)
{
	const struct layout_slice *inner;
	struct track *t;
	uint32_t track;

	if (p->parent == NONE)
		return NONE;
	track = m->layout.slices[m->layout.by_process[p->parent]].track;
	close_ended(m, track, p->start_ns);
	t = &m->tracks[track];
	if (!t->count)
		return NONE;
	inner = &m->layout.slices[t->open[t->count - 1]];
	return inner->process == p->parent && p->end_ns <= inner->end_ns ? track : NONE;
}

static int find_free(struct maker *m, const struct begat_trace_process *p, uint32_t *ret_track)
{
	if (tracks_take(&m->rows, p->start_ns, p->end_ns, ret_track) < 0 ||
	    array_grow(&m->tracks, m->layout.tracks_count, &m->tracks_room, sizeof(*m->tracks)) < 0)
		return -ENOMEM;
	if (*ret_track == m->layout.tracks_count)
		m->tracks[m->layout.tracks_count++] = (struct track){ 0 };
	m->tracks[*ret_track].count = 0;
	return 0;
}

/* Images within the process, if they were several: opened as their time comes. */
static int add_images(struct maker *m, uint32_t index, uint64_t now_ns)
{
	const struct begat_trace_process *p = &m->table->processes[index];
	const struct layout_slice *whole = &m->layout.slices[m->layout.by_process[index]];
	uint32_t track = whole->track, last = NONE;
	uint64_t from_ns = 0, to_ns = p->end_ns;

	if (p->images_count < 2)
		return 0;
	/* Only if the process itself is innermost: no child is open. */
	struct track *t = &m->tracks[track];

	close_ended(m, track, now_ns);
	if (!t->count || t->open[t->count - 1] != m->layout.by_process[index])
		return 0;
	for (uint32_t i = 0; i < p->execs_count; i++) {
		const struct begat_trace_exec *e = &m->table->execs[p->execs_first + i];

		if (e->type == BEGAT_EXEC_FAILED)
			continue;
		if (e->ts_ns > now_ns) {
			to_ns = e->ts_ns;
			break;
		}
		last = p->execs_first + i;
		from_ns = e->ts_ns;
	}
	if (last == NONE || to_ns > p->end_ns || from_ns < p->start_ns || to_ns < from_ns)
		return 0;
	return add_slice(m, index, last, now_ns, to_ns, track);
}

/* What happens in time: processes start, images replace each other. */
struct moment {
	uint64_t ns;
	uint32_t process, exec; /* exec NONE: the process starts */
};

static int by_time(const void *a, const void *b)
{
	const struct moment *left = a, *right = b;

	if (left->ns != right->ns)
		return left->ns < right->ns ? -1 : 1;
	if (left->process != right->process)
		return left->process < right->process ? -1 : 1;
	/* NONE + 1 is 0: the start comes first. */
	return left->exec + 1 < right->exec + 1 ? -1 : left->exec + 1 > right->exec + 1;
}

static struct moment *list_moments(const struct begat_trace_table *t, size_t *ret_count)
{
	struct moment *all = calloc((size_t)t->processes_count + t->execs_count + 1, sizeof(*all));
	size_t count = 0;

	for (uint32_t i = 0; all && i < t->processes_count; i++) {
		const struct begat_trace_process *p = &t->processes[i];

		all[count++] = (struct moment){ p->start_ns, i, NONE };
		for (uint32_t k = 0; p->images_count > 1 && k < p->execs_count; k++) {
			const struct begat_trace_exec *e = &t->execs[p->execs_first + k];

			if (e->type != BEGAT_EXEC_FAILED && e->ts_ns >= p->start_ns &&
			    e->ts_ns <= p->end_ns)
				all[count++] = (struct moment){ e->ts_ns, i, p->execs_first + k };
		}
	}
	if (all)
		qsort(all, count, sizeof(*all), by_time);
	*ret_count = count;
	return all;
}

static int place_all(struct maker *m)
{
	size_t count;
	struct moment *moments = list_moments(m->table, &count);
	int err = moments ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++) {
		uint32_t index = moments[i].process;
		const struct begat_trace_process *p = &m->table->processes[index];
		uint32_t track;

		if (moments[i].exec != NONE) {
			err = add_images(m, index, moments[i].ns);
			continue;
		}
		track = find_nest(m, p);
		if (track == NONE)
			err = find_free(m, p, &track);
		m->layout.by_process[index] = m->layout.slices_count;
		if (!err)
			err = add_slice(m, index, NONE, p->start_ns, p->end_ns, track);
	}
	free(moments);
	return err;
}

struct edge_key {
	uint64_t ns;
	uint64_t order; /* among equal times */
	struct layout_edge edge;
};

static int by_edge(const void *a, const void *b)
{
	const struct edge_key *left = a, *right = b;

	if (left->ns != right->ns)
		return left->ns < right->ns ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

/*
 * At one moment: first what began earlier ends, the inner first; then what begins, in the order
 * of the slices; a slice without length ends right after its begin.
 */
static int order_edges(struct layout *l)
{
	struct edge_key *keys = calloc((size_t)l->slices_count * 2 + 1, sizeof(*keys));
	const uint64_t begins = 1ull << 40;

	l->edges = calloc((size_t)l->slices_count * 2 + 1, sizeof(*l->edges));
	if (!keys || !l->edges) {
		free(keys);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->slices_count; i++) {
		const struct layout_slice *s = &l->slices[i];

		keys[2 * (size_t)i] =
			(struct edge_key){ s->start_ns, begins + 2ull * i, { i, false } };
		keys[2 * (size_t)i + 1] =
			(struct edge_key){ s->end_ns,
					   s->end_ns == s->start_ns ? begins + 2ull * i + 1
								    : UINT32_MAX - i,
					   { i, true } };
	}
	qsort(keys, (size_t)l->slices_count * 2, sizeof(*keys), by_edge);
	for (size_t i = 0; i < (size_t)l->slices_count * 2; i++)
		l->edges[i] = keys[i].edge;
	free(keys);
	return 0;
}

int layout_make(const struct begat_trace_table *table, struct layout *ret_layout)
{
	struct maker m = { .table = table };
	int err = 0;

	m.layout.by_process =
		calloc((size_t)table->processes_count + 1, sizeof(*m.layout.by_process));
	if (!m.layout.by_process)
		err = -ENOMEM;
	if (!err)
		err = place_all(&m);
	if (!err)
		err = order_edges(&m.layout);
	for (uint32_t i = 0; i < m.layout.tracks_count; i++)
		free(m.tracks[i].open);
	free(m.tracks);
	tracks_done(&m.rows);
	if (err)
		layout_done(&m.layout);
	else
		*ret_layout = m.layout;
	return err;
}

void layout_done(struct layout *l)
{
	free(l->slices);
	free(l->by_process);
	free(l->edges);
	*l = (struct layout){ 0 };
}
