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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/array.h"
#include "model/load.h"

/* Runs @each for every row of @stmt, which is finalized; @err is of preparing it. */
static int for_each_row(struct load *load, int err, sqlite3_stmt *stmt,
			int (*each)(struct load *load, sqlite3_stmt *stmt))
{
	struct begat_trace *trace = load->trace;
	int rc = SQLITE_DONE;

	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		err = each(load, stmt);
		trace_progress(trace, ++load->rows_read, load->rows_total);
	}
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

/* A cell is absent, which is not 0. */
#define IS_ABSENT 1

/* 0, IS_ABSENT, or a negative errno. */
static int text_row(struct load *load, sqlite3_stmt *stmt, int column, struct load_text **ret)
{
	bool is_null;
	int64_t id;
	int err = trace_int(load->trace, stmt, column, &id, &is_null);

	if (err < 0 || is_null)
		return err < 0 ? err : IS_ABSENT;
	*ret = load_find_text(load, id);
	return *ret ? 0 : trace_fail_cell(load->trace, stmt, column, "there is no such string");
}

static int context_index(struct load *load, sqlite3_stmt *stmt, int column, int64_t id,
			 uint32_t *ret)
{
	const struct reader_context *found = contexts_find(load->trace, id);

	if (!found)
		return trace_fail_cell(load->trace, stmt, column, "there is no such context");
	*ret = (uint32_t)(found - load->trace->contexts);
	return 0;
}

enum cell_kind { CELL_U64, CELL_U32, CELL_I32, CELL_TEXT, CELL_STRINGS, CELL_CONTEXT };

/* Where in a struct a column goes. */
struct cell {
	uint8_t column, kind; /* enum cell_kind */
	uint16_t to;
};

