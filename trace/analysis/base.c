/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/base.c - see base.h: the model's processes, cut to what is analysed.
 *
 * Owns:    what to do about impossible times, clipping, the root, what a process's program is.
 * Not:     what the recording says of itself (load.c).
 */
#include "analysis/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct analysis_base *analysis_base_new(struct model *model,
					const struct analysis_selection *selection)
{
	struct analysis_base *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->model = model;
	b->root = ANALYSIS_NONE;
	if (selection)
		b->selection = *selection;
	return b;
}

void analysis_base_free(struct analysis_base *b)
{
	if (!b)
		return;
	free(b->processes);
	free(b->child_first);
	free(b->children);
	free(b->order);
	free(b);
}

/* ---- execs ---- */

int32_t base_exec_error(const struct begat_trace_exec *exec)
{
	if (exec->type != BEGAT_EXEC_FAILED)
		return 0;
	return exec->error ? exec->error : EIO;
}

static bool is_early(const struct analysis_base *b, const struct begat_trace_exec *exec)
{
	return b->selection.from_ns && exec->ts_ns < b->selection.from_ns;
}

bool base_was_there(const struct analysis_base *b, const struct begat_trace_exec *exec)
{
	return exec->type == BEGAT_SNAPSHOT || is_early(b, exec);
}

const struct begat_trace_exec *base_next_exec(const struct analysis_base *b, uint32_t i,
					      uint32_t *k)
{
	const struct begat_trace_process *p = base_row(b, i);

	while (*k < p->execs_count) {
		const struct begat_trace_exec *exec = &b->model->execs[p->execs_first + (*k)++];

		/* An earlier image is what the process is; an earlier attempt is past. */
		if ((b->selection.to_ns && exec->ts_ns > b->selection.to_ns) ||
		    (is_early(b, exec) && base_exec_error(exec)))
			continue;
		return exec;
	}
	return NULL;
}

const struct begat_trace_exec *base_next_image(const struct analysis_base *b, uint32_t i,
					       uint32_t *k)
{
	const struct begat_trace_exec *exec = base_next_exec(b, i, k);

	while (exec && exec->type == BEGAT_EXEC_FAILED)
		exec = base_next_exec(b, i, k);
	return exec;
}

const struct begat_trace_exec *base_image(const struct analysis_base *b, uint32_t i, uint64_t ts_ns)
{
	const struct begat_trace_process *p = base_row(b, i);
	uint64_t to_ns = b->selection.to_ns;

	for (uint32_t k = p->execs_count; k > 0; k--) {
		const struct begat_trace_exec *exec = &b->model->execs[p->execs_first + k - 1];

		if (exec->type != BEGAT_EXEC_FAILED && exec->ts_ns <= ts_ns &&
		    (!to_ns || exec->ts_ns <= to_ns))
			return exec;
	}
	return NULL;
}

/* ---- from the model ---- */

