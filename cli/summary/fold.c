/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/fold.c - from every process to the few lines that say the same.
 *
 * Owns:  which siblings are alike, which of them represents the others, which lines deserve
 *        to be shown when there are too many.
 * Not:   drawing (tree.c).
 *
 * Siblings are alike if their names, ends and (unordered, once each) the shapes of their children
 * are: that is their shape, a hash from the leaves up. The slowest represents all.
 *
 * Invariants
 *  (1) A line is shown only if the line above it is.
 *  (2) Shown lines, what is folded into them and what is counted as hidden make up all processes.
 *  (3) No recursion: a chain of a million forks is as good as any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"

struct sibling {
	uint64_t shape;
	uint32_t index;
};

/* Room for the work on one summary; everything is as long as its nodes. */
struct work {
	uint32_t *order; /* parents before children */
	uint32_t ordered;
	struct sibling *sibling; /* children of the node that is worked on */
	uint32_t *heap; /* lines that may be shown next, the weightiest first */
	uint32_t heaped;
};

static int by_shape(const void *a, const void *b)
{
	const struct sibling *x = a, *y = b;

	if (x->shape != y->shape)
		return x->shape < y->shape ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Groups after folding: shape is the index of the first, index the one that represents all. */
static int by_first(const void *a, const void *b)
{
	const struct sibling *x = a, *y = b;

	return x->shape < y->shape ? -1 : x->shape > y->shape;
}

static void order_nodes(const struct summary *s, struct work *work)
{
	uint32_t done = 0;

	for (uint32_t i = s->nodes[0].first_child; i; i = s->nodes[i].next)
		work->order[work->ordered++] = i;
	for (; done < work->ordered; done++) {
		uint32_t parent = work->order[done];

		for (uint32_t i = s->nodes[parent].first_child; i; i = s->nodes[i].next)
			work->order[work->ordered++] = i;
	}
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	uint64_t pair[2] = { hash, value };

	return strings_hash(pair, sizeof(pair));
}

/* How much a line deserves to be shown: what it cost, more if it went wrong. */
static uint64_t own_weight(const struct node *node, const struct fold *fold)
{
	uint64_t weight = node->wall_ns / 2 + fold->cpu_ns + fold->like_cpu_ns;
	weight += fold->like_processes * 100000ull; /* being many is news, too */

	if (node->flags & NODE_SIGNALLED)
		weight = weight * 16 + 1000000000;
	else if (node_is_failed(node) || node->tried_error)
		weight *= 4;
	return weight;
}

/* Folds @count alike children, in @sibling, into the slowest. Returns that one. */
static uint32_t fold_group(const struct summary *s, struct fold *all, const struct sibling *sibling,
			   uint32_t count)
{
	uint32_t rep = sibling[0].index;

	for (uint32_t k = 1; k < count; k++)
		if (s->nodes[sibling[k].index].wall_ns > s->nodes[rep].wall_ns)
			rep = sibling[k].index;
	struct fold *fold = &all[rep];

	for (uint32_t k = 0; k < count; k++) {
		const struct fold *other = &all[sibling[k].index];

		if (other == fold)
			continue;
		fold->like++;
		fold->like_processes += other->processes;
		fold->like_cpu_ns += other->cpu_ns;
		if (other->rss_kib > fold->like_rss_kib)
			fold->like_rss_kib = other->rss_kib;
	}
	return rep;
}

/* Sums up a node's children and makes their lines; they themselves are done already. */
static void fold_children(const struct summary *s, struct fold *all, struct sibling *sibling,
			  uint32_t index, bool shows_all)
{
	const struct node *node = &s->nodes[index];
	struct fold *fold = &all[index];
	uint32_t count = 0, groups = 0;

	fold->processes = 1;
	fold->cpu_ns = node->cpu_ns;
	fold->rss_kib = node->rss_kib;
	fold->shape = mix(node->base, (uint64_t)node->status << 16 | node->flags);
	fold->shape = mix(fold->shape, (uint64_t)node->tried << 16 | node->tried_error);
	for (uint32_t i = node->first_child; i; i = s->nodes[i].next) {
		sibling[count++] = (struct sibling){ all[i].shape, i };
		fold->processes += all[i].processes;
		fold->cpu_ns += all[i].cpu_ns;
		if (all[i].rss_kib > fold->rss_kib)
			fold->rss_kib = all[i].rss_kib;
	}
	qsort(sibling, count, sizeof(*sibling), by_shape);
	for (uint32_t from = 0, to; from < count; from = to) {
		uint64_t shape = sibling[from].shape;

		fold->shape = mix(fold->shape, shape);
		for (to = from + 1; !shows_all && to < count && sibling[to].shape == shape; to++)
			;
		uint32_t first = sibling[from].index;
		uint32_t rep = fold_group(s, all, &sibling[from], to - from);
		uint64_t weight = own_weight(&s->nodes[rep], &all[rep]);

		if (weight > all[rep].weight)
			all[rep].weight = weight;
		if (all[rep].weight > fold->weight)
			fold->weight = all[rep].weight;
		sibling[groups++] = (struct sibling){ first, rep };
	}
	qsort(sibling, groups, sizeof(*sibling), by_first);
	for (uint32_t g = groups; g--;) {
		all[sibling[g].index].next = fold->first_child;
		fold->first_child = sibling[g].index;
	}
}

static bool is_heavier(const struct fold *all, uint32_t a, uint32_t b)
{
	if (all[a].weight != all[b].weight)
		return all[a].weight > all[b].weight;
	return a < b; /* earlier */
}

static void heap_push(struct work *work, const struct fold *all, uint32_t line)
{
	uint32_t at = work->heaped++;

	while (at && is_heavier(all, line, work->heap[(at - 1) / 2])) {
		work->heap[at] = work->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	work->heap[at] = line;
}

static uint32_t heap_pop(struct work *work, const struct fold *all)
{
	uint32_t top = work->heap[0], last = work->heap[--work->heaped];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= work->heaped)
			break;
		if (child + 1 < work->heaped &&
		    is_heavier(all, work->heap[child + 1], work->heap[child]))
			child++;
		if (!is_heavier(all, work->heap[child], last))
			break;
		work->heap[at] = work->heap[child];
		at = child;
	}
	work->heap[at] = last;
	return top;
}

