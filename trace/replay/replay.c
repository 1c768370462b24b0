/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/replay/replay.c - the stream again, as it was.
 *
 * Owns:    the order of events over three tables; which of them a query wants.
 * Not:     one event (event_from_row.c).
 *
 * Three cursors and a summary, each sorted by n, are merged:
 *   forks   rows of process: their order is that of fork_n
 *   exits   rows of process in the order of exit_n: a heap of (exit_n, row) of those that live
 *   execs   rows of exec
 *   losses  rows of lost
 *
 * Invariants
 *  (1) n rises strictly within a cursor; a file in which it does not is damaged.
 *  (2) A cursor goes on only when the next event is asked for: an event's texts lie in its row.
 *  (3) Lost events and the summary are not filtered by process or expression, as in a live
 *      stream: they say what the rest is worth.
 *  (4) The heap has every exit ahead of the last fork_n that was scanned: a row is as old as the first
 *      event of its process, so rows behind have later exits. Memory follows the processes that live
 *      at once, not those of the recording.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/array.h"
#include "base/opts.h"
#include "store/read/reader.h"

struct exit_row {
	int64_t n, row;
};

struct cursor {
	sqlite3_stmt *stmt; /* its current row is the next event */
	enum slot_form form;
	int column_n;
	int64_t n; /* of the next event; INT64_MAX = none left */
};

enum { FORKS, EXECS, LOSSES, EXITS, CURSORS };

struct begat_replay {
	struct begat_trace *trace;
	struct begat_trace_query query;
	struct cursor cursors[CURSORS];
	struct cursor *current; /* its row is the event that the caller has; NULL = none has it */
	bool has_ended;
	int error; /* that it ended with; negative errno */
	struct begat_event event;
	sqlite3_stmt *owner; /* SELECT ... FROM process WHERE row = ? */
	sqlite3_stmt *scan; /* row, fork_n, exit_n of every process, in the order of rows */
	int64_t scanned_n; /* fork_n of the last one; INT64_MAX: there are no more */
	struct exit_row *exits; /* a heap: no n is less than that at half its place */
	uint32_t exits_count, exits_room;
	int64_t summary_n;
	int64_t n; /* of the current event */
	uint64_t events; /* in the recording, wanted or not; 0 = not known */
	const struct begat_trace_table *table; /* if the query asks for lineage */
	bool *selected; /* by index in the table; NULL = all */
	struct begat_lineage lineage;
	uint32_t pids[SLOT_PIDS_MAX];
};

static bool is_seen(enum begat_event_type type)
{
	return type == BEGAT_EXEC || type == BEGAT_EXEC_FAILED || type == BEGAT_EXIT;
}

static int cursor_next(struct begat_replay *r, struct cursor *c)
{
	int rc = sqlite3_step(c->stmt);
	int64_t n = 0;
	int err;

	if (rc == SQLITE_DONE) {
		c->n = INT64_MAX;
		return 0;
	}
	if (rc != SQLITE_ROW)
		return trace_fail_sqlite(r->trace, rc);
	err = trace_int(r->trace, c->stmt, c->column_n, &n, NULL);
	if (err < 0)
		return err;
	if (n <= c->n)
		return trace_fail_cell(r->trace, c->stmt, c->column_n, "out of order");
	c->n = n;
	return 0;
}

static void heap_push(struct exit_row *heap, uint32_t count, struct exit_row row)
{
	uint32_t at = count;

	for (; at && heap[(at - 1) / 2].n > row.n; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = row;
}

/* @count: without the one that is taken. */
static struct exit_row heap_pop(struct exit_row *heap, uint32_t count)
{
	struct exit_row first = heap[0], last = heap[count];
	uint32_t at = 0, child;

	for (; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && heap[child + 1].n < heap[child].n)
			child++;
		if (heap[child].n >= last.n)
			break;
		heap[at] = heap[child];
	}
	heap[at] = last;
	return first;
}

