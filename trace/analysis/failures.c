/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/failures.c - what went wrong, alike things folded.
 *
 * Owns:    struct analysis_failure; telling a PATH search from a failure.
 * Not:     judging: a status of 1 may be what a test wanted to see.
 *
 * What a search along PATH is: begat/search.h. A search that found nothing is one failure.
 */
#include "analysis.h"

#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct fault {
	struct analysis_failure row; /* of one process or attempt */
	uint64_t at_ns;
};

struct list {
	struct fault *items;
	uint32_t count, room;
};

static int add_fault(struct list *l, const struct analysis_failure *row, uint64_t at_ns)
{
	if (array_grow(&l->items, l->count, &l->room, sizeof(*l->items)) < 0)
		return -ENOMEM;
	l->items[l->count++] = (struct fault){ *row, at_ns };
	return 0;
}

static int add_exit(struct list *l, const struct analysis_base *b, uint32_t i)
{
	const struct analysis_process *p = &b->processes[i];
	const struct begat_trace_process *from = base_row(b, i);
	struct analysis_failure row = {
		.kind = from->signal ? ANALYSIS_FAILED_SIGNAL : ANALYSIS_FAILED_EXIT,
		.program = p->program,
		.value = from->signal ? from->signal : from->exit_code,
		.count = 1,
		.processes = 1,
		.example = i,
		.has_core = p->flags & ANALYSIS_CORE,
		.is_oom = p->flags & ANALYSIS_OOM,
		.has_killer = p->flags & ANALYSIS_HAS_KILLER,
	};

	if (row.has_killer) {
		row.killed_by_comm = from->killed_by_comm;
		row.killed_by_tgid = from->killed_by_tgid;
	}
	return base_has_failed(b, i) ? add_fault(l, &row, p->end_ns) : 0;
}

struct execs {
	const struct analysis_base *base;
	struct list *list;
	uint32_t process; /* whose execs are being taken */
	const struct begat_trace_exec *found; /* the one that is being taken */
	int err;
};

static void end_search(const struct begat_search *search, void *ctx)
{
	struct execs *e = ctx;
	const struct begat_trace_exec *first = &e->base->model->execs[search->event->seq];
	struct begat_str name = model_basename(base_text(e->base, first->filename));
	struct analysis_failure row = {
		.kind = search->is_found ? ANALYSIS_PATH_MISS : ANALYSIS_FAILED_EXEC,
		.value = search->event->error,
		/* One file again and again is no search. */
		.count = search->is_found || search->directories < 2 ? search->attempts : 1,
		.attempts = search->attempts,
		.directories = search->directories,
		.processes = 1,
		.example = e->process,
		.filename = search->is_found ? e->found->filename : first->filename,
	};

	if (e->err == 0)
		e->err = model_add_text(e->base->model, name.data, name.len, &row.program);
	if (e->err == 0)
		e->err = add_fault(e->list, &row, first->ts_ns);
}

/* What begat/search.h wants to see of an exec. */
static struct begat_event event_of(const struct analysis_base *b,
				   const struct begat_trace_exec *exec)
{
	struct begat_event ev = {
		.size = sizeof(ev),
		.type = exec->type,
		.seq = (uint64_t)(exec - b->model->execs),
		.id = b->model->processes[exec->process].id,
		.error = base_exec_error(exec),
		.repeats = exec->repeats,
		.filename = base_text(b, exec->filename),
		.argv = model_strings(b->model, exec->argv),
	};

	begat_fields_add(&ev.has, BEGAT_F_FILENAME);
	begat_fields_add(&ev.has, BEGAT_F_REPEATS);
	if (exec->argv)
		begat_fields_add(&ev.has, BEGAT_F_ARGV);
	return ev;
}

static int add_failed_execs(struct list *l, const struct analysis_base *b)
{
	struct execs e = { .base = b, .list = l };
	struct begat_searches_options opts = {
		.size = sizeof(opts),
		.callback = end_search,
		.ctx = &e,
	};
	struct begat_searches *searches;

	if (begat_searches_new(&opts, &searches) < 0)
		return -ENOMEM;
	for (e.process = 0; e.process < b->count && e.err == 0; e.process++) {
		for (uint32_t k = 0; (e.found = base_next_exec(b, e.process, &k)) && !e.err;) {
			struct begat_event ev = event_of(b, e.found);

			if (!base_was_there(b, e.found))
				begat_searches_take(searches, &ev, true, 0);
		}
		begat_searches_finish(searches);
	}
	begat_searches_free(searches);
	return e.err;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Rows that say the same, apart from when and where. */
static int compare_kinds(const struct analysis_failure *x, const struct analysis_failure *y)
{
	int order = compare_u64(x->kind, y->kind);

	if (order == 0)
		order = compare_u64(x->program, y->program);
	if (order == 0)
		order = compare_u64((uint32_t)x->value, (uint32_t)y->value);
	if (order == 0)
		order = compare_u64(x->is_oom, y->is_oom);
	if (order == 0)
		order = compare_u64(x->killed_by_comm, y->killed_by_comm);
	return order;
}

static int compare_faults(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;
	int order = compare_kinds(&x->row, &y->row);

	if (order == 0)
		order = compare_u64(x->row.example, y->row.example);
	return order ? order : compare_u64(x->at_ns, y->at_ns);
}

static int compare_rows(const void *a, const void *b)
{
	const struct analysis_failure *x = a, *y = b;
	int order = compare_u64(x->kind, y->kind);

	if (order == 0)
		order = compare_u64(y->count, x->count);
	if (order == 0)
		order = compare_u64(x->example, y->example);
	return order ? order : compare_kinds(x, y);
}

/* Processes are by start, so the first row of a kind is of the earliest process. */
static void fold(struct analysis *a, struct list *l)
{
	struct analysis_failure *into = NULL;

	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare_faults);
	for (size_t i = 0; i < l->count; i++) {
		const struct analysis_failure *row = &l->items[i].row;

		if (into && !compare_kinds(into, row)) {
			into->count += row->count;
			into->attempts += row->attempts;
			if (row->directories > into->directories)
				into->directories = row->directories;
			into->processes += l->items[i - 1].row.example != row->example;
			into->has_core |= row->has_core;
			continue;
		}
		into = &a->failures[a->failures_count++];
		*into = *row;
	}
	qsort(a->failures, a->failures_count, sizeof(*a->failures), compare_rows);
}

int analysis_failures(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	struct list l = { 0 };
	int err = 0;

	for (uint32_t i = 0; !err && i < b->count; i++)
		err = add_exit(&l, b, i);
	if (err == 0)
		err = add_failed_execs(&l, b);
	if (err == 0) {
		a->failures = calloc(l.count + 1, sizeof(*a->failures));
		err = a->failures ? 0 : -ENOMEM;
	}
	if (err == 0)
		fold(a, &l);
	free(l.items);
	return err;
}
