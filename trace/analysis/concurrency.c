/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/concurrency.c - how many processes were alive, and how many cores busy, over time.
 *
 * Owns:    the step function and its buckets.
 * Not:     drawing it.
 *
 * A process is active while it has no living child: a make that waits for its compilers is
 * alive, not active. Each child contributes the part of its life in which no earlier sibling
 * lived: these parts do not overlap, so "has a living child" is a sum of them.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

struct change {
	uint64_t at_ns;
	int32_t alive, active;
	double cores;
};

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static size_t add_change(struct change *changes, size_t n, uint64_t from, uint64_t to, int alive,
			 int active, double cores)
{
	changes[n++] = (struct change){ from, alive, active, cores };
	changes[n++] = (struct change){ to, -alive, -active, -cores };
	return n;
}

/* It was there before the trace: it keeps cores busy, but is none of the processes of the run. */
static size_t add_older(const struct analysis *a, struct change *changes, size_t n,
			const struct analysis_process *p)
{
	uint64_t begin = a->totals.begin_ns, end = p->end_ns;
	uint64_t from = p->start_ns > begin ? p->start_ns : begin;

	if (end <= from || !base_cpu(p))
		return n;
	return add_change(changes, n, from, end, 0, 0, (double)base_cpu(p) / (end - from));
}

/* At most four changes a process; a zero-length life changes nothing. */
static size_t list_changes(const struct analysis *a, struct change *changes)
{
	const struct analysis_base *b = a->base;
	size_t n = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		const struct analysis_process *p = &b->processes[i];
		uint64_t until = p->start_ns;

		if (p->flags & ANALYSIS_OLDER_CPU)
			n = add_older(a, changes, n, p);
		if (!base_is_run(b, i) || !base_wall(p))
			continue;
		n = add_change(changes, n, p->start_ns, p->end_ns, 1, 1,
			       (double)base_cpu(p) / base_wall(p));
		for (uint32_t k = b->child_first[i]; k < b->child_first[i + 1]; k++) {
			const struct analysis_process *child = &b->processes[b->children[k]];
			uint64_t from = child->start_ns > until ? child->start_ns : until;
			uint64_t to = child->end_ns < p->end_ns ? child->end_ns : p->end_ns;

			if (to <= from)
				continue;
			n = add_change(changes, n, from, to, 0, -1, 0);
			until = to;
		}
	}
	return n;
}

static void run_steps(struct analysis *a, const struct change *changes, size_t count)
{
	struct analysis_step now = { 0 };

	for (size_t i = 0; i < count;) {
		now.at_ns = changes[i].at_ns;
		for (; i < count && changes[i].at_ns == now.at_ns; i++) {
			now.alive += changes[i].alive;
			now.active += changes[i].active;
			now.cores += changes[i].cores;
		}
		/* What adding and subtracting left of nothing. */
		if (now.cores < 1e-9 || (!now.alive && !a->base->meta.has_usage))
			now.cores = 0;
		a->steps[a->steps_count++] = now;
		if (now.alive > a->totals.peak_alive)
			a->totals.peak_alive = now.alive;
		if (now.active > a->totals.peak_active)
			a->totals.peak_active = now.active;
	}
}

int analysis_concurrency(struct analysis *a)
{
	struct change *changes = calloc((size_t)a->base->count * 4 + 1, sizeof(*changes));
	size_t count;

	if (!changes)
		return -ENOMEM;
	count = list_changes(a, changes);
	qsort(changes, count, sizeof(*changes), compare_changes);
	a->steps = calloc(count + 1, sizeof(*a->steps));
	if (a->steps)
		run_steps(a, changes, count);
	free(changes);
	return a->steps ? 0 : -ENOMEM;
}

void analysis_fill_buckets(const struct analysis *a, struct analysis_bucket *buckets, size_t count)
{
	uint64_t begin = a->totals.begin_ns, span = a->totals.end_ns - begin;
	double width = (double)span / count;

	for (size_t i = 0; i < count; i++)
		buckets[i] = (struct analysis_bucket){ 0 };
	for (size_t i = 0; span && i + 1 < a->steps_count; i++) {
		const struct analysis_step *step = &a->steps[i];
		double from = (step->at_ns - begin) / width;
		double to = (a->steps[i + 1].at_ns - begin) / width;

		for (size_t k = from; k < count && k < to; k++) {
			double part = (to < k + 1 ? to : k + 1) - (from > k ? from : k);
			struct analysis_bucket *b = &buckets[k];

			b->alive += part * step->alive;
			b->active += part * step->active;
			b->cores += part * step->cores;
			if (step->alive > b->peak_alive)
				b->peak_alive = step->alive;
			if (step->active > b->peak_active)
				b->peak_active = step->active;
		}
	}
}
