/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load.c - a whole recording in memory.
 *
 * Owns:    begat_trace_load(): rows become processes, execs, losses.
 * Not:     texts (load_text.c), parents and children (link.c), exact events (replay.c).
 *
 * Invariants
 *  (1) Rows of one id are one process, however many the writer needed.
 *  (2) The number of a text here is its place in the table string, from 1; 0 is no text.
 */
#include "model/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "store/format/text.h"

#define ROWS_MAX (UINT32_MAX - 1)

/* Runs @each for every row of @sql. */
static int for_each_row(struct begat_trace *trace, const char *sql,
			int (*each)(struct begat_trace *trace, sqlite3_stmt *stmt))
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, sql, &stmt);
	int rc = SQLITE_DONE;

	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = each(trace, stmt);
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

/* Makes room for one more of @size bytes in *@array; 0 or a negative errno. */
int load_grow(struct begat_trace *trace, void *array, uint32_t count, size_t *capacity, size_t size)
{
	void *old, *bigger;

	if (count < *capacity)
		return 0;
	if (count >= ROWS_MAX)
		return trace_fail(trace, EFBIG, "%s has too many rows to load", trace->path);
	memcpy(&old, array, sizeof(old));
	*capacity = *capacity ? *capacity * 2 : 1024;
	bigger = reallocarray(old, *capacity, size);
	if (!bigger)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	memcpy(array, &bigger, sizeof(bigger));
	return 0;
}

static int text_column(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	bool is_null;
	int64_t id;
	int err = trace_int(trace, stmt, column, &id, &is_null);

	if (err < 0)
		return err;
	*ret = is_null ? 0 : load_find_text(trace->loaded, id);
	if (!is_null && !*ret)
		return trace_fail_cell(trace, stmt, column, "there is no such string");
	return 0;
}

static int u64_column(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint64_t *ret)
{
	int64_t value = 0;
	int err = trace_int(trace, stmt, column, &value, NULL);

	*ret = (uint64_t)value;
	return err;
}

static int i32_column(struct begat_trace *trace, sqlite3_stmt *stmt, int column, int32_t *ret)
{
	int64_t value = 0;
	int err = trace_int(trace, stmt, column, &value, NULL);

	if (!err && (value < INT32_MIN || value > INT32_MAX))
		return trace_fail_cell(trace, stmt, column, "out of range");
	*ret = (int32_t)value;
	return err;
}

static bool has(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) != SQLITE_NULL;
}

/* Index of a context, or BEGAT_TRACE_NONE. */
static int context_column(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	const struct reader_context *found;
	bool is_null;
	int64_t id;
	int err = trace_int(trace, stmt, column, &id, &is_null);

	if (err < 0 || is_null)
		return err;
	found = contexts_find(trace, id);
	if (!found)
		return trace_fail_cell(trace, stmt, column, "there is no such context");
	*ret = (uint32_t)(found - trace->contexts);
	return 0;
}

static int load_contexts(struct begat_trace *trace)
{
	struct loaded *l = trace->loaded;

	l->contexts = calloc(trace->contexts_count + 1, sizeof(*l->contexts));
	if (!l->contexts)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	for (size_t i = 0; i < trace->contexts_count; i++) {
		const struct reader_context *c = &trace->contexts[i];
		struct begat_trace_context *to = &l->contexts[i];

		*to = c->values;
		to->tty = load_find_text(l, c->tty);
		to->cgroup = load_find_text(l, c->cgroup);
		to->container_id = load_find_text(l, c->container_id);
		to->container_runtime = load_find_text(l, c->container_runtime);
		to->pod_uid = load_find_text(l, c->pod_uid);
	}
	l->table.contexts = l->contexts;
	l->table.contexts_count = (uint32_t)trace->contexts_count;
	return 0;
}

