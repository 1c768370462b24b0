/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/programs.c - what each program cost, and which ones are started over and over.
 *
 * Owns:    struct analysis_program, churn included.
 * Not:     what a process's program is (base.c).
 *
 * A run of a program is one image: a process that execs twice is two runs, and its fork a third
 * thing. The kernel accounts CPU, memory and I/O by process, so these go to the last image.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct span {
	uint64_t wall_ns;
	uint32_t program;
};

struct builder {
	struct analysis *a;
	uint32_t *by_string; /* string -> program index + 1 */
	struct span *spans; /* one for each run and each fork */
	size_t spans_count;
};

static uint32_t find_program(struct builder *b, uint32_t name)
{
	struct analysis *a = b->a;

	if (!b->by_string[name]) {
		a->programs[a->programs_count++] =
			(struct analysis_program){ .name = name, .example = ANALYSIS_NONE };
		b->by_string[name] = a->programs_count;
	}
	return b->by_string[name] - 1;
}

static uint32_t exec_program(struct builder *b, const struct begat_trace_exec *exec, uint32_t i)
{
	uint32_t name = exec->exe ? exec->exe : exec->filename;

	return find_program(b, name ? name : base_row(b->a->base, i)->comm);
}

static void add_span(struct builder *b, uint32_t program, uint64_t wall_ns)
{
	struct analysis_program *prog = &b->a->programs[program];

	prog->wall_ns += wall_ns;
	if (wall_ns > prog->max_wall_ns)
		prog->max_wall_ns = wall_ns;
	b->spans[b->spans_count++] = (struct span){ wall_ns, program };
}

/* An exec's time, held within the life of its process. */
static uint64_t image_start(const struct analysis_process *p, const struct begat_trace_exec *image)
{
	if (!image || image->ts_ns > p->end_ns)
		return p->end_ns;
	return image->ts_ns < p->start_ns ? p->start_ns : image->ts_ns;
}

static void add_runs(struct builder *b, uint32_t i)
{
	const struct analysis_base *base = b->a->base;
	const struct analysis_process *p = &base->processes[i];
	uint32_t k = 0;
	const struct begat_trace_exec *image = base_next_image(base, i, &k);

	while (image) {
		const struct begat_trace_exec *next = base_next_image(base, i, &k);
		uint32_t program = exec_program(b, image, i);

		b->a->programs[program].runs++;
		add_span(b, program, image_start(p, next) - image_start(p, image));
		image = next;
	}
}

static void add_process(struct builder *b, uint32_t i)
{
	struct analysis *a = b->a;
	const struct analysis_process *p = &a->base->processes[i];
	uint64_t max_rss_bytes = base_row(a->base, i)->max_rss_bytes;
	uint32_t program = find_program(b, p->program);
	struct analysis_program *prog = &a->programs[program];

	a->program_of[i] = program;
	if (base_has_run_cpu(a->base, i))
		prog->cpu_ns += base_cpu(p);
	if (!base_is_run(a->base, i))
		return;
	if (p->flags & ANALYSIS_FORK_ONLY) {
		prog->forks++;
		add_span(b, program, base_wall(p));
	}
	add_runs(b, i);
	if (prog->example == ANALYSIS_NONE ||
	    base_wall(p) > base_wall(&a->base->processes[prog->example]))
		prog->example = i;
	prog->read_bytes += p->read_bytes;
	prog->write_bytes += p->write_bytes;
	if (max_rss_bytes > prog->max_rss_bytes)
		prog->max_rss_bytes = max_rss_bytes;
	prog->failures += base_has_failed(a->base, i);
	if (p->flags & ANALYSIS_ENDED && base_wall(p) < ANALYSIS_SHORT_NS) {
		prog->short_runs++;
		prog->short_wall_ns += base_wall(p);
		prog->short_cpu_ns += base_cpu(p);
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->program != y->program)
		return x->program < y->program ? -1 : 1;
	return x->wall_ns < y->wall_ns ? -1 : x->wall_ns > y->wall_ns;
}

static void find_medians(struct builder *b)
{
	const struct span *s = b->spans;

	qsort(b->spans, b->spans_count, sizeof(*b->spans), compare_spans);
	for (size_t from = 0, to; from < b->spans_count; from = to) {
		for (to = from; to < b->spans_count && s[to].program == s[from].program;)
			to++;
		uint64_t low = s[from + (to - from - 1) / 2].wall_ns;
		uint64_t high = s[from + (to - from) / 2].wall_ns;

		b->a->programs[s[from].program].median_wall_ns = low + (high - low) / 2;
	}
}

