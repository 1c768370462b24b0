/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/analysis.c - all analyses of one model, and the totals.
 *
 * Owns:    the order in which they are made, struct analysis_totals.
 * Not:     how any one of them works.
 * Called:  by trace/report and the tests.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

static void find_span(struct analysis *a)
{
	const struct model *m = a->model;
	struct analysis_totals *t = &a->totals;
	uint64_t begin = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		if (!model_is_run(m, i))
			continue;
		if (m->processes[i].start_ns < begin)
			begin = m->processes[i].start_ns;
		if (m->processes[i].end_ns > end)
			end = m->processes[i].end_ns;
	}
	if (begin == UINT64_MAX)
		begin = end = m->meta.begin_ns;
	/* A recording of a machine is as long as it took, whatever began or ended meanwhile. */
	if (m->root == MODEL_NONE && m->meta.has_usage) {
		begin = m->meta.begin_ns < begin ? m->meta.begin_ns : begin;
		end = m->meta.end_ns > end ? m->meta.end_ns : end;
	}
	t->begin_ns = begin;
	t->end_ns = end;
	t->wall_ns = end - begin;
	if (m->root != MODEL_NONE)
		t->wall_ns = model_wall(&m->processes[m->root]);
}

static void add_process(struct analysis_totals *t, const struct model_process *p)
{
	t->processes++;
	t->fork_only += !!(p->flags & MODEL_FORK_ONLY);
	t->running_at_end += !(p->flags & MODEL_ENDED);
	t->with_cpu += !!(p->flags & MODEL_HAS_CPU);
	t->utime_ns += p->utime_ns;
	t->stime_ns += p->stime_ns;
	t->read_bytes += p->read_bytes;
	t->write_bytes += p->write_bytes;
	if (p->max_rss_bytes > t->max_rss_bytes)
		t->max_rss_bytes = p->max_rss_bytes;
	if (p->flags & MODEL_ENDED && model_wall(p) < ANALYSIS_SHORT_NS) {
		t->short_lived++;
		t->short_cpu_ns += model_cpu(p);
	}
}

static void add_older(struct analysis_totals *t, const struct model_process *p)
{
	t->older++;
	if (!(p->flags & MODEL_OLDER_CPU))
		return;
	t->utime_ns += p->utime_ns;
	t->stime_ns += p->stime_ns;
	t->older_cpu_ns += model_cpu(p);
}

void analysis_total(struct analysis *a)
{
	const struct model *m = a->model;
	struct analysis_totals *t = &a->totals;

	for (uint32_t i = 0; i < m->count; i++) {
		t->ended += !!(m->processes[i].flags & MODEL_ENDED);
		t->with_status += !!(m->processes[i].flags & MODEL_HAS_STATUS);
		if (model_is_run(m, i))
			add_process(t, &m->processes[i]);
		else
			add_older(t, &m->processes[i]);
	}
	for (size_t i = 0; i < m->execs_count; i++)
		t->execs += !m->execs[i].error && !m->execs[i].was_there;
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
	for (size_t i = 0; i < MODEL_LOST_SLOTS; i++)
		t->lost += m->meta.lost[i];
	t->cpu_ns = t->utime_ns + t->stime_ns;
	t->machine_cpu_ns = m->meta.machine_cpu_ns;
	t->parallelism = t->wall_ns ? (double)t->cpu_ns / t->wall_ns : 0;
}

int analysis_new(const struct model *m, struct analysis **ret_analysis)
{
	struct analysis *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->model = m;
	a->nodes = calloc(m->count + 1, sizeof(*a->nodes));
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
	free(a->steps);
	free(a->path.segments);
	free(a->path.visits);
	free(a->programs);
	free(a->program_of);
	free(a->failures);
	free(a);
}