static int load_exit_costs(struct begat_trace *trace, sqlite3_stmt *stmt,
			   struct begat_trace_process *p)
{
	const struct {
		int column;
		uint64_t *to;
	} costs[] = {
		{ PROCESS_utime_ns, &p->utime_ns },
		{ PROCESS_stime_ns, &p->stime_ns },
		{ PROCESS_max_rss_bytes, &p->max_rss_bytes },
		{ PROCESS_read_bytes, &p->read_bytes },
		{ PROCESS_write_bytes, &p->write_bytes },
		{ PROCESS_minor_faults, &p->minor_faults },
		{ PROCESS_major_faults, &p->major_faults },
		{ PROCESS_voluntary_switches, &p->voluntary_switches },
		{ PROCESS_involuntary_switches, &p->involuntary_switches },
		{ PROCESS_children_utime_ns, &p->children_utime_ns },
		{ PROCESS_children_stime_ns, &p->children_stime_ns },
		{ PROCESS_children_max_rss_bytes, &p->children_max_rss_bytes },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]) && !err; i++)
		err = u64_column(trace, stmt, costs[i].column, costs[i].to);
	p->has_cpu = has(stmt, PROCESS_utime_ns);
	p->has_rss = has(stmt, PROCESS_max_rss_bytes);
	p->has_io = has(stmt, PROCESS_read_bytes);
	p->has_faults = has(stmt, PROCESS_minor_faults);
	return err;
}

static int load_exit(struct begat_trace *trace, sqlite3_stmt *stmt, struct loaded_process *lp)
{
	struct begat_trace_process *p = &lp->p;
	uint64_t n = 0, duration = 0;
	int64_t context_id;
	const struct reader_context *context;
	int err = u64_column(trace, stmt, PROCESS_exit_n, &n);

	/* `exit_n` stays 0 for a row without an exit. */
	p->exit_n = n;
	p->has_exit = n != 0;
	if (err < 0 || !n)
		return err;
	err = u64_column(trace, stmt, PROCESS_exit_ts_ns, &p->end_ns);
	if (!err)
		err = load_exit_costs(trace, stmt, p);
	if (!err)
		err = i32_column(trace, stmt, PROCESS_exit_code, &p->exit_code);
	if (!err)
		err = i32_column(trace, stmt, PROCESS_signal, &p->signal);
	p->has_status = has(stmt, PROCESS_exit_code) || has(stmt, PROCESS_signal);
	if (!err)
		err = u64_column(trace, stmt, PROCESS_killed_by_id, &p->killed_by_id);
	if (!err)
		err = trace_u32(trace, stmt, PROCESS_killed_by_pid, &p->killed_by_tgid);
	if (!err)
		err = text_column(trace, stmt, PROCESS_killed_by_comm, &p->killed_by_comm);
	if (!err)
		err = text_column(trace, stmt, PROCESS_exit_comm, &p->comm);
	if (!err)
		err = text_column(trace, stmt, PROCESS_exe, &p->exe);
	if (!err)
		err = text_column(trace, stmt, PROCESS_argv, &p->argv);
	if (!err)
		err = u64_column(trace, stmt, PROCESS_duration_ns, &duration);
	if (!err)
		err = trace_int(trace, stmt, PROCESS_exit_context, &context_id, NULL);
	if (err < 0)
		return err;
	context = contexts_find(trace, context_id);
	p->core_dumped = context && context->flags & SCHEMA_CORE_DUMPED;
	p->killed_by_oom = context && context->flags & SCHEMA_KILLED_BY_OOM;
	if (has(stmt, PROCESS_duration_ns) && duration <= p->end_ns)
		lp->start_by_duration_ns = p->end_ns - duration;
	return context_column(trace, stmt, PROCESS_exit_context, &p->context);
}

static int load_fork(struct begat_trace *trace, sqlite3_stmt *stmt, struct begat_trace_process *p)
{
	int err = u64_column(trace, stmt, PROCESS_fork_n, &p->fork_n);

	p->has_fork = p->fork_n != 0;
	if (!err)
		err = u64_column(trace, stmt, PROCESS_fork_ts_ns, &p->start_ns);
	if (!err)
		err = u64_column(trace, stmt, PROCESS_forked_by_id, &p->forked_by_id);
	if (!err)
		err = trace_u32(trace, stmt, PROCESS_forked_by_pid, &p->forked_by_tgid);
	if (!err)
		err = text_column(trace, stmt, PROCESS_fork_comm, &p->comm);
	if (!err)
		err = context_column(trace, stmt, PROCESS_fork_context, &p->context);
	return err;
}

