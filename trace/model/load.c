/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load.c - the model of a recording.
 *
 * Owns:    begat_trace_load(): rows and texts of the file become those of a model.
 * Not:     texts (load_text.c), parents and children (link.c), exact events (replay.c).
 *
 * Invariant: rows of one id are one process, however many the writer needed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/array.h"
#include "model/load.h"

/* Runs @each for every row of @sql. */
/* @err: of preparing @stmt, which is finalized. */
static int for_each_row(struct load *load, int err, sqlite3_stmt *stmt,
			int (*each)(struct load *load, sqlite3_stmt *stmt))
{
	struct begat_trace *trace = load->trace;
	int rc = SQLITE_DONE;

	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = each(load, stmt);
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

static int text_row(struct load *load, sqlite3_stmt *stmt, int column, struct load_text **ret)
{
	bool is_null;
	int64_t id;
	int err = trace_int(load->trace, stmt, column, &id, &is_null);

	*ret = err < 0 || is_null ? NULL : load_find_text(load, id);
	if (!err && !is_null && !*ret)
		return trace_fail_cell(load->trace, stmt, column, "there is no such string");
	return err;
}

static int text_column(struct load *load, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	struct load_text *text;
	int err = text_row(load, stmt, column, &text);

	*ret = 0;
	return text ? load_number_of_text(load, text, ret) : err;
}

static int strings_column(struct load *load, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	struct load_text *text;
	int err = text_row(load, stmt, column, &text);

	*ret = 0;
	return text ? load_number_of_strings(load, text, ret) : err;
}

static bool has(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) != SQLITE_NULL;
}

/* Index of a context; without one *ret stays. */
static int context_column(struct load *load, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	const struct reader_context *found;
	bool is_null;
	int64_t id;
	int err = trace_int(load->trace, stmt, column, &id, &is_null);

	if (err < 0 || is_null)
		return err;
	found = contexts_find(load->trace, id);
	if (!found)
		return trace_fail_cell(load->trace, stmt, column, "there is no such context");
	*ret = (uint32_t)(found - load->trace->contexts);
	return 0;
}

enum cell_kind { CELL_U64, CELL_U32, CELL_I32, CELL_TEXT, CELL_STRINGS, CELL_CONTEXT };

/* Where a column goes. */
struct cell {
	int column;
	enum cell_kind kind;
	void *to;
};

static int load_cell(struct load *load, sqlite3_stmt *stmt, const struct cell *cell)
{
	int64_t value = 0;
	int err;

	switch (cell->kind) {
	case CELL_U32:
		return trace_u32(load->trace, stmt, cell->column, cell->to);
	case CELL_TEXT:
		return text_column(load, stmt, cell->column, cell->to);
	case CELL_STRINGS:
		return strings_column(load, stmt, cell->column, cell->to);
	case CELL_CONTEXT:
		return context_column(load, stmt, cell->column, cell->to);
	default:
		err = trace_int(load->trace, stmt, cell->column, &value, NULL);
	}
	if (!err && cell->kind == CELL_I32 && (value < INT32_MIN || value > INT32_MAX))
		return trace_fail_cell(load->trace, stmt, cell->column, "out of range");
	if (cell->kind == CELL_I32)
		*(int32_t *)cell->to = (int32_t)value;
	else
		*(uint64_t *)cell->to = (uint64_t)value;
	return err;
}

static int load_cells(struct load *load, sqlite3_stmt *stmt, const struct cell *cells, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = load_cell(load, stmt, &cells[i]);
	return err;
}

#define LOAD_CELLS(load, stmt, cells) \
	load_cells(load, stmt, cells, sizeof(cells) / sizeof((cells)[0]))