/* The next row of the table process: its exit, if it has one, comes into the heap. */
static int scan_row(struct begat_replay *r)
{
	int rc = sqlite3_step(r->scan);
	struct exit_row row = { 0 };
	int64_t fork_n = 0;
	bool has_no_fork, has_no_exit;
	int err;

	if (rc == SQLITE_DONE) {
		r->scanned_n = INT64_MAX;
		return 0;
	}
	if (rc != SQLITE_ROW)
		return trace_fail_sqlite(r->trace, rc);
	row.row = sqlite3_column_int64(r->scan, 0);
	err = trace_int(r->trace, r->scan, 1, &fork_n, &has_no_fork);
	if (!err)
		err = trace_int(r->trace, r->scan, 2, &row.n, &has_no_exit);
	if (err)
		return err;
	if (!has_no_fork)
		r->scanned_n = fork_n;
	if (has_no_exit)
		return 0;
	if (array_grow(&r->exits, r->exits_count, &r->exits_room, sizeof(*r->exits)) < 0)
		return trace_fail_sqlite(r->trace, SQLITE_NOMEM);
	heap_push(r->exits, r->exits_count++, row);
	return 0;
}

static int exits_next(struct begat_replay *r)
{
	struct cursor *c = &r->cursors[EXITS];
	int err = 0;

	sqlite3_reset(c->stmt);
	while (!err && r->scan && r->scanned_n != INT64_MAX &&
	       (!r->exits_count || r->scanned_n < r->exits[0].n))
		err = scan_row(r);
	if (err)
		return err;
	if (!r->exits_count) {
		c->n = INT64_MAX;
		return 0;
	}
	r->exits_count--;
	sqlite3_bind_int64(c->stmt, 1, heap_pop(r->exits, r->exits_count).row);
	return cursor_next(r, c);
}

static int open_cursor(struct begat_replay *r, int which, enum schema_table table,
		       enum slot_form form, int column_n, const char *tail)
{
	struct cursor *c = &r->cursors[which];

	uint64_t columns = event_columns(form) | 1ull << column_n;

	/* What find_owner() reads. */
	if (table == TABLE_PROCESS)
		columns |= 1ull << PROCESS_id | 1ull << PROCESS_pid | 1ull << PROCESS_parent_id |
			   1ull << PROCESS_ppid;
	if (table == TABLE_EXEC)
		columns |= 1ull << EXEC_process;
	*c = (struct cursor){ .form = form, .column_n = column_n };
	return trace_prepare_columns(r->trace, &schema_tables[table], columns, tail, &c->stmt);
}

static bool wants(const struct begat_replay *r, enum begat_event_type type)
{
	return !r->query.events || r->query.events & BEGAT_EVENT_BIT(type);
}

static bool reads(const struct begat_replay *r, enum begat_event_type type)
{
	return wants(r, type) || (r->query.seen && is_seen(type));
}

static int open_cursors(struct begat_replay *r)
{
	int err = open_cursor(r, FORKS, TABLE_PROCESS, FORM_FORK, PROCESS_fork_n,
			      "WHERE fork_n IS NOT NULL ORDER BY row");

	if (!err)
		err = open_cursor(r, EXECS, TABLE_EXEC, FORM_EXEC, EXEC_n, "ORDER BY n");
	if (!err)
		err = open_cursor(r, LOSSES, TABLE_LOST, FORM_LOST, LOST_n, "ORDER BY n");
	if (!err)
		err = open_cursor(r, EXITS, TABLE_PROCESS, FORM_EXIT, PROCESS_exit_n,
				  "WHERE row = ?1");
	if (!err)
		err = trace_prepare(
			r->trace,
			"SELECT row, id, pid, parent_id, ppid FROM process WHERE row = ?1",
			&r->owner);
	if (!err && reads(r, BEGAT_EXIT))
		err = trace_prepare(
			r->trace, "SELECT row, fork_n, exit_n FROM process ORDER BY row", &r->scan);
	for (int i = FORKS; i < EXITS && !err; i++)
		err = cursor_next(r, &r->cursors[i]);
	return err ? err : exits_next(r);
}