static int load_process(struct begat_trace *trace, sqlite3_stmt *stmt)
{
	struct loaded *l = trace->loaded;
	int err = load_grow(trace, &l->processes, l->processes_count, &l->processes_capacity,
			    sizeof(*l->processes));

	if (err < 0)
		return err;

	struct loaded_process *lp = &l->processes[l->processes_count++];
	struct begat_trace_process *p = &lp->p;

	*lp = (struct loaded_process){ .row = sqlite3_column_int64(stmt, PROCESS_row) };
	p->context = p->parent = BEGAT_TRACE_NONE;
	p->exec_last = BEGAT_TRACE_NONE;
	err = u64_column(trace, stmt, PROCESS_id, &p->id);
	if (!err)
		err = u64_column(trace, stmt, PROCESS_parent_id, &p->parent_id);
	if (!err)
		err = trace_u32(trace, stmt, PROCESS_pid, &p->tgid);
	if (!err)
		err = trace_u32(trace, stmt, PROCESS_ppid, &p->parent_tgid);
	if (!err)
		err = load_fork(trace, stmt, p);
	return err ? err : load_exit(trace, stmt, lp);
}

static int load_exec(struct begat_trace *trace, sqlite3_stmt *stmt)
{
	struct loaded *l = trace->loaded;
	int err =
		load_grow(trace, &l->execs, l->execs_count, &l->execs_capacity, sizeof(*l->execs));
	int64_t row = 0;
	bool is_null;

	if (!err)
		err = trace_int(trace, stmt, EXEC_process, &row, &is_null);
	/* Of no process that is known: part of the stream, but of no life. */
	if (err < 0 || is_null)
		return err;

	struct loaded_exec *le = &l->execs[l->execs_count++];
	struct begat_trace_exec *e = &le->e;
	const struct {
		int column;
		uint64_t *to;
	} wide[] = {
		{ EXEC_n, &e->n },
		{ EXEC_ts_ns, &e->ts_ns },
		{ EXEC_fork_to_exec_ns, &e->fork_to_exec_ns },
		{ EXEC_exec_ns, &e->exec_ns },
		{ EXEC_argv_bytes, &e->argv_bytes },
	};
	const struct {
		int column;
		uint32_t *to;
	} narrow[] = { { EXEC_event, &e->type },
		       { EXEC_cpu, &e->cpu },
		       { EXEC_argc, &e->argc },
		       { EXEC_repeats, &e->repeats } },
	  texts[] = { { EXEC_comm, &e->comm }, { EXEC_filename, &e->filename },
		      { EXEC_exe, &e->exe },   { EXEC_interpreter, &e->interpreter },
		      { EXEC_cwd, &e->cwd },   { EXEC_argv, &e->argv },
		      { EXEC_env, &e->env } };

	*le = (struct loaded_exec){ .row = row };
	e->context = BEGAT_TRACE_NONE;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]) && !err; i++)
		err = u64_column(trace, stmt, wide[i].column, wide[i].to);
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]) && !err; i++)
		err = trace_u32(trace, stmt, narrow[i].column, narrow[i].to);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !err; i++)
		err = text_column(trace, stmt, texts[i].column, texts[i].to);
	if (!err)
		err = i32_column(trace, stmt, EXEC_errno_number, &e->error);
	if (!err)
		err = context_column(trace, stmt, EXEC_context, &e->context);
	if (err < 0)
		return err;
	if (e->type != BEGAT_EXEC && e->type != BEGAT_EXEC_FAILED && e->type != BEGAT_SNAPSHOT)
		return trace_fail_cell(trace, stmt, EXEC_event, "no such event");
	if (e->context != BEGAT_TRACE_NONE) {
		e->argv_truncated = trace->contexts[e->context].flags & SCHEMA_ARGV_TRUNCATED;
		e->argv_rewritten = trace->contexts[e->context].flags & SCHEMA_ARGV_REWRITTEN;
	}
	/* Left out where argv tells. */
	if (e->argv && (!has(stmt, EXEC_argc) || !has(stmt, EXEC_argv_bytes))) {
		uint32_t count = 0;
		uint64_t bytes = 0;

		load_measure_vector(l, e->argv, &count, &bytes);
		e->argc = has(stmt, EXEC_argc) ? e->argc : count;
		e->argv_bytes = has(stmt, EXEC_argv_bytes) ? e->argv_bytes : bytes;
	}
	return 0;
}

