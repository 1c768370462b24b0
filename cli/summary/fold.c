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

#include "base/hash.h"
#include "base/heap.h"
#include "nodes.h"

struct sibling {
	uint64_t shape;
	uint32_t index;
};

/* Room for the work on one summary. */
struct work {
	struct sibling *sibling; /* children of the node that is worked on; as many as nodes */
	struct heap
		next; /* lines that may be shown next, the weightiest first, then the earliest */
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

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return hash_bytes(hash, &value, sizeof(value));
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
	fold->shape = mix(HASH_BEGIN ^ node->base, (uint64_t)node->status << 16 | node->flags);
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

static int offer_lines(struct work *work, const struct fold *all, uint32_t first)
{
	for (uint32_t i = first; i; i = all[i].next)
		if (heap_push(&work->next, UINT64_MAX - all[i].weight, i) < 0)
			return -ENOMEM;
	return 0;
}

static int choose_lines(const struct summary *s, struct folds *folds, struct work *work,
			uint32_t lines_max)
{
	struct fold *all = folds->all;
	uint32_t blamed = node_is_failed(&s->nodes[s->root]) ? s->root : 0;

	folds->hidden = all[0].processes - 1;
	folds->hidden_cpu_ns = all[0].cpu_ns;
	if (s->root)
		all[s->root].weight = UINT64_MAX;
	int err = offer_lines(work, all, all[0].first_child);

	while (!err && work->next.count && folds->lines < lines_max) {
		uint32_t line = heap_pop(&work->next).value;

		all[line].is_shown = true;
		folds->lines++;
		folds->hidden -= 1 + all[line].like_processes;
		folds->hidden_cpu_ns -= s->nodes[line].cpu_ns + all[line].like_cpu_ns;
		if (line == blamed) {
			blamed = find_culprit(s, all, line);
			if (blamed)
				all[blamed].weight = UINT64_MAX;
		}
		err = offer_lines(work, all, all[line].first_child);
	}
	return err;
}

int fold_make(struct summary *s, bool shows_all, uint32_t lines_max, struct folds *ret_folds)
{
	struct work work = {
		.sibling = calloc(s->count, sizeof(*work.sibling)),
	};
	int err = -ENOMEM;

	*ret_folds = (struct folds){ .all = calloc(s->count, sizeof(*ret_folds->all)) };
	if (!ret_folds->all || !work.sibling)
		goto out;
	for (uint32_t i = s->count; --i;) /* children before their parents */
		fold_children(s, ret_folds->all, work.sibling, i, shows_all);
	/* The roots are each a line of its own: the command must not disappear in its likes. */
	fold_children(s, ret_folds->all, work.sibling, 0, true);
	err = choose_lines(s, ret_folds, &work, shows_all ? UINT32_MAX : lines_max);
out:
	free(work.sibling);
	heap_done(&work.next);
	return err;
}

void fold_done(struct folds *folds)
{
	free(folds->all);
	folds->all = NULL;
}
