/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/accounts_write.c - names of users and groups, as the recording machine knew them.
 *
 * Owns:    the tables user and user_group: one row for each uid or gid of an event that has a name.
 * Not:     what is shown where there is no name: the number (sink, filter, exporters).
 *
 * Invariants
 *  (1) A number is looked up once a part, by the thread that writes: the capture never waits for a
 *      name service.
 *  (2) At most ACCOUNTS_MAX numbers of a part are looked up, whatever numbers processes give
 *      themselves in a user namespace.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "store/format/text.h"
#include "store/write/recorder.h"

#define ACCOUNTS_MAX 4096
#define BUF_MAX (1 << 20) /* a group has its members in it */

/* 1: @name is its name; 0: it has none. */
static int look_up(bool is_group, uint32_t id, char name[SCHEMA_NAME_BYTES])
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
		found = text && *text && strlen(text) < SCHEMA_NAME_BYTES;
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
	char name[SCHEMA_NAME_BYTES];

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
		 schema_accounts[account->is_group]);
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
