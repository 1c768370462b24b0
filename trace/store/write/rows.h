/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/rows.h - rows in memory that SQLite reads as a table.
 *
 * Owns:    the rows of one table that are not yet written, and the virtual table rows_<table>
 *          over them. `INSERT INTO exec SELECT * FROM rows_exec` takes half the time of binding
 *          each value to a prepared INSERT, since nothing is copied twice.
 * Not:     what the rows mean (row_from_event.c), transactions (batch.c).
 */
#ifndef BEGAT_TRACE_STORE_ROWS_H
#define BEGAT_TRACE_STORE_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/format/schema.h"

/* A row: three masks over its columns, then a value each. */
struct row {
	uint64_t present; /* else NULL */
	uint64_t text; /* value is offset << 32 | length in rows.bytes, TEXT */
	uint64_t blob; /* the same, BLOB */
	int64_t values[];
};

struct rows {
	const struct schema_table_info *table;
	char *data; /* count rows of stride bytes */
	size_t stride;
	uint32_t count, capacity;
	struct bytes bytes;
	sqlite3_stmt *insert; /* all columns */
	sqlite3_stmt *insert_common; /* those before the rare ones; NULL if there are none */
};

/* Makes the virtual table and the statement. Returns an SQLite code. */
int rows_init(struct rows *rows, sqlite3 *db, enum schema_table table);
void rows_done(struct rows *rows);

/* One more row, all NULL, or NULL without memory. Pointers to earlier rows may break. */
struct row *rows_add(struct rows *rows);

static inline struct row *rows_at(const struct rows *rows, uint32_t index)
{
	return (struct row *)(rows->data + index * rows->stride);
}

static inline void row_set(struct row *row, int column, int64_t value)
{
	row->present |= 1ull << column;
	row->values[column] = value;
}

/* Sets @column to bytes that were just added to rows->bytes at @offset. */
static inline void row_set_bytes(struct row *row, int column, size_t offset, size_t len,
				 bool is_text)
{
	row_set(row, column, (int64_t)((uint64_t)offset << 32 | len));
	if (is_text)
		row->text |= 1ull << column;
	else
		row->blob |= 1ull << column;
}

/* Inserts all rows; they stay in memory until rows_clear(). Returns an SQLite code. */
int rows_insert(struct rows *rows);
void rows_clear(struct rows *rows);

/* Binds @columns of @row to ?1, ?2 ... Returns an SQLite code. */
int rows_bind(const struct rows *rows, const struct row *row, sqlite3_stmt *stmt,
	      const int8_t *columns, int count);

#endif
