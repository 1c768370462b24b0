/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/accounts.c - names of users and groups, as the recording machine knew them.
 *
 * Owns:    the tables user and user_group: one row for each uid or gid of an event that has a name.
 * Not:     what is shown where there is no name: the number (sink, filter, exporters).
 * Called:  by context.c and writer.c while recording, by readers through
 *          begat_trace_accounts().
 *
 * Invariants
 *  (1) A number is looked up once a part, by the thread that writes: the capture never waits for a
 *      name service.
 *  (2) At most ACCOUNTS_MAX numbers of a part are looked up, whatever numbers processes give
 *      themselves in a user namespace.
 *  (3) The machine that reads is never asked for the name of a recorded number.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "reader.h"
#include "text.h"
#include "writer.h"

#define ACCOUNTS_MAX 4096
#define READ_MAX 65536
#define NAME_BYTES 256 /* with the NUL; a longer one is none */
#define BUF_MAX (1 << 20) /* a group has its members in it */

static const char *const tables[2] = { "user", "user_group" };

/* ---- writing ---- */

/* 1: @name is its name; 0: it has none. */
static int look_up(bool is_group, uint32_t id, char name[NAME_BYTES])
{
	size_t size = 4096;
	int rc, found = 0;

	do {
		struct passwd user, *user_found = NULL;
		struct group group, *group_found = NULL;
		const char *text = NULL;
		char *buf = malloc(size);

		if (!buf)
			return 0;
		rc = is_group ? getgrgid_r(id, &group, buf, size, &group_found)
			      : getpwuid_r(id, &user, buf, size, &user_found);
		if (!rc && group_found)
			text = group_found->gr_name;
		if (!rc && user_found)
			text = user_found->pw_name;
		found = text && *text && strlen(text) < NAME_BYTES;
		if (found)
			strcpy(name, text);
		free(buf);
		size *= 4;
	} while (rc == ERANGE && size <= BUF_MAX);
	return found;
}

static int add(struct begat_recorder *rec, bool is_group, uint32_t id)
{
	struct account *grown;
	char name[NAME_BYTES];

	for (size_t i = 0; i < rec->accounts_count; i++)
		if (rec->accounts[i].id == id && rec->accounts[i].is_group == is_group)
			return 0;
	if (id == UINT32_MAX || rec->accounts_count == ACCOUNTS_MAX)
		return 0;
	grown = reallocarray(rec->accounts, rec->accounts_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rec->accounts = grown;
	grown += rec->accounts_count;
	*grown = (struct account){ .id = id, .is_group = is_group };
	if (look_up(is_group, id, name)) {
		grown->name = strdup(name);
		if (!grown->name)
			return -ENOMEM;
	}
	rec->accounts_count++;
	return 0;
}

int accounts_note(struct begat_recorder *rec, const struct context_key *key)
{
	const struct {
		enum begat_field field;
		bool is_group;
		uint32_t id;
	} all[] = {
		{ BEGAT_F_UID, false, key->uid },	    { BEGAT_F_EUID, false, key->euid },
		{ BEGAT_F_LOGINUID, false, key->loginuid }, { BEGAT_F_GID, true, key->gid },
		{ BEGAT_F_EGID, true, key->egid },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (key->has[all[i].field / 64] >> (all[i].field % 64) & 1 &&
		    add(rec, all[i].is_group, all[i].id) < 0)
			return -ENOMEM;
	return 0;
}

static int insert(struct begat_recorder *rec, const struct account *account)
{
	sqlite3_stmt *stmt = NULL;
	char sql[80];
	int rc;

	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s VALUES(?1, ?2)",
		 tables[account->is_group]);
	rc = sqlite3_prepare_v2(rec->db, sql, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, account->id);
	if (text_is_plain(account->name, strlen(account->name)))
		sqlite3_bind_text(stmt, 2, account->name, -1, SQLITE_STATIC);
	else
		sqlite3_bind_blob(stmt, 2, account->name, (int)strlen(account->name),
				  SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int accounts_write(struct begat_recorder *rec)
{
	int rc = SQLITE_OK;

	for (size_t i = rec->accounts_written; i < rec->accounts_count && rc == SQLITE_OK; i++)
		if (rec->accounts[i].name)
			rc = insert(rec, &rec->accounts[i]);
	return rc;
}

void accounts_written(struct begat_recorder *rec)
{
	rec->accounts_written = rec->accounts_count;
}

void accounts_clear(struct begat_recorder *rec)
{
	for (size_t i = 0; i < rec->accounts_count; i++)
		free(rec->accounts[i].name);
	free(rec->accounts);
	rec->accounts = NULL;
	rec->accounts_count = rec->accounts_written = 0;
}

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

	snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1 LIMIT %d", tables[kind], READ_MAX);
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
		if (err || !len || len >= NAME_BYTES || memchr(data, 0, len) || id < 0 ||
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
