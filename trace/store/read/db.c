/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/db.c - cells of an open recording, and what is said when one is wrong.
 *
 * Owns:    the sentence of a failure, statements, integers and bytes of the current row.
 * Not:     opening (reader.c), what rows mean.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/read/reader.h"

_Static_assert((int)PROCESS_COLUMNS <= 64 && (int)EXEC_COLUMNS <= 64,
	       "columns are bits of one word");

int trace_fail(struct begat_trace *trace, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(trace->error, sizeof(trace->error), format, args);
	va_end(args);
	return -err;
}

int trace_fail_sqlite(struct begat_trace *trace, int rc)
{
	const char *message = trace->db ? sqlite3_errmsg(trace->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return trace_fail(trace, ENOMEM, "not enough memory to read %s", trace->path);
	case SQLITE_NOTADB:
		return trace_fail(trace, EBADMSG,
				  "%s is no recording: it is not an SQLite database; name a file "
				  "that 'begat record' has written",
				  trace->path);
	case SQLITE_CORRUPT:
		return trace_fail(trace, EBADMSG,
				  "%s is damaged or cut short: copy it again or record again",
				  trace->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return trace_fail(trace, EBUSY,
				  "another program keeps %s locked: close it and try again",
				  trace->path);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return trace_fail(trace, EACCES,
				  "cannot open %s: the recording has not ended, so its folder must "
				  "be writable; copy it together with %s-wal to one that is",
				  trace->path, trace->path);
	case SQLITE_ERROR:
		/* The schema is checked before: a column is missing, or a table is a view. */
		return trace_fail(trace, EBADMSG, "%s is no recording of begat: %s", trace->path,
				  message);
	default:
		return trace_fail(trace, EIO, "cannot read %s: %s", trace->path, message);
	}
}

int trace_prepare(struct begat_trace *trace, const char *sql, sqlite3_stmt **ret_stmt)
{
	int rc;

	if (!trace->db)
		return trace_fail(trace, ENOTSUP, "%s are in no file: record them to have that",
				  trace->path);
	rc = sqlite3_prepare_v2(trace->db, sql, -1, ret_stmt, NULL);

	return rc == SQLITE_OK ? 0 : trace_fail_sqlite(trace, rc);
}

static bool has_column(struct begat_trace *trace, const struct schema_table_info *table, int column)
{
	return column < table->first ||
	       sqlite3_table_column_metadata(trace->db, "main", table->name, table->names[column],
					     NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

int trace_prepare_columns(struct begat_trace *trace, const struct schema_table_info *table,
			  uint64_t wanted, const char *tail, sqlite3_stmt **ret_stmt)
{
	char sql[4096];
	size_t used = (size_t)snprintf(sql, sizeof(sql), "SELECT ");

	for (int i = 0; i < table->count && used < sizeof(sql); i++)
		used += (size_t)snprintf(
			sql + used, sizeof(sql) - used, "%s%s", i ? ", " : "",
			wanted >> i & 1 && has_column(trace, table, i) ? table->names[i] : "NULL");
	if (used < sizeof(sql))
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, " FROM %s %s", table->name,
					 tail);
	return used < sizeof(sql)
		       ? trace_prepare(trace, sql, ret_stmt)
		       : trace_fail(trace, E2BIG, "%s has too many columns", table->name);
}

int trace_prepare_rows(struct begat_trace *trace, const struct schema_table_info *table,
		       const char *tail, sqlite3_stmt **ret_stmt)
{
	return trace_prepare_columns(trace, table, UINT64_MAX, tail, ret_stmt);
}

int trace_bytes(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char **ret_data,
		size_t *ret_len)
{
	int type = sqlite3_column_type(stmt, column);
	const char *data = type == SQLITE_NULL	 ? NULL
			   : type == SQLITE_BLOB ? sqlite3_column_blob(stmt, column)
						 : (const char *)sqlite3_column_text(stmt, column);
	int len = sqlite3_column_bytes(stmt, column);

	/* An empty blob has no address either. */
	if (!data && type != SQLITE_NULL && (type != SQLITE_BLOB || len))
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	*ret_data = data ? data : "";
	*ret_len = (size_t)len;
	return 0;
}

static const char *type_name(int type)
{
	switch (type) {
	case SQLITE_INTEGER:
		return "an integer";
	case SQLITE_FLOAT:
		return "a fraction";
	case SQLITE_TEXT:
		return "text";
	case SQLITE_BLOB:
		return "bytes";
	default:
		return "nothing";
	}
}

int trace_fail_cell(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char *why)
{
	const char *name = sqlite3_column_name(stmt, column);

	return trace_fail(trace, EBADMSG,
			  "%s is damaged: column %s of row %lld holds %s (%s); record again",
			  trace->path, name ? name : "?", (long long)sqlite3_column_int64(stmt, 0),
			  type_name(sqlite3_column_type(stmt, column)), why);
}

/* One look at the cell: the functions on a column find it again each time. */
int trace_int(struct begat_trace *trace, sqlite3_stmt *stmt, int column, int64_t *ret,
	      bool *ret_is_null)
{
	sqlite3_value *value = sqlite3_column_value(stmt, column);
	int type = sqlite3_value_type(value);

	if (ret_is_null)
		*ret_is_null = type == SQLITE_NULL;
	if (type == SQLITE_NULL) {
		if (!ret_is_null)
			*ret = 0;
		return 0;
	}
	if (type != SQLITE_INTEGER)
		return trace_fail_cell(trace, stmt, column, "an integer belongs there");
	*ret = sqlite3_value_int64(value);
	return 0;
}

int trace_u32(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	int64_t value = 0;
	int err = trace_int(trace, stmt, column, &value, NULL);

	if (err < 0)
		return err;
	if (value < 0 || value > UINT32_MAX)
		return trace_fail_cell(trace, stmt, column, "out of range");
	*ret = (uint32_t)value;
	return 0;
}

int trace_scalar(struct begat_trace *trace, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, sql, &stmt);
	int rc;

	if (err < 0)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}
