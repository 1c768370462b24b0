/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/reader.h - the inside of an open recording.
 *
 * Owns:    struct begat_trace, shared by all that read; a room above keeps what it made in `model`.
 *
 * Invariant: nothing in the file is trusted: types, ranges, references, order are checked where
 * they are read; what fails is a sentence that names table and row.
 */
#ifndef BEGAT_TRACE_STORE_READ_READER_H
#define BEGAT_TRACE_STORE_READ_READER_H

#include <begat/trace.h>
#include <sqlite3.h>

#include "store/format/schema.h"
#include "store/format/slots.h"

#define READER_META_MAX 1000 /* lines of meta; a recording of ours has about 25 */

struct meta_line {
	char *name, *value;
};

struct text_cache; /* string_read.c */
struct model;
struct names; /* accounts_read.c */

/* A row of the table context. */
struct reader_context {
	int64_t id;
	struct begat_trace_context values; /* its texts as numbers of the table string, cut */
	int64_t tty, cgroup, container_id, container_runtime, pod_uid; /* in the table string */
	uint32_t flags;
};

struct begat_trace {
	char *path;
	sqlite3 *db;
	struct meta_line *meta;
	size_t meta_count;
	int64_t realtime_offset_ns;
	bool has_info;
	struct begat_trace_info info;
	struct begat_event summary_event;

	sqlite3_stmt *text; /* SELECT text FROM string WHERE id = ? */
	struct text_cache *texts;
	struct reader_context *contexts; /* by id; NULL until needed */
	uint32_t contexts_count;
	struct model *model; /* of trace/model: NULL until begat_trace_load() */
	void (*free_model)(struct model *model);
	struct names *names; /* NULL until begat_trace_accounts() */

	void (*progress)(uint64_t done, uint64_t total, void *ctx); /* NULL = nobody asks */
	void *progress_ctx;

	char error[512];
};

#define READER_PROGRESS_ROWS 4096

/* @done of @total rows have been read. To be called for each; it tells now and then, and of the last. */
static inline void trace_progress(const struct begat_trace *trace, uint64_t done, uint64_t total)
{
	if (trace->progress && (done % READER_PROGRESS_ROWS == 0 || done == total))
		trace->progress(done, total, trace->progress_ctx);
}

/* db.c: set the sentence; return -@err. */
int trace_fail(struct begat_trace *trace, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Maps an SQLite code, SQLITE_NOMEM and so on; returns the negative errno. */
int trace_fail_sqlite(struct begat_trace *trace, int rc);
int trace_prepare(struct begat_trace *trace, const char *sql, sqlite3_stmt **ret_stmt);
/*
 * All columns of @table, in their order; @tail: WHERE, ORDER BY. What an older begat did not have is
 * NULL, which means absent.
 */
int trace_prepare_rows(struct begat_trace *trace, const struct schema_table_info *table,
		       const char *tail, sqlite3_stmt **ret_stmt);
/* The same with NULL for each column whose bit in @wanted is not set: a column costs time. */
int trace_prepare_columns(struct begat_trace *trace, const struct schema_table_info *table,
			  uint64_t wanted, const char *tail, sqlite3_stmt **ret_stmt);

/* The first column of the first row of @sql, which has one. 0 or a negative errno. */
int trace_scalar(struct begat_trace *trace, const char *sql, int64_t *ret);

/* meta_read.c: reads the table; 0 or a negative errno. */
int meta_read(struct begat_trace *trace);
/* meta_read.c: a line of meta as a number, 0 if there is none. */
int64_t trace_meta_number(const struct begat_trace *trace, const char *name);

/*
 * Text or bytes of a column; NULL is "". They live until the statement steps. SQLite gives no address
 * without memory too: that is -ENOMEM here. 0 or a negative errno.
 */
int trace_bytes(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char **ret_data,
		size_t *ret_len);

/* One more line of begat_trace_meta(); at most READER_META_MAX. 0 or -ENOMEM. */
int trace_add_meta(struct begat_trace *trace, const char *name, const char *value);

/* "table exec, row 17: column argc holds text where a number belongs" */
int trace_fail_cell(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char *why);

/*
 * An integer of the current row. NULL leaves *ret and sets *ret_is_null (which may be NULL: then
 * NULL reads as 0). Returns 0 or -EBADMSG, with a sentence.
 */
int trace_int(struct begat_trace *trace, sqlite3_stmt *stmt, int column, int64_t *ret,
	      bool *ret_is_null);
int trace_u32(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *ret);

/* string_read.c: texts by their number, copied to memory that texts_reset() gives free. */
int texts_new(struct text_cache **ret_cache);
void texts_free(struct text_cache *cache);
void texts_reset(struct text_cache *cache);
int texts_str(struct begat_trace *trace, int64_t number, struct begat_str *ret);
int texts_strv(struct begat_trace *trace, int64_t number, struct begat_strv *ret);
/* A copy of any bytes there. */
int texts_keep(struct begat_trace *trace, const char *data, size_t len, struct begat_str *ret);

/* context_read.c: reads the table once. 0 or a negative errno. */
int contexts_load(struct begat_trace *trace);
/* NULL if there is no such context. */
const struct reader_context *contexts_find(const struct begat_trace *trace, int64_t id);

/* event_from_row.c: the columns that the next function reads; a bit each. */
uint64_t event_columns(enum slot_form form);
/*
 * event_from_row.c: the event of the current row of @stmt, which selects the columns of the form's
 * table in their order. @type: for FORM_EXEC what the row says is used. Pointers live until the
 * next texts_reset(); @pids: SLOT_PIDS_MAX numbers.
 */
int event_from_row(struct begat_trace *trace, sqlite3_stmt *stmt, enum slot_form form,
		   const struct slot_owner *owner, uint32_t *pids, struct begat_event *ret_ev);

/* accounts_read.c */
void names_free(struct names *names);

#endif
