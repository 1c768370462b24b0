/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/analysis.c - all analyses of one model, and the totals.
 *
 * Owns:    the order in which they are made, struct analysis_totals.
 * Not:     how any one of them works.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

static void find_span(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	struct analysis_totals *t = &a->totals;
	uint64_t begin = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		if (!base_is_run(b, i))
			continue;
		if (b->processes[i].start_ns < begin)
			begin = b->processes[i].start_ns;
		if (b->processes[i].end_ns > end)
			end = b->processes[i].end_ns;
	}
	if (begin == UINT64_MAX)
		begin = end = b->meta.begin_ns;
	/* A recording of a machine is as long as it took, whatever began or ended meanwhile. */
	if (b->root == ANALYSIS_NONE && b->meta.has_usage) {
		begin = b->meta.begin_ns < begin ? b->meta.begin_ns : begin;
		end = b->meta.end_ns > end ? b->meta.end_ns : end;
	}
	t->begin_ns = begin;
	t->end_ns = end;
	t->wall_ns = end - begin;
	if (b->root != ANALYSIS_NONE)
		t->wall_ns = base_wall(&b->processes[b->root]);
}

static void add_process(struct analysis_totals *t, const struct analysis_process *p,
			uint64_t max_rss_bytes)
{
	t->processes++;
	t->fork_only += !!(p->flags & ANALYSIS_FORK_ONLY);
	t->running_at_end += !(p->flags & ANALYSIS_ENDED);
	t->with_cpu += !!(p->flags & ANALYSIS_HAS_CPU);
	t->utime_ns += p->utime_ns;
	t->stime_ns += p->stime_ns;
	t->read_bytes += p->read_bytes;
	t->write_bytes += p->write_bytes;
	if (max_rss_bytes > t->max_rss_bytes)
		t->max_rss_bytes = max_rss_bytes;
	if (p->flags & ANALYSIS_ENDED && base_wall(p) < ANALYSIS_SHORT_NS) {
		t->short_lived++;
		t->short_cpu_ns += base_cpu(p);
	}
}

static void add_older(struct analysis_totals *t, const struct analysis_process *p)
{
	t->older++;
	if (!(p->flags & ANALYSIS_OLDER_CPU))
		return;
	t->utime_ns += p->utime_ns;
	t->stime_ns += p->stime_ns;
	t->older_cpu_ns += base_cpu(p);
}

void analysis_total(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	struct analysis_totals *t = &a->totals;

	for (uint32_t i = 0; i < b->count; i++) {
		const struct begat_trace_exec *image;

		for (uint32_t k = 0; (image = base_next_image(b, i, &k));)
			t->execs += !base_was_there(b, image);
		t->ended += !!(b->processes[i].flags & ANALYSIS_ENDED);
		t->with_status += !!(b->processes[i].flags & ANALYSIS_HAS_STATUS);
		if (base_is_run(b, i))
			add_process(t, &b->processes[i], base_row(b, i)->max_rss_bytes);
		else
			add_older(t, &b->processes[i]);
	}
	for (size_t i = 0; i < a->failures_count; i++) {
		const struct analysis_failure *f = &a->failures[i];

		if (f->kind == ANALYSIS_FAILED_EXIT)
			t->failed_exits += f->count;
		if (f->kind == ANALYSIS_FAILED_SIGNAL)
			t->signalled += f->count;
		if (f->kind == ANALYSIS_FAILED_EXEC || f->kind == ANALYSIS_PATH_MISS)
			t->failed_execs += f->attempts;
		if (f->kind == ANALYSIS_PATH_MISS)
			t->path_misses += f->count;
	}
	for (size_t i = 0; i < ANALYSIS_LOST_CLASSES; i++)
		t->lost += b->meta.lost[i];
	t->cpu_ns = t->utime_ns + t->stime_ns;
	t->machine_cpu_ns = b->meta.machine_cpu_ns;
	t->parallelism = t->wall_ns ? (double)t->cpu_ns / t->wall_ns : 0;
}

int analysis_new(const struct analysis_base *b, struct analysis **ret_analysis)
{
	struct analysis *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->base = b;
	a->nodes = calloc(b->count + 1, sizeof(*a->nodes));
	if (!a->nodes) {
		analysis_free(a);
		return -ENOMEM;
	}
	find_span(a);
	err = analysis_tree(a);
	if (err == 0)
		err = analysis_concurrency(a);
	if (err == 0)
		err = analysis_critical_path(a);
	if (err == 0)
		err = analysis_programs(a);
	if (err == 0)
		err = analysis_failures(a);
	if (err == 0)
		err = analysis_tracks(a);
	if (err < 0) {
		analysis_free(a);
		return err;
	}
	analysis_total(a);
	*ret_analysis = a;
	return 0;
}

void analysis_free(struct analysis *a)
{
	if (!a)
		return;
	free(a->nodes);
	free(a->path.segments);
	free(a->path.visits);
	free(a->programs);
	free(a->program_of);
	free(a->failures);
	free(a);
}