static int load_contexts(struct load *load)
{
	struct begat_trace *trace = load->trace;
	int err = contexts_load(trace);

	for (size_t i = 0; i < trace->contexts_count && !err; i++) {
		const struct reader_context *c = &trace->contexts[i];
		struct begat_trace_context values = c->values;
		const struct {
			int64_t id;
			uint32_t *to;
		} texts[] = { { c->tty, &values.tty },
			      { c->cgroup, &values.cgroup },
			      { c->container_id, &values.container_id },
			      { c->container_runtime, &values.container_runtime },
			      { c->pod_uid, &values.pod_uid } };
		uint32_t index;

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]) && !err; k++) {
			struct load_text *text = load_find_text(load, texts[k].id);

			*texts[k].to = 0;
			err = text ? load_number_of_text(load, text, texts[k].to) : 0;
		}
		if (!err && model_add_context(load->model, &values, &index) < 0)
			err = load_fail_memory(load);
	}
	return err;
}

static int load_exit(struct load *load, sqlite3_stmt *stmt, struct model_row *row)
{
	struct begat_trace_process *p = &row->p;
	const struct reader_context *context;
	uint64_t duration = 0, context_id = 0;
	const struct cell cells[] = {
		{ PROCESS_exit_ts_ns, CELL_U64, &p->end_ns },
		{ PROCESS_utime_ns, CELL_U64, &p->utime_ns },
		{ PROCESS_stime_ns, CELL_U64, &p->stime_ns },
		{ PROCESS_max_rss_bytes, CELL_U64, &p->max_rss_bytes },
		{ PROCESS_read_bytes, CELL_U64, &p->read_bytes },
		{ PROCESS_write_bytes, CELL_U64, &p->write_bytes },
		{ PROCESS_minor_faults, CELL_U64, &p->minor_faults },
		{ PROCESS_major_faults, CELL_U64, &p->major_faults },
		{ PROCESS_voluntary_switches, CELL_U64, &p->voluntary_switches },
		{ PROCESS_involuntary_switches, CELL_U64, &p->involuntary_switches },
		{ PROCESS_children_utime_ns, CELL_U64, &p->children_utime_ns },
		{ PROCESS_children_stime_ns, CELL_U64, &p->children_stime_ns },
		{ PROCESS_children_max_rss_bytes, CELL_U64, &p->children_max_rss_bytes },
		{ PROCESS_exit_code, CELL_I32, &p->exit_code },
		{ PROCESS_signal, CELL_I32, &p->signal },
		{ PROCESS_killed_by_id, CELL_U64, &p->killed_by_id },
		{ PROCESS_killed_by_pid, CELL_U32, &p->killed_by_tgid },
		{ PROCESS_killed_by_comm, CELL_TEXT, &p->killed_by_comm },
		{ PROCESS_exit_comm, CELL_TEXT, &p->comm },
		{ PROCESS_exe, CELL_TEXT, &p->exe },
		{ PROCESS_argv, CELL_STRINGS, &p->argv },
		{ PROCESS_duration_ns, CELL_U64, &duration },
		{ PROCESS_exit_context, CELL_U64, &context_id },
		{ PROCESS_exit_context, CELL_CONTEXT, &p->context },
	};
	int err = LOAD_CELLS(load, stmt, cells);

	if (err < 0)
		return err;
	p->has_exit = true;
	p->has_cpu = has(stmt, PROCESS_utime_ns);
	p->has_rss = has(stmt, PROCESS_max_rss_bytes);
	p->has_io = has(stmt, PROCESS_read_bytes);
	p->has_faults = has(stmt, PROCESS_minor_faults);
	p->has_status = has(stmt, PROCESS_exit_code) || has(stmt, PROCESS_signal);
	context = contexts_find(load->trace, (int64_t)context_id);
	p->core_dumped = context && context->flags & SCHEMA_CORE_DUMPED;
	p->killed_by_oom = context && context->flags & SCHEMA_KILLED_BY_OOM;
	if (has(stmt, PROCESS_duration_ns) && duration <= p->end_ns)
		row->start_by_duration_ns = p->end_ns - duration;
	return 0;
}

