// SPDX-License-Identifier: BSD-2-Clause
/*
 * analysis/failures.c - what went wrong, alike things folded.
 *
 * Owns:    struct analysis_failure; telling a PATH search from a failure.
 * Not:     judging: a status of 1 may be what a test wanted to see.
 * Called:  by analysis_new().
 *
 * A failed exec is a PATH miss if the next exec of the same process that succeeds asks for the
 * same base name or passes the same arguments: the search went on and found it. All others are
 * failures.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fault {
	struct analysis_failure row; /* of one process or attempt */
	uint64_t at_ns;
};

struct list {
	struct fault *items;
	size_t count, room;
};

static int add_fault(struct list *l, const struct analysis_failure *row, uint64_t at_ns)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct fault *items = reallocarray(l->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		l->items = items;
		l->room = room;
	}
	l->items[l->count++] = (struct fault){ *row, at_ns };
	return 0;
}

static int add_exit(struct list *l, const struct model *m, uint32_t i)
{
	const struct model_process *p = &m->processes[i];
	struct analysis_failure row = {
		.kind = p->signal ? ANALYSIS_FAILED_SIGNAL : ANALYSIS_FAILED_EXIT,
		.program = p->program,
		.value = p->signal ? p->signal : p->exit_code,
		.count = 1,
		.processes = 1,
		.example = i,
		.has_core = p->flags & MODEL_CORE,
		.is_oom = p->flags & MODEL_OOM,
		.has_killer = p->flags & MODEL_HAS_KILLER,
	};

	if (row.has_killer) {
		row.killed_by_comm = p->killed_by_comm;
		row.killed_by_tgid = p->killed_by_tgid;
	}
	return model_has_failed(p) ? add_fault(l, &row, p->end_ns) : 0;
}

/* Backwards, so that the next success is known. */
static int add_failed_execs(struct list *l, const struct model *m)
{
	const struct model_exec *found = NULL;
	int err = 0;

	for (size_t k = m->execs_count; !err && k > 0; k--) {
		const struct model_exec *exec = &m->execs[k - 1];
		struct analysis_failure row = {
			.kind = ANALYSIS_FAILED_EXEC,
			.program = exec->name,
			.value = exec->error,
			.count = 1 + (uint64_t)exec->repeats,
			.processes = 1,
			.example = exec->process,
			.filename = exec->filename,
		};

		if (!exec->error) {
			found = exec->was_there ? NULL : exec;
			continue;
		}
		if (found && exec->process != MODEL_NONE && found->process == exec->process &&
		    (found->name == exec->name || (exec->argv && found->argv == exec->argv))) {
			row.kind = ANALYSIS_PATH_MISS;
			row.filename = found->filename;
		}
		err = add_fault(l, &row, exec->ts_ns);
	}
	return err;
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
	const struct model *m = a->model;
	struct list l = { 0 };
	int err = 0;

	for (uint32_t i = 0; !err && i < m->count; i++)
		err = add_exit(&l, m, i);
	if (err == 0)
		err = add_failed_execs(&l, m);
	if (err == 0) {
		a->failures = calloc(l.count + 1, sizeof(*a->failures));
		err = a->failures ? 0 : -ENOMEM;
	}
	if (err == 0)
		fold(a, &l);
	free(l.items);
	return err;
}
