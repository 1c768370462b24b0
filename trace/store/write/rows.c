/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/rows.c - rows in memory that SQLite reads as a table.
 *
 * Owns:    memory of the rows; a minimal read-only virtual table.
 * Not:     their meaning.
 *
 * Invariants
 *  (1) Nothing is added while rows_insert() runs, so SQLite may borrow texts.
 */
#include "store/write/rows.h"

#include <stdio.h>

struct rows_table {
	sqlite3_vtab base;
	const struct rows *rows;
};

struct rows_cursor {
	sqlite3_vtab_cursor base;
	const struct rows *rows;
	uint32_t at;
};

static int rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
			sqlite3_vtab **ret_table, char **error)
{
	const struct rows *rows = aux;
	struct rows_table *table;
	char *sql = sqlite3_mprintf("CREATE TABLE x(%s)", rows->table->columns);
	int rc;

	if (!sql)
		return SQLITE_NOMEM;
	rc = sqlite3_declare_vtab(db, sql);
	sqlite3_free(sql);
	if (rc != SQLITE_OK)
		return rc;
	table = sqlite3_malloc(sizeof(*table));
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct rows_table){ .rows = rows };
	*ret_table = &table->base;
	return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	info->estimatedCost = 1e6;
	return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
	struct rows_cursor *cursor = sqlite3_malloc(sizeof(*cursor));

	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct rows_cursor){ .rows = ((struct rows_table *)table)->rows };
	*ret_cursor = &cursor->base;
	return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
		       sqlite3_value **argv)
{
	((struct rows_cursor *)cursor)->at = 0;
	return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
	((struct rows_cursor *)cursor)->at++;
	return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
	struct rows_cursor *cursor = (struct rows_cursor *)base;

	return cursor->at >= cursor->rows->count;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
	struct rows_cursor *cursor = (struct rows_cursor *)base;
	const struct row *row = rows_at(cursor->rows, cursor->at);
	uint64_t bit = 1ull << column;

	if (!(row->present & bit))
		return SQLITE_OK;
	if (!((row->text | row->blob) & bit)) {
		sqlite3_result_int64(ctx, row->values[column]);
		return SQLITE_OK;
	}

	const char *data = cursor->rows->bytes.data + ((uint64_t)row->values[column] >> 32);
	uint32_t len = (uint32_t)row->values[column];

	if (row->text & bit)
		sqlite3_result_text64(ctx, data, len, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_result_blob64(ctx, data, len, SQLITE_STATIC);
	return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret_rowid)
{
	*ret_rowid = ((struct rows_cursor *)cursor)->at;
	return SQLITE_OK;
}

/* No xCreate: the table is there by its name alone, in no schema. */
static const sqlite3_module rows_module = {
	.xConnect = rows_connect,
	.xBestIndex = rows_best_index,
	.xDisconnect = rows_disconnect,
	.xOpen = rows_open,
	.xClose = rows_close,
	.xFilter = rows_filter,
	.xNext = rows_next,
	.xEof = rows_eof,
	.xColumn = rows_column,
	.xRowid = rows_rowid,
};

/* INSERT of the first @count columns; the rest becomes NULL. */
static int prepare_insert(const struct rows *rows, sqlite3 *db, int count, sqlite3_stmt **ret)
{
	char names[1024], sql[2200];
	size_t used = 0;

	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 rows->table->names[i]);
	snprintf(sql, sizeof(sql), "INSERT INTO %s(%s) SELECT %s FROM rows_%s", rows->table->name,
		 names, names, rows->table->name);
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

int rows_init(struct rows *rows, sqlite3 *db, enum schema_table table)
{
	char name[32];
	int rc;

	rows->table = &schema_tables[table];
	rows->stride = sizeof(struct row) + (size_t)rows->table->count * sizeof(int64_t);
	snprintf(name, sizeof(name), "rows_%s", rows->table->name);
	rc = sqlite3_create_module(db, name, &rows_module, rows);
	if (rc == SQLITE_OK)
		rc = prepare_insert(rows, db, rows->table->count, &rows->insert);
	if (rc == SQLITE_OK && rows->table->common < rows->table->count)
		rc = prepare_insert(rows, db, rows->table->common, &rows->insert_common);
	return rc;
}

void rows_done(struct rows *rows)
{
	sqlite3_finalize(rows->insert);
	sqlite3_finalize(rows->insert_common);
	bytes_done(&rows->bytes);
	free(rows->data);
	*rows = (struct rows){ 0 };
}

struct row *rows_add(struct rows *rows)
{
	if (rows->count == rows->capacity) {
		uint32_t capacity = rows->capacity ? rows->capacity * 2 : 256;
		char *data = realloc(rows->data, capacity * rows->stride);

		if (!data)
			return NULL;
		rows->data = data;
		rows->capacity = capacity;
	}
	struct row *row = rows_at(rows, rows->count++);

	/* Values that are not present are never read. */
	*row = (struct row){ 0 };
	return row;
}

/* Each NULL that is not asked for saves a call: worth it, since most rows lack the same columns. */
static sqlite3_stmt *choose_insert(const struct rows *rows)
{
	uint64_t present = 0;

	for (uint32_t i = 0; i < rows->count && rows->insert_common; i++)
		present |= rows_at(rows, i)->present;
	return rows->insert_common && !(present >> rows->table->common) ? rows->insert_common
									: rows->insert;
}

int rows_insert(struct rows *rows)
{
	sqlite3_stmt *insert;
	int rc;

	if (!rows->count)
		return SQLITE_OK;
	insert = choose_insert(rows);
	rc = sqlite3_step(insert);
	sqlite3_reset(insert);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void rows_clear(struct rows *rows)
{
	rows->count = 0;
	rows->bytes.len = 0;
}

int rows_bind(const struct rows *rows, const struct row *row, sqlite3_stmt *stmt,
	      const int8_t *columns, int count)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < count && rc == SQLITE_OK; i++) {
		int column = columns[i];
		uint64_t bit = 1ull << column;
		uint64_t place = (uint64_t)row->values[column];
		const char *data = rows->bytes.data + (place >> 32);

		if (!(row->present & bit))
			rc = sqlite3_bind_null(stmt, i + 1);
		else if (row->text & bit)
			rc = sqlite3_bind_text(stmt, i + 1, data, (int)(uint32_t)place,
					       SQLITE_STATIC);
		else if (row->blob & bit)
			rc = sqlite3_bind_blob(stmt, i + 1, data, (int)(uint32_t)place,
					       SQLITE_STATIC);
		else
			rc = sqlite3_bind_int64(stmt, i + 1, row->values[column]);
	}
	return rc;
}