static int load_process(struct load *load, sqlite3_stmt *stmt)
{
	struct model_row row = { .p = { .context = BEGAT_TRACE_NONE } };
	struct begat_trace_process *p = &row.p;
	const struct cell cells[] = {
		{ PROCESS_id, CELL_U64, &p->id },
		{ PROCESS_parent_id, CELL_U64, &p->parent_id },
		{ PROCESS_pid, CELL_U32, &p->tgid },
		{ PROCESS_ppid, CELL_U32, &p->parent_tgid },
		{ PROCESS_fork_n, CELL_U64, &p->fork_n },
		{ PROCESS_fork_ts_ns, CELL_U64, &p->start_ns },
		{ PROCESS_forked_by_id, CELL_U64, &p->forked_by_id },
		{ PROCESS_forked_by_pid, CELL_U32, &p->forked_by_tgid },
		{ PROCESS_fork_comm, CELL_TEXT, &p->comm },
		{ PROCESS_fork_context, CELL_CONTEXT, &p->context },
		{ PROCESS_exit_n, CELL_U64, &p->exit_n },
	};
	int err = load_check_count(load, load->rows_count);
	uint32_t index;

	if (!err)
		err = LOAD_CELLS(load, stmt, cells);
	p->has_fork = p->fork_n != 0;
	/* A row without an exit has no number of it. */
	if (!err && p->exit_n)
		err = load_exit(load, stmt, &row);
	if (err < 0)
		return err;
	if (array_grow(&load->rows, load->rows_count, &load->rows_room, sizeof(*load->rows)) < 0 ||
	    model_add_row(load->model, &row, &index) < 0)
		return load_fail_memory(load);
	load->rows[load->rows_count++] = sqlite3_column_int64(stmt, PROCESS_row);
	return 0;
}

