/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/accounts_read.c - names of users and groups, as the recording machine knew them.
 *
 * Owns:    begat_trace_accounts(): the tables user and user_group in memory.
 * Not:     what is shown where there is no name: the number (sink, filter, exporters).
 *
 * Invariant: the machine that reads is never asked for the name of a recorded number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "store/read/reader.h"

#define READ_MAX 65536

/* ---- reading ---- */

struct name_entry {
	uint32_t id;
	char *name;
};

struct names {
	struct begat_accounts accounts;
	struct name_entry *entries[2]; /* by number; users, groups */
	size_t counts[2];
};

static const char *name_of(const struct names *names, int kind, uint32_t id)
{
	size_t low = 0, high = names->counts[kind];

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct name_entry *entry = &names->entries[kind][middle];

		if (entry->id == id)
			return entry->name;
		if (entry->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int id_of(const struct names *names, int kind, const char *name, uint32_t *ret_id)
{
	for (size_t i = 0; i < names->counts[kind]; i++)
		if (!strcmp(names->entries[kind][i].name, name)) {
			*ret_id = names->entries[kind][i].id;
			return 0;
		}
	return -ENOENT;
}

static const char *user_name(void *ctx, uint32_t uid)
{
	return name_of(ctx, 0, uid);
}

static const char *group_name(void *ctx, uint32_t gid)
{
	return name_of(ctx, 1, gid);
}

static int user_id(void *ctx, const char *name, uint32_t *ret_uid)
{
	return id_of(ctx, 0, name, ret_uid);
}

static int group_id(void *ctx, const char *name, uint32_t *ret_gid)
{
	return id_of(ctx, 1, name, ret_gid);
}

/* Rows that are wrong are left out: their numbers are shown then. 0 or a negative errno. */
static int read_names(struct begat_trace *trace, struct names *names, int kind)
{
	sqlite3_stmt *stmt = NULL;
	char sql[128];
	int err, rc = SQLITE_DONE;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1 LIMIT %d", schema_accounts[kind],
		 READ_MAX);
	err = trace_prepare(trace, sql, &stmt);
	if (!err && sqlite3_column_count(stmt) < 2) {
		sqlite3_finalize(stmt);
		return 0;
	}
	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(stmt, 0);
		struct name_entry *grown;
		const char *data;
		size_t len;

		err = trace_bytes(trace, stmt, 1, &data, &len);
		if (err || !len || len >= SCHEMA_NAME_BYTES || memchr(data, 0, len) || id < 0 ||
		    id >= UINT32_MAX)
			continue;
		grown = reallocarray(names->entries[kind], names->counts[kind] + 1, sizeof(*grown));
		if (grown) {
			names->entries[kind] = grown;
			grown += names->counts[kind];
			grown->id = (uint32_t)id;
			grown->name = strndup(data, len);
		}
		if (!grown || !grown->name)
			err = trace_fail_sqlite(trace, SQLITE_NOMEM);
		else
			names->counts[kind]++;
	}
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

/* Plain tables only, as in reader.c. */
static bool has_tables(struct begat_trace *trace)
{
	int64_t count = 0;

	return trace_scalar(trace,
			    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT "
			    "LIKE 'CREATE VIRTUAL%' AND name IN ('user', 'user_group')",
			    &count) == 0 &&
	       count == 2;
}

BEGAT_API const struct begat_accounts *begat_trace_accounts(struct begat_trace *trace)
{
	struct names *names = trace->names;

	if (names)
		return &names->accounts;
	names = calloc(1, sizeof(*names));
	if (!names) {
		trace_fail_sqlite(trace, SQLITE_NOMEM);
		return NULL;
	}
	trace->names = names;
	names->accounts = (struct begat_accounts){
		.size = sizeof(names->accounts),
		.user_name = user_name,
		.group_name = group_name,
		.ctx = names,
	};
	if (!has_tables(trace))
		return &names->accounts;
	names->accounts.user_id = user_id;
	names->accounts.group_id = group_id;
	if (read_names(trace, names, 0) == 0 && read_names(trace, names, 1) == 0)
		return &names->accounts;
	names_free(names);
	trace->names = NULL;
	return NULL;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	for (int kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < names->counts[kind]; i++)
			free(names->entries[kind][i].name);
		free(names->entries[kind]);
	}
	free(names);
}