static int read_owner(struct begat_trace *trace, sqlite3_stmt *stmt, const int columns[4],
		      struct slot_owner *owner)
{
	int64_t id = 0, parent_id = 0;
	int err = trace_int(trace, stmt, columns[0], &id, NULL);

	if (!err)
		err = trace_u32(trace, stmt, columns[1], &owner->tgid);
	if (!err)
		err = trace_int(trace, stmt, columns[2], &parent_id, NULL);
	if (!err)
		err = trace_u32(trace, stmt, columns[3], &owner->parent_tgid);
	owner->id = (uint64_t)id;
	owner->parent_id = (uint64_t)parent_id;
	owner->is_known = true;
	return err;
}

/* The process that the current row of @c belongs to. */
static int find_owner(struct begat_replay *r, const struct cursor *c, struct slot_owner *owner)
{
	static const int own[4] = { PROCESS_id, PROCESS_pid, PROCESS_parent_id, PROCESS_ppid };
	static const int other[4] = { 1, 2, 3, 4 };
	int64_t row = 0;
	bool is_null;
	int rc, err;

	*owner = (struct slot_owner){ 0 };
	if (c->form == FORM_FORK || c->form == FORM_EXIT)
		return read_owner(r->trace, c->stmt, own, owner);
	if (c->form == FORM_LOST)
		return 0;
	err = trace_int(r->trace, c->stmt, EXEC_process, &row, &is_null);
	if (err < 0 || is_null)
		return err;
	sqlite3_reset(r->owner);
	sqlite3_bind_int64(r->owner, 1, row);
	rc = sqlite3_step(r->owner);
	if (rc == SQLITE_DONE)
		return trace_fail_cell(r->trace, c->stmt, EXEC_process, "there is no such process");
	if (rc != SQLITE_ROW)
		return trace_fail_sqlite(r->trace, rc);
	err = read_owner(r->trace, r->owner, other, owner);
	sqlite3_reset(r->owner);
	return err;
}

/* ---- lineage ---- */

static void fill_context(const struct begat_trace *trace, const struct begat_trace_table *table,
			 uint32_t context, struct begat_event *ev)
{
	const struct begat_trace_context *c;

	if (context == BEGAT_TRACE_NONE)
		return;
	c = &table->contexts[context];
	ev->uid = c->uid;
	ev->gid = c->gid;
	ev->euid = c->euid;
	ev->egid = c->egid;
	ev->loginuid = c->loginuid;
	ev->sid = c->sid;
	ev->pgid = c->pgid;
	ev->tty = begat_trace_string(trace, c->tty);
	ev->cgroup = begat_trace_string(trace, c->cgroup);
	ev->container_id = begat_trace_string(trace, c->container_id);
	for (int f = BEGAT_F_UID; f <= BEGAT_F_TTY; f++)
		if (f != BEGAT_F_CAPS && begat_fields_has(&c->has, (enum begat_field)f))
			begat_fields_add(&ev->has, (enum begat_field)f);
	if (begat_fields_has(&c->has, BEGAT_F_CGROUP))
		begat_fields_add(&ev->has, BEGAT_F_CGROUP);
	if (begat_fields_has(&c->has, BEGAT_F_CONTAINER_ID))
		begat_fields_add(&ev->has, BEGAT_F_CONTAINER_ID);
}