/* Index of a row of the table process, or BEGAT_TRACE_NONE. */
static uint32_t find_row(const struct load *load, int64_t row)
{
	uint32_t low = 0, high = load->rows_count;

	/* Rows are 1, 2, 3 ... in a file of ours. */
	if (row > 0 && row <= high && load->rows[row - 1] == row)
		return (uint32_t)(row - 1);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (load->rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low < load->rows_count && load->rows[low] == row ? low : BEGAT_TRACE_NONE;
}

/* What was left out where argv tells. */
static void complete_argv(const struct load *load, sqlite3_stmt *stmt, struct begat_trace_exec *e)
{
	struct begat_strv argv = model_strings(load->model, e->argv);

	if (!has(stmt, EXEC_argc))
		e->argc = argv.count;
	if (!has(stmt, EXEC_argv_bytes))
		e->argv_bytes = argv.bytes;
}

static int load_exec(struct load *load, sqlite3_stmt *stmt)
{
	struct begat_trace_exec e = { .context = BEGAT_TRACE_NONE };
	const struct cell cells[] = {
		{ EXEC_n, CELL_U64, &e.n },
		{ EXEC_ts_ns, CELL_U64, &e.ts_ns },
		{ EXEC_fork_to_exec_ns, CELL_U64, &e.fork_to_exec_ns },
		{ EXEC_exec_ns, CELL_U64, &e.exec_ns },
		{ EXEC_argv_bytes, CELL_U64, &e.argv_bytes },
		{ EXEC_event, CELL_U32, &e.type },
		{ EXEC_cpu, CELL_U32, &e.cpu },
		{ EXEC_argc, CELL_U32, &e.argc },
		{ EXEC_repeats, CELL_U32, &e.repeats },
		{ EXEC_comm, CELL_TEXT, &e.comm },
		{ EXEC_filename, CELL_TEXT, &e.filename },
		{ EXEC_exe, CELL_TEXT, &e.exe },
		{ EXEC_interpreter, CELL_TEXT, &e.interpreter },
		{ EXEC_cwd, CELL_TEXT, &e.cwd },
		{ EXEC_argv, CELL_STRINGS, &e.argv },
		{ EXEC_env, CELL_STRINGS, &e.env },
		{ EXEC_errno_number, CELL_I32, &e.error },
		{ EXEC_context, CELL_CONTEXT, &e.context },
	};
	bool is_null;
	int64_t row = 0;
	int err = load_check_count(load, load->model->execs_count);

	if (!err)
		err = trace_int(load->trace, stmt, EXEC_process, &row, &is_null);
	/* Of no process that is known: part of the stream, but of no life. */
	if (err < 0 || is_null)
		return err;
	err = LOAD_CELLS(load, stmt, cells);
	if (err < 0)
		return err;
	if (e.type != BEGAT_EXEC && e.type != BEGAT_EXEC_FAILED && e.type != BEGAT_SNAPSHOT)
		return trace_fail_cell(load->trace, stmt, EXEC_event, "no such event");
	if (e.context != BEGAT_TRACE_NONE) {
		uint32_t flags = load->trace->contexts[e.context].flags;

		e.argv_truncated = flags & SCHEMA_ARGV_TRUNCATED;
		e.argv_rewritten = flags & SCHEMA_ARGV_REWRITTEN;
	}
	if (e.argv)
		complete_argv(load, stmt, &e);
	e.process = find_row(load, row);
	if (e.process == BEGAT_TRACE_NONE)
		return 0;
	return model_add_exec(load->model, &e) < 0 ? load_fail_memory(load) : 0;
}

static int load_loss(struct load *load, sqlite3_stmt *stmt)
{
	struct begat_trace_loss loss = { .cpu = BEGAT_TRACE_NONE };
	const struct cell cells[] = {
		{ LOST_n, CELL_U64, &loss.n },		{ LOST_ts_ns, CELL_U64, &loss.ts_ns },
		{ LOST_count, CELL_U64, &loss.count },	{ LOST_class, CELL_U32, &loss.class_type },
		{ LOST_lost_cpu, CELL_U32, &loss.cpu },
	};
	int err = LOAD_CELLS(load, stmt, cells);

	if (err < 0)
		return err;
	if (!has(stmt, LOST_lost_cpu))
		loss.cpu = BEGAT_TRACE_NONE;
	return model_add_loss(load->model, &loss) < 0 ? load_fail_memory(load) : 0;
}

/* A recording of an older version has no such table: then only exits tell, and all they tell. */
static int load_usage(struct load *load, sqlite3_stmt *stmt)
{
	int64_t row, value[4];
	bool is_absent[4];
	int err = trace_int(load->trace, stmt, 0, &row, NULL);
	uint32_t index = err ? BEGAT_TRACE_NONE : find_row(load, row);
	struct model_row *to;

	for (int i = 0; i < 4 && !err; i++)
		err = trace_int(load->trace, stmt, i + 1, &value[i], &is_absent[i]);
	if (err < 0 || index == BEGAT_TRACE_NONE)
		return err;
	to = &load->model->rows[index];
	if (!is_absent[0] && !is_absent[1]) {
		to->before_utime_ns = (uint64_t)value[0];
		to->before_stime_ns = (uint64_t)value[1];
		to->p.has_cpu_before = true;
	}
	if (!is_absent[2] && !is_absent[3]) {
		to->until_utime_ns = (uint64_t)value[2];
		to->until_stime_ns = (uint64_t)value[3];
		to->has_until = true;
	}
	return 0;
}

static int load_usages(struct load *load)
{
	struct begat_trace *trace = load->trace;
	struct begat_trace_table *table = &load->model->table;
	int64_t begin = trace_meta_number(trace, "machine_begin_ns");
	int64_t end = trace_meta_number(trace, "machine_end_ns"), has_table = 0;
	sqlite3_stmt *stmt = NULL;
	int err = trace_scalar(trace,
			       "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND "
			       "name = 'usage'",
			       &has_table);

	if (err < 0 || !has_table)
		return err;
	table->usage_begin_ns = (uint64_t)trace_meta_number(trace, "usage_begin_ns");
	table->usage_end_ns = (uint64_t)trace_meta_number(trace, "usage_end_ns");
	if (begin > 0 && end > begin)
		table->machine_cpu_ns = (uint64_t)(end - begin);
	err = trace_prepare(trace,
			    "SELECT process, before_utime_ns, before_stime_ns, utime_ns, stime_ns "
			    "FROM usage",
			    &stmt);
	return for_each_row(load, err, stmt, load_usage);
}

static int load_table(struct load *load, enum schema_table table, const char *tail,
		      int (*each)(struct load *, sqlite3_stmt *))
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare_rows(load->trace, &schema_tables[table], tail, &stmt);

	return for_each_row(load, err, stmt, each);
}