static uint32_t flags_of(const struct analysis_base *b, const struct begat_trace_process *p)
{
	const struct {
		bool is_set;
		enum analysis_flags flag;
	} all[] = {
		{ p->has_exit, ANALYSIS_ENDED },
		{ p->was_there_before && !b->meta.is_continued, ANALYSIS_OLDER },
		{ p->has_cpu, ANALYSIS_HAS_CPU },
		{ p->has_rss, ANALYSIS_HAS_RSS },
		{ p->has_io, ANALYSIS_HAS_IO },
		{ p->core_dumped, ANALYSIS_CORE },
		{ p->killed_by_oom, ANALYSIS_OOM },
		{ p->synthetic, ANALYSIS_SYNTHETIC },
		{ p->has_status, ANALYSIS_HAS_STATUS },
		{ p->killed_by_tgid || p->killed_by_id || p->killed_by_comm, ANALYSIS_HAS_KILLER },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		flags |= all[i].is_set ? all[i].flag : 0;
	/*
	 * Of a command's ancestors nothing is the command's. And what was used within a part of the
	 * recording is not known of older processes.
	 */
	if (flags & ANALYSIS_OLDER && p->has_cpu && p->has_cpu_before && !b->meta.command &&
	    !b->selection.from_ns && !b->selection.to_ns)
		flags |= ANALYSIS_OLDER_CPU;
	return flags;
}

/*
 * What came over from an earlier part counts from the start of this one. So does its CPU time, in
 * step where the part does not tell what was used before.
 */
static void clip(const struct analysis_base *b, struct analysis_process *p, bool has_cpu_before)
{
	uint64_t begin_ns = b->model->table.first_ns;

	if (!begin_ns || p->start_ns >= begin_ns)
		return;
	if (p->end_ns > p->start_ns && !has_cpu_before) {
		double share = p->end_ns > begin_ns ? (double)(p->end_ns - begin_ns) /
							      (double)(p->end_ns - p->start_ns)
						    : 0;

		p->utime_ns = (uint64_t)((double)p->utime_ns * share);
		p->stime_ns = (uint64_t)((double)p->stime_ns * share);
	}
	p->start_ns = begin_ns;
}

/* The part of a life that lies between two moments, with its share of the CPU time and the I/O. */
static void cut(struct analysis_process *p, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t start_ns = p->start_ns < from_ns ? from_ns : p->start_ns;
	uint64_t end_ns = to_ns && p->end_ns > to_ns ? to_ns : p->end_ns;
	uint64_t *const spread[] = { &p->utime_ns, &p->stime_ns, &p->read_bytes, &p->write_bytes };

	if (start_ns == p->start_ns && end_ns == p->end_ns)
		return;
	for (size_t i = 0; i < sizeof(spread) / sizeof(spread[0]) && p->end_ns > p->start_ns; i++)
		*spread[i] = (uint64_t)((double)*spread[i] * (double)(end_ns - start_ns) /
					(double)(p->end_ns - p->start_ns));
	/* How it ended is of a later time. */
	if (end_ns < p->end_ns)
		p->flags &= ~(uint32_t)(ANALYSIS_ENDED | ANALYSIS_HAS_STATUS | ANALYSIS_HAS_KILLER |
					ANALYSIS_CORE | ANALYSIS_OOM);
	p->start_ns = start_ns;
	p->end_ns = end_ns;
}

static bool is_left_out(const struct analysis_base *b, uint32_t row)
{
	const struct analysis_selection *s = &b->selection;
	const struct begat_trace_process *p = &b->model->processes[row];

	/* A life without an exit goes on. */
	return (s->wanted && !s->wanted[row]) ||
	       (s->from_ns && p->has_exit && p->end_ns < s->from_ns) ||
	       (s->to_ns && p->start_ns > s->to_ns);
}

static int fill(struct analysis_base *b)
{
	const struct begat_trace_table *t = &b->model->table;

	b->processes = calloc((size_t)t->processes_count + 1, sizeof(*b->processes));
	if (!b->processes)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->processes_count; i++) {
		const struct begat_trace_process *from = &t->processes[i];
		struct analysis_process p = {
			.start_ns = from->start_ns,
			.end_ns = from->end_ns,
			.utime_ns = from->utime_ns,
			.stime_ns = from->stime_ns,
			.read_bytes = from->read_bytes,
			.write_bytes = from->write_bytes,
			.row = i,
			.parent = from->parent,
			.flags = flags_of(b, from),
		};

		if (is_left_out(b, i))
			continue;
		if (b->meta.is_continued && from->was_there_before)
			clip(b, &p, from->has_cpu_before);
		if (!(p.flags & ANALYSIS_OLDER))
			cut(&p, b->selection.from_ns, b->selection.to_ns);
		b->processes[b->count++] = p;
	}
	return 0;
}

static void find_span(struct analysis_base *b)
{
	struct analysis_meta *meta = &b->meta;
	uint64_t begin = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		const struct analysis_process *p = &b->processes[i];
		const struct begat_trace_exec *exec;

		for (uint32_t k = 0; (exec = base_next_exec(b, i, &k));)
			end = exec->ts_ns > end ? exec->ts_ns : end;
		if (p->flags & ANALYSIS_OLDER)
			continue;
		if (p->start_ns && p->start_ns < begin)
			begin = p->start_ns;
		if (p->start_ns > end)
			end = p->start_ns;
		if (p->flags & ANALYSIS_ENDED && p->end_ns > end)
			end = p->end_ns;
	}
	if (begin != UINT64_MAX && (!meta->begin_ns || meta->begin_ns > end))
		meta->begin_ns = begin;
	if (meta->end_ns < end)
		meta->end_ns = end;
}

static void correct_times(struct analysis_base *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		struct analysis_process *p = &b->processes[i];

		if (p->flags & ANALYSIS_OLDER && p->start_ns > b->meta.end_ns) {
			p->start_ns = b->meta.begin_ns;
			p->flags |= ANALYSIS_ODD_CLOCK;
		}
		/* The fork was lost: it began before we looked, no one knows when. */
		if (!p->start_ns)
			p->start_ns = b->meta.begin_ns;
		if (!(p->flags & ANALYSIS_ENDED))
			p->end_ns = b->meta.end_ns;
		if (p->end_ns < p->start_ns) {
			p->end_ns = p->start_ns;
			p->flags |= ANALYSIS_ODD_CLOCK;
		}
		b->odd_clocks += !!(p->flags & ANALYSIS_ODD_CLOCK);
	}
}

/* ---- the tree ---- */