/* An ancestor as it was at this place of the stream: its last image before it. */
static bool find_ancestor(void *ctx, uint64_t id, struct begat_event *ev)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT,     BEGAT_F_ID,   BEGAT_F_PID,
						  BEGAT_F_PARENT_ID, BEGAT_F_PPID, BEGAT_F_COMM };
	const struct begat_replay *r = ctx;
	const struct begat_trace_process *p;
	const struct begat_trace_exec *image = NULL;
	uint32_t index = begat_trace_find(r->trace, id);

	if (index == BEGAT_TRACE_NONE)
		return false;
	p = &r->table->processes[index];
	for (uint32_t i = 0; i < p->execs_count; i++) {
		const struct begat_trace_exec *e = &r->table->execs[p->execs_first + i];

		if (e->n > (uint64_t)r->n && image)
			break;
		if (e->type != BEGAT_EXEC_FAILED)
			image = e;
	}
	*ev = (struct begat_event){ .size = sizeof(*ev),
				    .type = BEGAT_SNAPSHOT,
				    .id = id,
				    .parent_id = p->parent_id,
				    .tgid = p->tgid,
				    .tid = p->tgid,
				    .parent_tgid = p->parent_tgid };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev->has, known[i]);
	ev->comm = begat_trace_string(r->trace, image ? image->comm : p->comm);
	fill_context(r->trace, r->table, image ? image->context : p->context, ev);
	if (image || p->exe) {
		ev->exe = begat_trace_string(r->trace, image ? image->exe : p->exe);
		begat_fields_add(&ev->has, BEGAT_F_EXE);
	}
	if (image || p->argv) {
		ev->argv = begat_trace_strings(r->trace, image ? image->argv : p->argv);
		begat_fields_add(&ev->has, BEGAT_F_ARGV);
	}
	return true;
}

/* Processes with one of the pids, and all below them; parents come first in the table. */
static int select_subtrees(struct begat_replay *r)
{
	const struct begat_trace_process *p = r->table->processes;

	r->selected = calloc(r->table->processes_count + 1, sizeof(*r->selected));
	if (!r->selected)
		return trace_fail_sqlite(r->trace, SQLITE_NOMEM);
	for (uint32_t i = 0; i < r->table->processes_count; i++, p++) {
		if (p->parent != BEGAT_TRACE_NONE && r->selected[p->parent])
			r->selected[i] = true;
		for (uint32_t k = 0; k < r->query.pids_count; k++)
			if ((uint32_t)r->query.pids[k] == p->tgid)
				r->selected[i] = true;
	}
	return 0;
}

static int prepare_query(struct begat_replay *r)
{
	bool asks_lineage = r->query.where && begat_filter_asks_lineage(r->query.where);
	int err = 0;

	if (r->query.pids_count || asks_lineage)
		err = begat_trace_load(r->trace, &r->table);
	if (!err && r->query.pids_count)
		err = select_subtrees(r);
	if (asks_lineage)
		r->lineage = (struct begat_lineage){ .find = find_ancestor, .ctx = r };
	return err;
}

static bool is_wanted(struct begat_replay *r, const struct begat_event *ev)
{
	const struct begat_trace_query *q = &r->query;

	if (!wants(r, (enum begat_event_type)ev->type))
		return false;
	if ((q->from_ns && ev->ts_ns < q->from_ns) || (q->to_ns && ev->ts_ns > q->to_ns))
		return false;
	if (ev->type == BEGAT_LOST || ev->type == BEGAT_SUMMARY)
		return !q->id;
	if (q->id && ev->id != q->id)
		return false;
	if (r->selected) {
		uint32_t index = begat_trace_find(r->trace, ev->id);

		if (index == BEGAT_TRACE_NONE || !r->selected[index])
			return false;
	}
	return !q->where || begat_filter_match(q->where, ev, &r->lineage);
}

/* Reading a row that is not wanted would cost as much as one that is. */
static bool can_skip(const struct begat_replay *r, const struct cursor *c)
{
	switch (c->form) {
	case FORM_FORK:
		return !wants(r, BEGAT_FORK);
	case FORM_LOST:
		return !wants(r, BEGAT_LOST);
	case FORM_EXEC:
		return !reads(
			r, (enum begat_event_type)(sqlite3_column_int(c->stmt, EXEC_event) & 31));
	default:
		return false;
	}
}