/*
 * Where a failure came from: of a line that failed and is to blame, the child that failed last.
 * Such a chain is shown whatever it cost.
 */
static uint32_t find_culprit(const struct summary *s, const struct fold *all, uint32_t line)
{
	uint32_t culprit = 0;
	uint64_t latest = 0;

	for (uint32_t i = all[line].first_child; i; i = all[i].next) {
		uint64_t end = s->nodes[i].start_ns + s->nodes[i].wall_ns;

		if (node_is_failed(&s->nodes[i]) && end >= latest) {
			culprit = i;
			latest = end;
		}
	}
	return culprit;
}

static void choose_lines(const struct summary *s, struct folds *folds, struct work *work,
			 uint32_t lines_max)
{
	struct fold *all = folds->all;
	uint32_t blamed = node_is_failed(&s->nodes[s->root]) ? s->root : 0;

	folds->hidden = all[0].processes - 1;
	folds->hidden_cpu_ns = all[0].cpu_ns;
	if (s->root)
		all[s->root].weight = UINT64_MAX;
	for (uint32_t i = all[0].first_child; i; i = all[i].next)
		heap_push(work, all, i);
	while (work->heaped && folds->lines < lines_max) {
		uint32_t line = heap_pop(work, all);

		all[line].is_shown = true;
		folds->lines++;
		folds->hidden -= 1 + all[line].like_processes;
		folds->hidden_cpu_ns -= s->nodes[line].cpu_ns + all[line].like_cpu_ns;
		if (line == blamed) {
			blamed = find_culprit(s, all, line);
			if (blamed)
				all[blamed].weight = UINT64_MAX;
		}
		for (uint32_t i = all[line].first_child; i; i = all[i].next)
			heap_push(work, all, i);
	}
}

int fold_make(struct summary *s, bool shows_all, uint32_t lines_max, struct folds *ret_folds)
{
	struct work work = {
		.order = calloc(s->count, sizeof(*work.order)),
		.sibling = calloc(s->count, sizeof(*work.sibling)),
		.heap = calloc(s->count, sizeof(*work.heap)),
	};
	int r = -ENOMEM;

	*ret_folds = (struct folds){ .all = calloc(s->count, sizeof(*ret_folds->all)) };
	if (!ret_folds->all || !work.order || !work.sibling || !work.heap)
		goto out;
	order_nodes(s, &work);
	for (uint32_t i = work.ordered; i--;)
		fold_children(s, ret_folds->all, work.sibling, work.order[i], shows_all);
	/* The roots are each a line of its own: the command must not disappear in its likes. */
	fold_children(s, ret_folds->all, work.sibling, 0, true);
	choose_lines(s, ret_folds, &work, shows_all ? UINT32_MAX : lines_max);
	r = 0;
out:
	free(work.order);
	free(work.sibling);
	free(work.heap);
	return r;
}

void fold_done(struct folds *folds)
{
	free(folds->all);
	folds->all = NULL;
}