static int load_loss(struct begat_trace *trace, sqlite3_stmt *stmt)
{
	struct loaded *l = trace->loaded;
	int err = load_grow(trace, &l->losses, l->losses_count, &l->losses_capacity,
			    sizeof(*l->losses));

	if (err < 0)
		return err;

	struct begat_trace_loss *loss = &l->losses[l->losses_count++];

	*loss = (struct begat_trace_loss){ .cpu = BEGAT_TRACE_NONE };
	err = u64_column(trace, stmt, LOST_n, &loss->n);
	if (!err)
		err = u64_column(trace, stmt, LOST_ts_ns, &loss->ts_ns);
	if (!err)
		err = u64_column(trace, stmt, LOST_count, &loss->count);
	if (!err)
		err = trace_u32(trace, stmt, LOST_class, &loss->class_type);
	if (!err && has(stmt, LOST_lost_cpu))
		err = trace_u32(trace, stmt, LOST_lost_cpu, &loss->cpu);
	return err;
}

static int load_table(struct begat_trace *trace, enum schema_table table, const char *tail,
		      int (*each)(struct begat_trace *, sqlite3_stmt *))
{
	char sql[2048];

	snprintf(sql, sizeof(sql), "SELECT %s FROM %s %s", schema_tables[table].columns,
		 schema_tables[table].name, tail);
	return for_each_row(trace, sql, each);
}

static int load_all(struct begat_trace *trace)
{
	struct loaded *l = trace->loaded;
	struct begat_trace_info info = { .size = sizeof(info) };
	int err = begat_trace_info(trace, &info);

	if (!err)
		err = contexts_load(trace);
	if (!err)
		err = load_table(trace, TABLE_STRING, "ORDER BY id", load_text);
	if (!err)
		err = load_contexts(trace);
	if (!err)
		err = load_table(trace, TABLE_PROCESS, "ORDER BY row", load_process);
	if (!err)
		err = load_table(trace, TABLE_EXEC, "ORDER BY n", load_exec);
	if (!err)
		err = load_table(trace, TABLE_LOST, "ORDER BY n", load_loss);
	if (err < 0)
		return err;
	err = load_usage(trace);
	if (err < 0)
		return err;
	l->table.losses = l->losses;
	l->table.losses_count = l->losses_count;
	l->table.first_ns = info.first_ns;
	l->table.last_ns = info.last_ns;
	l->table.realtime_offset_ns = info.realtime_offset_ns;
	if (!info.first_ns) /* nothing happened; it was recorded at some time nonetheless */
		l->table.first_ns = l->table.last_ns =
			(uint64_t)trace_meta_number(trace, "created_ns") - info.realtime_offset_ns;
	if (l->table.usage_end_ns > l->table.last_ns)
		l->table.last_ns = l->table.usage_end_ns;
	return link_loaded(l) < 0 ? trace_fail_sqlite(trace, SQLITE_NOMEM) : 0;
}

BEGAT_API int begat_trace_load(struct begat_trace *trace,
			       const struct begat_trace_table **ret_table)
{
	int err;

	trace->error[0] = '\0';
	if (!trace->loaded) {
		trace->loaded = calloc(1, sizeof(*trace->loaded));
		if (!trace->loaded)
			return trace_fail_sqlite(trace, SQLITE_NOMEM);
		trace->free_loaded = loaded_free;
		err = load_all(trace);
		if (err < 0) {
			loaded_free(trace->loaded);
			trace->loaded = NULL;
			return err;
		}
	}
	*ret_table = &trace->loaded->table;
	return 0;
}

void loaded_free(struct loaded *l)
{
	if (!l)
		return;
	bytes_done(&l->bytes);
	bytes_done(&l->scratch);
	free(l->texts);
	for (uint32_t i = 0; l->vectors && i < l->texts_count; i++)
		free(l->vectors[i].data);
	free(l->vectors);
	free(l->contexts);
	free(l->losses);
	free(l->processes);
	free(l->execs);
	free(l->final_processes);
	free(l->final_execs);
	free(l->by_id);
	free(l);
}
