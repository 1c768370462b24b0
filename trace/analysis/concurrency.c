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
 *
 * The steps are not kept: a sweep through the processes, which are in the order of their start, has
 * only the changes that the living still bring about.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"

/* What changes at a moment; it ends in the order in which they are here. */
enum change { LIFE_BEGINS, LIFE_ENDS, CHILD_BEGINS, CHILD_ENDS, OLDER_BEGINS, OLDER_ENDS, CHANGES };

struct sweep {
	const struct analysis *a;
	struct heap changes[CHANGES]; /* to come: when, and of which process */
	uint64_t *covered_ns; /* up to then what each process had of living children is counted */
	uint32_t next; /* process whose changes are not yet in @changes */
	struct analysis_step now;
};

static int push(struct sweep *s, enum change begins, uint64_t from, uint64_t to, uint32_t process)
{
	return heap_push(&s->changes[begins], from, process) < 0 ||
			       heap_push(&s->changes[begins + 1], to, process) < 0
		       ? -ENOMEM
		       : 0;
}

/* A zero-length life changes nothing. */
static bool has_life(const struct analysis_base *b, uint32_t i)
{
	return base_is_run(b, i) && base_wall(&b->processes[i]);
}

/* Since when it counts: one that was there before, from the start of the run. */
static uint64_t older_from(const struct analysis *a, const struct analysis_process *p)
{
	return p->start_ns > a->totals.begin_ns ? p->start_ns : a->totals.begin_ns;
}

/* None of the changes is earlier than the start of the process. */
static int take_process(struct sweep *s, uint32_t i)
{
	const struct analysis_base *b = s->a->base;
	const struct analysis_process *p = &b->processes[i], *parent;
	uint64_t from = older_from(s->a, p), to = p->end_ns;
	int err = 0;

	/* It keeps cores busy, but is none of the processes of the run. */
	if (p->flags & ANALYSIS_OLDER_CPU && to > from && base_cpu(p))
		err = push(s, OLDER_BEGINS, from, to, i);
	if (!err && has_life(b, i))
		err = push(s, LIFE_BEGINS, p->start_ns, to, i);
	if (err || p->parent == ANALYSIS_NONE || !has_life(b, p->parent))
		return err;
	parent = &b->processes[p->parent];
	from = s->covered_ns[p->parent];
	if (from < parent->start_ns)
		from = parent->start_ns;
	if (from < p->start_ns)
		from = p->start_ns;
	if (to > parent->end_ns)
		to = parent->end_ns;
	if (to <= from)
		return 0;
	s->covered_ns[p->parent] = to;
	return push(s, CHILD_BEGINS, from, to, i);
}

static void apply(struct sweep *s, enum change change, uint32_t process)
{
	const struct analysis_process *p = &s->a->base->processes[process];
	double cpu_ns = (double)base_cpu(p);

	switch (change) {
	case LIFE_BEGINS:
		s->now.alive++;
		s->now.active++;
		s->now.cores += cpu_ns / base_wall(p);
		break;
	case LIFE_ENDS:
		s->now.alive--;
		s->now.active--;
		s->now.cores -= cpu_ns / base_wall(p);
		break;
	case CHILD_BEGINS:
		s->now.active--;
		break;
	case CHILD_ENDS:
		s->now.active++;
		break;
	case OLDER_BEGINS:
		s->now.cores += cpu_ns / (p->end_ns - older_from(s->a, p));
		break;
	default:
		s->now.cores -= cpu_ns / (p->end_ns - older_from(s->a, p));
	}
}

/* When something changes next; UINT64_MAX = never. */
static uint64_t next_change(const struct sweep *s)
{
	uint64_t at = UINT64_MAX;

	for (int i = 0; i < CHANGES; i++)
		if (s->changes[i].count && s->changes[i].items[0].key < at)
			at = s->changes[i].items[0].key;
	return at;
}

/* 1 a step, 0 there is no more, or -ENOMEM. */
static int next_step(struct sweep *s)
{
	const struct analysis_base *b = s->a->base;
	uint64_t at = next_change(s);

	while (s->next < b->count && b->processes[s->next].start_ns <= at) {
		if (take_process(s, s->next++) < 0)
			return -ENOMEM;
		at = next_change(s);
	}
	if (at == UINT64_MAX)
		return 0;
	s->now.at_ns = at;
	for (int i = 0; i < CHANGES; i++)
		while (s->changes[i].count && s->changes[i].items[0].key == at)
			apply(s, (enum change)i, heap_pop(&s->changes[i]).value);
	/* What adding and subtracting left of nothing. */
	if (s->now.cores < 1e-9 || (!s->now.alive && !b->meta.has_usage))
		s->now.cores = 0;
	return 1;
}

int analysis_each_step(const struct analysis *a,
		       void (*take)(void *ctx, const struct analysis_step *step), void *ctx)
{
	struct sweep s = { .a = a };
	int more = -ENOMEM;

	s.covered_ns = calloc((size_t)a->base->count + 1, sizeof(*s.covered_ns));
	while (s.covered_ns && (more = next_step(&s)) > 0)
		take(ctx, &s.now);
	for (int i = 0; i < CHANGES; i++)
		heap_done(&s.changes[i]);
	free(s.covered_ns);
	return more;
}

/* What a sweep leaves in the analysis. */
struct filling {
	struct analysis *a;
	double width;
	struct analysis_step last; /* holds up to the next step; at 0 there was none */
};

static void see_peaks(uint64_t *alive, uint64_t *active, const struct analysis_step *step)
{
	if (step->alive > *alive)
		*alive = step->alive;
	if (step->active > *active)
		*active = step->active;
}

static void take_step(void *ctx, const struct analysis_step *step)
{
	struct filling *f = ctx;
	uint64_t begin = f->a->totals.begin_ns;
	double from = (f->last.at_ns - begin) / f->width, to = (step->at_ns - begin) / f->width;

	see_peaks(&f->a->totals.peak_alive, &f->a->totals.peak_active, step);
	for (size_t k = from; f->last.at_ns && k < ANALYSIS_BUCKETS && k < to; k++) {
		double part = (to < k + 1 ? to : k + 1) - (from > k ? from : k);
		struct analysis_bucket *b = &f->a->buckets[k];

		b->alive += part * f->last.alive;
		b->active += part * f->last.active;
		b->cores += part * f->last.cores;
		see_peaks(&b->peak_alive, &b->peak_active, &f->last);
	}
	f->last = *step;
}

int analysis_concurrency(struct analysis *a)
{
	uint64_t span = a->totals.end_ns - a->totals.begin_ns;
	struct filling filling = { .a = a, .width = (double)span / ANALYSIS_BUCKETS };

	return span ? analysis_each_step(a, take_step, &filling) : 0;
}

void analysis_fill_buckets(const struct analysis *a, struct analysis_bucket *buckets, size_t count)
{
	size_t each = ANALYSIS_BUCKETS / count;

	for (size_t i = 0; i < count; i++) {
		struct analysis_bucket *to = &buckets[i];

		*to = (struct analysis_bucket){ 0 };
		for (size_t k = i * each; k < (i + 1) * each; k++) {
			const struct analysis_bucket *b = &a->buckets[k];

			to->alive += b->alive / each;
			to->active += b->active / each;
			to->cores += b->cores / each;
			if (b->peak_alive > to->peak_alive)
				to->peak_alive = b->peak_alive;
			if (b->peak_active > to->peak_active)
				to->peak_active = b->peak_active;
		}
	}
}