/* Reads the row at which @c is. Return: 1 it is an event that is wanted, 0 it is not, or -errno. */
static int read_row(struct begat_replay *r, struct cursor *c)
{
	struct slot_owner owner;
	int err;

	r->n = c->n;
	trace_progress(r->trace, (uint64_t)r->n, r->events);
	if (can_skip(r, c))
		return 0;
	texts_reset(r->trace->texts);
	err = find_owner(r, c, &owner);
	if (!err)
		err = event_from_row(r->trace, c->stmt, c->form, &owner, r->pids, &r->event);
	if (err)
		return err;
	bool wanted = is_wanted(r, &r->event);

	if (r->query.seen && is_seen((enum begat_event_type)r->event.type))
		r->query.seen(&r->event, wanted, r->query.seen_ctx);
	return wanted;
}

static int go_on(struct begat_replay *r)
{
	struct cursor *c = r->current;

	r->current = NULL;
	if (!c)
		return 0;
	return c == &r->cursors[EXITS] ? exits_next(r) : cursor_next(r, c);
}

/* A stream ends with its summary. */
static int give_summary(struct begat_replay *r, const struct begat_event **ret_event)
{
	int err = r->error = begat_trace_check(r->trace);

	r->has_ended = true;
	trace_progress(r->trace, r->events, r->events);
	if (err || !r->trace->info.has_summary || !is_wanted(r, &r->trace->summary_event))
		return err;
	*ret_event = &r->trace->summary_event;
	return 1;
}

BEGAT_API int begat_replay_next(struct begat_replay *r, const struct begat_event **ret_event)
{
	int err = r->has_ended ? r->error : go_on(r);

	*ret_event = NULL;
	while (!err && !r->has_ended) {
		r->current = &r->cursors[0];
		for (int i = 1; i < CURSORS; i++)
			if (r->cursors[i].n < r->current->n)
				r->current = &r->cursors[i];
		if (r->current->n == INT64_MAX)
			return give_summary(r, ret_event);
		err = read_row(r, r->current);
		if (err > 0) {
			*ret_event = &r->event;
			return 1;
		}
		if (!err)
			err = go_on(r);
	}
	r->has_ended = true;
	r->error = err;
	return err;
}

BEGAT_API int begat_replay_open(struct begat_trace *trace, const struct begat_trace_query *query,
				struct begat_replay **ret_replay)
{
	struct begat_trace_info info = { .size = sizeof(info) };
	struct begat_replay *r = calloc(1, sizeof(*r));
	int err;

	trace->error[0] = '\0';
	if (!r)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	r->trace = trace;
	if (query && !opts_copy(&r->query, sizeof(r->query), query))
		err = trace_fail(
			trace, EINVAL,
			"the query has no size, or a member that this library does not know");
	else
		err = begat_trace_info(trace, &info);
	begat_filter_ref(r->query.where);
	r->events = (uint64_t)trace_meta_number(trace, "events");
	if (!err)
		err = contexts_load(trace);
	if (!err)
		err = prepare_query(r);
	if (!err)
		err = open_cursors(r);
	if (err)
		begat_replay_close(r);
	else
		*ret_replay = r;
	return err;
}

BEGAT_API void begat_replay_close(struct begat_replay *r)
{
	if (!r)
		return;
	for (int i = 0; i < CURSORS; i++)
		sqlite3_finalize(r->cursors[i].stmt);
	sqlite3_finalize(r->owner);
	sqlite3_finalize(r->scan);
	begat_filter_free((struct begat_filter *)r->query.where);
	free(r->exits);
	free(r->selected);
	free(r);
}

BEGAT_API int64_t begat_trace_replay(struct begat_trace *trace,
				     const struct begat_trace_query *query, begat_callback callback,
				     void *ctx)
{
	const struct begat_event *ev;
	struct begat_replay *r = NULL;
	int64_t delivered = 0;
	int err = begat_replay_open(trace, query, &r);

	while (!err && (err = begat_replay_next(r, &ev)) > 0) {
		delivered++;
		err = callback(ev, ctx) ? -ECANCELED : 0;
	}
	begat_replay_close(r);
	return err ? err : delivered;
}
