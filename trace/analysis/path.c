/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/path.c - the critical path: which chain of processes bounded the wall time.
 *
 * Owns:    the walk back from the end; docs/analysis.md defines it and works examples by hand.
 * Not:     whether a parent really waited: a trace does not say, the end of a child does.
 *
 * The walk is in a process P at a time t, first in the root at its end. Of P's children
 * that had ended by t, the one that ended last is what P waited for: from its end to t the path
 * is P itself, from its start to its end it is the child (by the same rule, in it), and the walk
 * goes on in P from the child's start. With no such child left, the rest is P itself.
 *
 * Each process is entered at most once and each child looked at once, so the walk takes
 * O(n log n), whatever shape the tree has; an own stack, since traces may be deep.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

struct frame {
	uint32_t process; /* ANALYSIS_NONE: the run as a whole */
	uint32_t next, stop; /* in by_end */
	uint64_t from, at;
	size_t visit;
};

struct walk {
	const struct analysis_base *base;
	struct analysis_path *path;
	uint32_t *by_end; /* as base.children; a slice is sorted when its process is entered */
	uint32_t *tops; /* the children of the run as a whole */
	uint32_t tops_count;
	struct frame *stack;
	uint32_t depth, room;
};

static int compare_ends(const void *a, const void *b, void *ctx)
{
	const struct analysis_base *base = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct analysis_process *x = &base->processes[i], *y = &base->processes[k];

	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1; /* together at the end: the longer */
	return i < k ? -1 : i > k;
}

static int enter(struct walk *w, uint32_t process, uint64_t from, uint64_t to)
{
	const struct analysis_base *b = w->base;
	struct frame f = { .process = process, .from = from, .at = to };
	uint32_t *slice = process == ANALYSIS_NONE ? w->tops : w->by_end;

	if (array_grow(&w->stack, w->depth, &w->room, sizeof(*w->stack)) < 0)
		return -ENOMEM;
	f.stop = process == ANALYSIS_NONE ? w->tops_count : b->child_first[process + 1];
	f.next = process == ANALYSIS_NONE ? 0 : b->child_first[process];
	qsort_r(slice + f.next, f.stop - f.next, sizeof(*slice), compare_ends, (void *)b);
	f.visit = w->path->visits_count++;
	w->path->visits[f.visit] = (struct analysis_visit){
		.from_ns = from, .to_ns = to, .process = process, .depth = w->depth
	};
	w->stack[w->depth++] = f;
	return 0;
}

static void add_segment(struct walk *w, struct frame *f, uint64_t from)
{
	if (from == f->at)
		return;
	w->path->segments[w->path->segments_count++] =
		(struct analysis_segment){ .from_ns = from, .to_ns = f->at, .process = f->process };
	w->path->visits[f->visit].own_ns += f->at - from;
	f->at = from;
}

/* The child that ended last by f->at, clipped to where the path may be; false: none is left. */
static bool next_child(struct walk *w, struct frame *f, uint32_t *ret_child, uint64_t *ret_start)
{
	const uint32_t *slice = f->process == ANALYSIS_NONE ? w->tops : w->by_end;

	while (f->next < f->stop) {
		uint32_t i = slice[f->next++];
		const struct analysis_process *child = &w->base->processes[i];

		if (child->end_ns > f->at || !base_is_run(w->base, i))
			continue;
		if (child->end_ns <= f->from)
			break;
		*ret_start = child->start_ns > f->from ? child->start_ns : f->from;
		if (*ret_start == child->end_ns)
			continue;
		*ret_child = i;
		return true;
	}
	return false;
}

static int walk_back(struct walk *w)
{
	while (w->depth) {
		struct frame *f = &w->stack[w->depth - 1];
		uint32_t child;
		uint64_t start, end;

		if (!next_child(w, f, &child, &start)) {
			add_segment(w, f, f->from);
			w->depth--;
			continue;
		}
		end = w->base->processes[child].end_ns;
		add_segment(w, f, end);
		f->at = start;
		if (enter(w, child, start, end) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void reverse_segments(struct analysis_path *path)
{
	for (size_t i = 0, k = path->segments_count; i + 1 < k; i++, k--) {
		struct analysis_segment swap = path->segments[i];

		path->segments[i] = path->segments[k - 1];
		path->segments[k - 1] = swap;
	}
}

/* Visits came latest first, each parent before its children: siblings have to be turned. */
static int compare_visits(const void *a, const void *b)
{
	const struct analysis_visit *x = a, *y = b;

	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return x->depth < y->depth ? -1 : x->depth > y->depth;
}

/* Children of the run as a whole: of the run, with no parent in it. */
static int list_tops(struct walk *w)
{
	const struct analysis_base *b = w->base;

	w->tops = calloc((size_t)b->count + 1, sizeof(*w->tops));
	if (!w->tops)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t parent = b->processes[i].parent;

		if (base_is_run(b, i) && (parent == ANALYSIS_NONE || !base_is_run(b, parent)))
			w->tops[w->tops_count++] = i;
	}
	return 0;
}

int analysis_critical_path(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	struct analysis_path *path = &a->path;
	struct walk w = { .base = b, .path = path };
	int err = -ENOMEM;

	path->from_ns = a->totals.begin_ns;
	path->to_ns = a->totals.end_ns;
	if (b->root != ANALYSIS_NONE) {
		path->from_ns = b->processes[b->root].start_ns;
		path->to_ns = b->processes[b->root].end_ns;
	}
	/* A child takes one segment and cuts its parent's in two. */
	path->segments = calloc((size_t)b->count * 2 + 2, sizeof(*path->segments));
	path->visits = calloc((size_t)b->count + 2, sizeof(*path->visits));
	w.by_end = calloc((size_t)b->count + 1, sizeof(*w.by_end));
	if (!path->segments || !path->visits || !w.by_end || list_tops(&w) < 0)
		goto out;
	for (size_t i = 0; i < b->count; i++)
		w.by_end[i] = b->children[i];
	err = 0;
	if (path->to_ns > path->from_ns)
		err = enter(&w, b->root, path->from_ns, path->to_ns);
	if (err == 0)
		err = walk_back(&w);
	reverse_segments(path);
	qsort(path->visits, path->visits_count, sizeof(*path->visits), compare_visits);
out:
	free(w.by_end);
	free(w.tops);
	free(w.stack);
	return err;
}