/* A stretch of the path belongs to the image of that time; before the first, to the first. */
static void share_path(struct builder *b)
{
	const struct analysis_path *path = &b->a->path;

	for (size_t s = 0; s < path->segments_count; s++) {
		const struct analysis_segment *seg = &path->segments[s];
		uint64_t at = seg->from_ns;
		uint32_t k = 0;

		if (seg->process == ANALYSIS_NONE)
			continue;
		const struct analysis_base *base = b->a->base;
		const struct analysis_process *p = &base->processes[seg->process];
		const struct begat_trace_exec *image = base_next_image(base, seg->process, &k);

		while (image && at < seg->to_ns) {
			const struct begat_trace_exec *next =
				base_next_image(base, seg->process, &k);
			uint64_t to = next ? image_start(p, next) : seg->to_ns;

			if (to > seg->to_ns)
				to = seg->to_ns;
			if (to > at) {
				b->a->programs[exec_program(b, image, seg->process)].path_ns +=
					to - at;
				at = to;
			}
			image = next;
		}
		b->a->programs[b->a->program_of[seg->process]].path_ns += seg->to_ns - at;
	}
}

/* @of: processes by program, each program's by start. @scratch: as many numbers. */
static void find_churn(struct analysis *a, struct analysis_program *prog, const uint32_t *of,
		       size_t count, uint32_t *hits)
{
	const struct analysis_base *b = a->base;

	for (size_t from = 0, to = 0; to < count; to++) {
		while (b->processes[of[to]].start_ns - b->processes[of[from]].start_ns >=
		       1000000000ull)
			from++;
		if (to - from + 1 > prog->peak_per_second)
			prog->peak_per_second = to - from + 1;
	}
	for (size_t k = 0; k < count; k++) {
		uint32_t parent = b->processes[of[k]].parent;

		if (parent == ANALYSIS_NONE)
			continue;
		uint32_t by = a->program_of[parent];

		if (++hits[by] > prog->parent_runs) {
			prog->parent_runs = hits[by];
			prog->parent = a->programs[by].name;
		}
	}
	for (size_t k = 0; k < count; k++) {
		if (b->processes[of[k]].parent != ANALYSIS_NONE)
			hits[a->program_of[b->processes[of[k]].parent]] = 0;
	}
}

static int add_churn(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	uint32_t *first = calloc(a->programs_count + 2, sizeof(*first));
	uint32_t *of = calloc(b->count + 1, sizeof(*of));
	uint32_t *hits = calloc(a->programs_count + 1, sizeof(*hits));
	int err = first && of && hits ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < b->count; i++)
		first[a->program_of[i] + 2] += base_is_run(b, i);
	for (size_t i = 2; !err && i < a->programs_count + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; !err && i < b->count; i++) {
		if (base_is_run(b, i))
			of[first[a->program_of[i] + 1]++] = i;
	}
	for (size_t i = 0; !err && i < a->programs_count; i++)
		find_churn(a, &a->programs[i], of + first[i], first[i + 1] - first[i], hits);
	free(first);
	free(of);
	free(hits);
	return err;
}

struct rank {
	const struct analysis_program *program;
	uint32_t index;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->program->cpu_ns != y->program->cpu_ns)
		return x->program->cpu_ns > y->program->cpu_ns ? -1 : 1;
	if (x->program->wall_ns != y->program->wall_ns)
		return x->program->wall_ns > y->program->wall_ns ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* By cost; programs that only older processes run are dropped. */
static int rank_programs(struct analysis *a)
{
	size_t count = a->programs_count, kept = 0;
	struct rank *ranks = calloc(count + 1, sizeof(*ranks));
	uint32_t *place = calloc(count + 1, sizeof(*place));
	struct analysis_program *sorted = calloc(count + 1, sizeof(*sorted));

	if (!ranks || !place || !sorted) {
		free(ranks);
		free(place);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		ranks[i] = (struct rank){ &a->programs[i], i };
	qsort(ranks, count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < count; i++) {
		const struct analysis_program *prog = ranks[i].program;

		place[ranks[i].index] = ANALYSIS_NONE;
		if (!prog->runs && !prog->forks && !prog->cpu_ns)
			continue;
		place[ranks[i].index] = kept;
		sorted[kept++] = *prog;
	}
	for (size_t i = 0; i < a->base->count; i++)
		a->program_of[i] = place[a->program_of[i]];
	free(a->programs);
	a->programs = sorted;
	a->programs_count = kept;
	free(ranks);
	free(place);
	return 0;
}

int analysis_programs(struct analysis *a)
{
	const struct analysis_base *base = a->base;
	struct builder b = { .a = a };
	size_t texts = string_table_count(&base->model->texts);
	size_t runs = (size_t)base->count + base->model->execs_count + 1;
	int err = -ENOMEM;

	/* At most one program for each process and each image, and no more than texts. */
	a->programs = calloc(runs < texts ? runs : texts, sizeof(*a->programs));
	a->program_of = calloc((size_t)base->count + 1, sizeof(*a->program_of));
	b.by_string = calloc(texts, sizeof(*b.by_string));
	b.spans = calloc(runs, sizeof(*b.spans));
	if (a->programs && a->program_of && b.by_string && b.spans) {
		for (uint32_t i = 0; i < base->count; i++)
			add_process(&b, i);
		find_medians(&b);
		share_path(&b);
		err = add_churn(a);
		if (err == 0)
			err = rank_programs(a);
	}
	free(b.by_string);
	free(b.spans);
	return err;
}