#define CELL(column, kind, type, member)                    \
	{                                                   \
		column, CELL_##kind, offsetof(type, member) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 0, IS_ABSENT, then @to is untouched, or a negative errno. */
static int load_cell(struct load *load, sqlite3_stmt *stmt, const struct cell *cell, void *to)
{
	struct load_text *text;
	int64_t value = 0;
	bool is_null;
	int err;

	if (cell->kind == CELL_TEXT || cell->kind == CELL_STRINGS) {
		err = text_row(load, stmt, cell->column, &text);
		if (err)
			return err;
		return cell->kind == CELL_TEXT ? load_number_of_text(load, text, to)
					       : load_number_of_strings(load, text, to);
	}
	err = trace_int(load->trace, stmt, cell->column, &value, &is_null);
	if (err < 0 || is_null)
		return err < 0 ? err : IS_ABSENT;
	if (cell->kind == CELL_CONTEXT)
		return context_index(load, stmt, cell->column, value, to);
	if ((cell->kind == CELL_U32 && (value < 0 || value > UINT32_MAX)) ||
	    (cell->kind == CELL_I32 && (value < INT32_MIN || value > INT32_MAX)))
		return trace_fail_cell(load->trace, stmt, cell->column, "out of range");
	if (cell->kind == CELL_U64)
		*(uint64_t *)to = (uint64_t)value;
	else
		*(uint32_t *)to = (uint32_t)value;
	return 0;
}

/* @present gets the bit of each column that is not absent. */
static int load_cells(struct load *load, sqlite3_stmt *stmt, const struct cell *cells, size_t count,
		      void *to, uint64_t *present)
{
	int err = 0;

	for (size_t i = 0; i < count && err >= 0; i++) {
		err = load_cell(load, stmt, &cells[i], (char *)to + cells[i].to);
		*present |= (uint64_t)!err << cells[i].column;
	}
	return err < 0 ? err : 0;
}

static uint64_t columns_of(const struct cell *cells, size_t count)
{
	uint64_t columns = 0;

	for (size_t i = 0; i < count; i++)
		columns |= 1ull << cells[i].column;
	return columns;
}

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

/* A row of process, and what is not a member of the model. */
struct process_row {
	struct model_row row;
	uint64_t duration_ns;
};

#define PROCESS_CELL(column, kind, member) \
	CELL(PROCESS_##column, kind, struct process_row, row.p.member)

static const struct cell fork_cells[] = {
	PROCESS_CELL(id, U64, id),
	PROCESS_CELL(parent_id, U64, parent_id),
	PROCESS_CELL(pid, U32, tgid),
	PROCESS_CELL(ppid, U32, parent_tgid),
	PROCESS_CELL(fork_n, U64, fork_n),
	PROCESS_CELL(fork_ts_ns, U64, start_ns),
	PROCESS_CELL(forked_by_id, U64, forked_by_id),
	PROCESS_CELL(forked_by_pid, U32, forked_by_tgid),
	PROCESS_CELL(fork_comm, TEXT, comm),
	PROCESS_CELL(fork_context, CONTEXT, context),
	PROCESS_CELL(exit_n, U64, exit_n),
};

static const struct cell exit_cells[] = {
	PROCESS_CELL(exit_ts_ns, U64, end_ns),
	PROCESS_CELL(utime_ns, U64, utime_ns),
	PROCESS_CELL(stime_ns, U64, stime_ns),
	PROCESS_CELL(max_rss_bytes, U64, max_rss_bytes),
	PROCESS_CELL(read_bytes, U64, read_bytes),
	PROCESS_CELL(write_bytes, U64, write_bytes),
	PROCESS_CELL(minor_faults, U64, minor_faults),
	PROCESS_CELL(major_faults, U64, major_faults),
	PROCESS_CELL(voluntary_switches, U64, voluntary_switches),
	PROCESS_CELL(involuntary_switches, U64, involuntary_switches),
	PROCESS_CELL(children_utime_ns, U64, children_utime_ns),
	PROCESS_CELL(children_stime_ns, U64, children_stime_ns),
	PROCESS_CELL(children_max_rss_bytes, U64, children_max_rss_bytes),
	PROCESS_CELL(exit_code, I32, exit_code),
	PROCESS_CELL(signal, I32, signal),
	PROCESS_CELL(killed_by_id, U64, killed_by_id),
	PROCESS_CELL(killed_by_pid, U32, killed_by_tgid),
	PROCESS_CELL(killed_by_comm, TEXT, killed_by_comm),
	PROCESS_CELL(exit_comm, TEXT, comm),
	PROCESS_CELL(exe, TEXT, exe),
	PROCESS_CELL(argv, STRINGS, argv),
	CELL(PROCESS_duration_ns, U64, struct process_row, duration_ns),
	PROCESS_CELL(exit_context, CONTEXT, context),
};

/* Texts of an exit that has none are not those of the fork. */
static int load_exit(struct load *load, sqlite3_stmt *stmt, struct process_row *r)
{
	struct begat_trace_process *p = &r->row.p;
	uint64_t present = 0;
	int err;

	p->comm = 0;
	err = load_cells(load, stmt, exit_cells, COUNT(exit_cells), r, &present);
	if (err < 0)
		return err;
	p->has_exit = true;
	p->has_cpu = present >> PROCESS_utime_ns & 1;
	p->has_rss = present >> PROCESS_max_rss_bytes & 1;
	p->has_io = present >> PROCESS_read_bytes & 1;
	p->has_faults = present >> PROCESS_minor_faults & 1;
	p->has_status = present >> PROCESS_exit_code & 1 || present >> PROCESS_signal & 1;
	if (present >> PROCESS_exit_context & 1) {
		uint32_t flags = load->trace->contexts[p->context].flags;

		p->core_dumped = flags & SCHEMA_CORE_DUMPED;
		p->killed_by_oom = flags & SCHEMA_KILLED_BY_OOM;
	}
	if (present >> PROCESS_duration_ns & 1 && r->duration_ns <= p->end_ns)
		r->row.start_by_duration_ns = p->end_ns - r->duration_ns;
	return 0;
}

static int load_process(struct load *load, sqlite3_stmt *stmt)
{
	struct process_row r = { .row.p.context = BEGAT_TRACE_NONE };
	uint64_t present = 0;
	int err = load_check_count(load, load->rows_count);
	uint32_t index;

	if (!err)
		err = load_cells(load, stmt, fork_cells, COUNT(fork_cells), &r, &present);
	r.row.p.has_fork = r.row.p.fork_n != 0;
	/* A row without an exit has no number of it. */
	if (!err && r.row.p.exit_n)
		err = load_exit(load, stmt, &r);
	if (err < 0)
		return err;
	if (array_grow(&load->rows, load->rows_count, &load->rows_room, sizeof(*load->rows)) < 0 ||
	    model_add_row(load->model, &r.row, &index) < 0)
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

#define EXEC_CELL(column, kind, member) CELL(EXEC_##column, kind, struct begat_trace_exec, member)

static const struct cell exec_cells[] = {
	EXEC_CELL(n, U64, n),
	EXEC_CELL(ts_ns, U64, ts_ns),
	EXEC_CELL(fork_to_exec_ns, U64, fork_to_exec_ns),
	EXEC_CELL(exec_ns, U64, exec_ns),
	EXEC_CELL(argv_bytes, U64, argv_bytes),
	EXEC_CELL(event, U32, type),
	EXEC_CELL(cpu, U32, cpu),
	EXEC_CELL(argc, U32, argc),
	EXEC_CELL(repeats, U32, repeats),
	EXEC_CELL(comm, TEXT, comm),
	EXEC_CELL(filename, TEXT, filename),
	EXEC_CELL(exe, TEXT, exe),
	EXEC_CELL(interpreter, TEXT, interpreter),
	EXEC_CELL(cwd, TEXT, cwd),
	EXEC_CELL(argv, STRINGS, argv),
	EXEC_CELL(env, STRINGS, env),
	EXEC_CELL(errno_number, I32, error),
	EXEC_CELL(context, CONTEXT, context),
};

/* What was left out where argv tells. */
static void complete_argv(const struct load *load, uint64_t present, struct begat_trace_exec *e)
{
	struct begat_strv argv = model_strings(load->model, e->argv);

	if (!(present >> EXEC_argc & 1))
		e->argc = argv.count;
	if (!(present >> EXEC_argv_bytes & 1))
		e->argv_bytes = argv.bytes;
}

static int load_exec(struct load *load, sqlite3_stmt *stmt)
{
	struct begat_trace_exec e = { .context = BEGAT_TRACE_NONE };
	uint64_t present = 0;
	bool is_null;
	int64_t row = 0;
	int err = load_check_count(load, load->model->execs_count);

	if (!err)
		err = trace_int(load->trace, stmt, EXEC_process, &row, &is_null);
	/* Of no process that is known: part of the stream, but of no life. */
	if (err < 0 || is_null)
		return err;
	err = load_cells(load, stmt, exec_cells, COUNT(exec_cells), &e, &present);
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
		complete_argv(load, present, &e);
	e.process = find_row(load, row);
	if (e.process == BEGAT_TRACE_NONE)
		return 0;
	return model_add_exec(load->model, &e) < 0 ? load_fail_memory(load) : 0;
}

#define LOST_CELL(column, kind, member) CELL(LOST_##column, kind, struct begat_trace_loss, member)

static const struct cell lost_cells[] = {
	LOST_CELL(n, U64, n),	       LOST_CELL(ts_ns, U64, ts_ns),
	LOST_CELL(count, U64, count),  LOST_CELL(class, U32, class_type),
	LOST_CELL(lost_cpu, U32, cpu),
};

static int load_loss(struct load *load, sqlite3_stmt *stmt)
{
	struct begat_trace_loss loss = { .cpu = BEGAT_TRACE_NONE };
	uint64_t present = 0;
	int err = load_cells(load, stmt, lost_cells, COUNT(lost_cells), &loss, &present);

	if (err < 0)
		return err;
	return model_add_loss(load->model, &loss) < 0 ? load_fail_memory(load) : 0;
}

/* A recording of an older version has no such table: then only exits tell, and all they tell. */
static int load_usage(struct load *load, sqlite3_stmt *stmt)
{
	int64_t row, value[4];
	bool is_absent[4];
	int err = trace_int(load->trace, stmt, 0, &row, NULL);
	uint32_t index = err ? BEGAT_TRACE_NONE : find_row(load, row);
	struct model_usage usage = { 0 };

	for (int i = 0; i < 4 && !err; i++)
		err = trace_int(load->trace, stmt, i + 1, &value[i], &is_absent[i]);
	if (err < 0 || index == BEGAT_TRACE_NONE)
		return err;
	if (!is_absent[0] && !is_absent[1]) {
		usage.before_utime_ns = (uint64_t)value[0];
		usage.before_stime_ns = (uint64_t)value[1];
		load->model->rows[index].p.has_cpu_before = true;
	}
	if (!is_absent[2] && !is_absent[3]) {
		usage.until_utime_ns = (uint64_t)value[2];
		usage.until_stime_ns = (uint64_t)value[3];
		usage.has_until = true;
	}
	return model_add_usage(load->model, index, &usage) < 0 ? load_fail_memory(load) : 0;
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

static int load_table(struct load *load, enum schema_table table, uint64_t columns,
		      const char *tail, int (*each)(struct load *, sqlite3_stmt *))
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare_columns(load->trace, &schema_tables[table], columns, tail, &stmt);

	return for_each_row(load, err, stmt, each);
}

static int load_all(struct load *load)
{
	struct begat_trace *trace = load->trace;
	struct begat_trace_table *table = &load->model->table;
	struct begat_trace_info info = { .size = sizeof(info) };
	int64_t strings = 0;
	int err = begat_trace_info(trace, &info);

	if (!err && trace->progress)
		err = trace_scalar(trace, "SELECT coalesce(max(id), 0) FROM string", &strings);
	load->rows_total = info.processes + info.execs + (uint64_t)strings;
	if (!err)
		err = load_table(load, TABLE_STRING, UINT64_MAX, "ORDER BY id", load_text);
	if (!err)
		err = load_contexts(load);
	if (!err)
		err = load_table(load, TABLE_PROCESS,
				 1ull << PROCESS_row | columns_of(fork_cells, COUNT(fork_cells)) |
					 columns_of(exit_cells, COUNT(exit_cells)),
				 "ORDER BY row", load_process);
	if (!err)
		err = load_table(load, TABLE_EXEC,
				 1ull << EXEC_process | columns_of(exec_cells, COUNT(exec_cells)),
				 "ORDER BY n", load_exec);
	if (!err)
		err = load_table(load, TABLE_LOST, columns_of(lost_cells, COUNT(lost_cells)),
				 "ORDER BY n", load_loss);
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

bool model_is_loaded(const struct begat_trace *trace)
{
	return trace->model;
}

void model_unload(struct begat_trace *trace)
{
	if (!trace->db)
		return;
	model_free(trace->model);
	trace->model = NULL;
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
