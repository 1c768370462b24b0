/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/meta_read.c - the table meta in memory: what a recording says of itself.
 *
 * Owns:    begat_trace_meta().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "store/read/reader.h"

#define META_VALUE_MAX (1 << 20)

/* Invariant: a line that counts has both texts. */
int trace_add_meta(struct begat_trace *trace, const char *name, const char *value)
{
	struct meta_line line = { .name = strdup(name), .value = strdup(value) };

	if (!line.name || !line.value) {
		free(line.name);
		free(line.value);
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	}
	trace->meta[trace->meta_count++] = line;
	return 0;
}

int meta_read(struct begat_trace *trace)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, "SELECT name, value FROM meta LIMIT 1000", &stmt);
	int rc = SQLITE_DONE;

	if (!err)
		trace->meta = calloc(READER_META_MAX, sizeof(*trace->meta));
	if (!err && !trace->meta)
		err = trace_fail_sqlite(trace, SQLITE_NOMEM);
	while (!err && trace->meta_count < READER_META_MAX &&
	       (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name, *value;
		size_t name_len, value_len;

		err = trace_bytes(trace, stmt, 0, &name, &name_len);
		if (!err)
			err = trace_bytes(trace, stmt, 1, &value, &value_len);
		if (!err && sqlite3_column_type(stmt, 0) == SQLITE_TEXT &&
		    sqlite3_column_type(stmt, 1) != SQLITE_NULL &&
		    sqlite3_column_type(stmt, 1) != SQLITE_BLOB && value_len <= META_VALUE_MAX)
			err = trace_add_meta(trace, name, value);
	}
	if (!err && rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

BEGAT_API const char *begat_trace_meta(const struct begat_trace *trace, const char *name)
{
	for (size_t i = 0; i < trace->meta_count; i++)
		if (!strcmp(trace->meta[i].name, name))
			return trace->meta[i].value;
	return NULL;
}

int64_t trace_meta_number(const struct begat_trace *trace, const char *name)
{
	const char *text = begat_trace_meta(trace, name);

	return text ? strtoll(text, NULL, 10) : 0;
}