/* What starts at the same moment is in the order of ids; lives that are in no model have none. */
static int by_start(const void *a, const void *b, void *base)
{
	const struct analysis_process *x = a, *y = b;
	const struct model *m = ((const struct analysis_base *)base)->model;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (m && m->processes[x->row].id != m->processes[y->row].id)
		return m->processes[x->row].id < m->processes[y->row].id ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Parents by row become parents by index. @rows: how many there may be. 0 or -ENOMEM. */
static int number_parents(struct analysis_base *b)
{
	uint32_t rows = 0, *index;

	for (uint32_t i = 0; i < b->count; i++)
		rows = b->processes[i].row >= rows ? b->processes[i].row + 1 : rows;
	index = malloc(((size_t)rows + 1) * sizeof(*index));
	if (!index)
		return -ENOMEM;
	memset(index, 0xff, ((size_t)rows + 1) * sizeof(*index));
	for (uint32_t i = 0; i < b->count; i++)
		index[b->processes[i].row] = i;
	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t *parent = &b->processes[i].parent;

		*parent = *parent < rows ? index[*parent] : ANALYSIS_NONE;
	}
	free(index);
	return 0;
}

static int list_children(struct analysis_base *b)
{
	uint32_t *first = calloc((size_t)b->count + 2, sizeof(*first));
	uint32_t *children = calloc((size_t)b->count + 1, sizeof(*children));

	b->child_first = first;
	b->children = children;
	if (!first || !children)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->processes[i].parent != ANALYSIS_NONE)
			first[b->processes[i].parent + 2]++;
	}
	for (uint32_t i = 2; i < b->count + 2; i++)
		first[i] += first[i - 1];
	/* first[p + 1] is where p's next child goes; afterwards it is where p's children end. */
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->processes[i].parent != ANALYSIS_NONE)
			children[first[b->processes[i].parent + 1]++] = i;
	}
	return 0;
}

static int order_tree(struct analysis_base *b)
{
	uint32_t *stack = calloc((size_t)b->count + 1, sizeof(*stack));
	uint32_t done = 0;

	b->order = calloc((size_t)b->count + 1, sizeof(*b->order));
	if (!stack || !b->order) {
		free(stack);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		uint32_t depth = 0;

		if (b->processes[i].parent != ANALYSIS_NONE)
			continue;
		stack[depth++] = i;
		while (depth) {
			uint32_t p = stack[--depth];

			b->order[done++] = p;
			for (uint32_t c = b->child_first[p + 1]; c > b->child_first[p]; c--)
				stack[depth++] = b->children[c - 1];
		}
	}
	free(stack);
	return 0;
}

int analysis_base_link(struct analysis_base *b)
{
	if (b->count)
		qsort_r(b->processes, b->count, sizeof(*b->processes), by_start, b);
	return number_parents(b) < 0 || list_children(b) < 0 || order_tree(b) < 0 ? -ENOMEM : 0;
}

/* ---- programs and the root ---- */

static void name_programs(struct analysis_base *b)
{
	/* Parents first: what a fork inherits is known by then. */
	for (uint32_t k = 0; k < b->count; k++) {
		uint32_t i = b->order[k];
		struct analysis_process *p = &b->processes[i];
		const struct begat_trace_exec *image = base_image(b, i, UINT64_MAX);

		if (!image)
			p->flags |= ANALYSIS_FORK_ONLY;
		if (!image && p->parent != ANALYSIS_NONE) {
			image = base_image(b, p->parent, p->start_ns);
			if (!image)
				p->program = b->processes[p->parent].program;
		}
		if (image)
			p->program = image->exe ? image->exe : image->filename;
		if (!p->program)
			p->program = base_row(b, i)->comm;
	}
}

static uint32_t find_id(const struct analysis_base *b, uint64_t id)
{
	for (uint32_t i = 0; id && i < b->count; i++)
		if (base_row(b, i)->id == id)
			return i;
	return ANALYSIS_NONE;
}

/*
 * The root is the process that all others descend from. Where a command was traced and forks were
 * lost there are several candidates: the command is the one that started first.
 */
static void find_root(struct analysis_base *b)
{
	uint32_t first = ANALYSIS_NONE, tops = 0;

	b->root = find_id(b, b->meta.root_id);
	for (uint32_t i = 0; i < b->count && b->root == ANALYSIS_NONE; i++) {
		uint32_t parent = b->processes[i].parent;

		if (!base_is_run(b, i) || (parent != ANALYSIS_NONE && base_is_run(b, parent)))
			continue;
		if (!tops++)
			first = i;
	}
	/* Where the machine was read the recording is of the machine, whatever began within it. */
	if ((b->meta.command && !b->meta.narrowing.whole) || (tops == 1 && !b->meta.has_usage))
		b->root = b->root == ANALYSIS_NONE ? first : b->root;
	/* A command that was started just before tracing began is still the run. */
	if (b->root != ANALYSIS_NONE)
		b->processes[b->root].flags &= ~(uint32_t)ANALYSIS_OLDER;
}

int analysis_base_finish(struct analysis_base *b)
{
	b->odd_clocks = b->model->corrections;
	if (fill(b) < 0)
		return -ENOMEM;
	find_span(b);
	correct_times(b);
	if (analysis_base_link(b) < 0)
		return -ENOMEM;
	name_programs(b);
	find_root(b);
	b->selection.wanted = NULL;
	return 0;
}