static int load_all(struct load *load)
{
	struct begat_trace *trace = load->trace;
	struct begat_trace_table *table = &load->model->table;
	struct begat_trace_info info = { .size = sizeof(info) };
	int err = begat_trace_info(trace, &info);

	if (!err)
		err = load_table(load, TABLE_STRING, "ORDER BY id", load_text);
	if (!err)
		err = load_contexts(load);
	if (!err)
		err = load_table(load, TABLE_PROCESS, "ORDER BY row", load_process);
	if (!err)
		err = load_table(load, TABLE_EXEC, "ORDER BY n", load_exec);
	if (!err)
		err = load_table(load, TABLE_LOST, "ORDER BY n", load_loss);
	if (!err)
		err = load_usages(load);
	if (err < 0)
		return err;
	table->first_ns = info.first_ns;
	table->last_ns = info.last_ns;
	table->realtime_offset_ns = info.realtime_offset_ns;
	if (!info.first_ns) /* nothing happened; it was recorded at some time nonetheless */
		table->first_ns = table->last_ns =
			(uint64_t)trace_meta_number(trace, "created_ns") - info.realtime_offset_ns;
	if (table->usage_end_ns > table->last_ns)
		table->last_ns = table->usage_end_ns;
	return 0;
}

int model_of_trace(struct begat_trace *trace, struct model **ret_model)
{
	struct load load = { .trace = trace };
	int err = 0;

	trace->error[0] = '\0';
	if (!trace->model) {
		load.model = model_new();
		err = load.model ? load_all(&load) : load_fail_memory(&load);
		/* What the file told is in the model now; linking needs the room. */
		bytes_done(&load.scratch);
		free(load.texts);
		free(load.rows);
		if (!err && model_link(load.model) < 0)
			err = load_fail_memory(&load);
		if (err < 0) {
			model_free(load.model);
			return err;
		}
		trace->model = load.model;
		trace->free_model = model_free;
	}
	*ret_model = trace->model;
	return 0;
}

BEGAT_API int begat_trace_load(struct begat_trace *trace,
			       const struct begat_trace_table **ret_table)
{
	struct model *model;
	int err = model_of_trace(trace, &model);

	if (!err)
		*ret_table = &model->table;
	return err;
}

BEGAT_API struct begat_str begat_trace_string(const struct begat_trace *trace, uint32_t string)
{
	return trace->model ? model_text(trace->model, string) : (struct begat_str){ .data = "" };
}

BEGAT_API struct begat_strv begat_trace_strings(const struct begat_trace *trace, uint32_t strings)
{
	return trace->model ? model_strings(trace->model, strings)
			    : (struct begat_strv){ .data = "" };
}

BEGAT_API uint32_t begat_trace_find(const struct begat_trace *trace, uint64_t id)
{
	return trace->model ? model_find(trace->model, id) : BEGAT_TRACE_NONE;
}

/* Lists are decoded when they are loaded, which has failed then. */
BEGAT_API int begat_trace_check(struct begat_trace *trace)
{
	return 0;
}
