/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/usage.c - see usage.h: readings of the living, and their rows.
 *
 * Owns:    which figure of a process holds when a part begins; the table usage.
 * Not:     reading them from the machine (libbegat), subtracting (load.c and the views).
 *
 * The figures of a part add up with those of the next: what a part does not tell of a process
 * that goes on, because it ended between the reading and the rotation, the next one tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/write/recorder.h"

static int by_id(const void *a, const void *b)
{
	const struct begat_usage_process *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->tgid < y->tgid ? -1 : x->tgid > y->tgid;
}

static const struct begat_usage_process *find(const struct usage_book *book, uint64_t id,
					      uint32_t tgid)
{
	size_t low = 0, high = book->count;
	struct begat_usage_process key = { .id = id, .tgid = tgid };

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		/* An id is enough; where there is none, the pid. */
		if (id ? book->entries[middle].id < id : by_id(&book->entries[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == book->count || book->entries[low].id != id ||
	    (!id && book->entries[low].tgid != tgid))
		return NULL;
	return &book->entries[low];
}

const struct begat_usage_process *usage_find(const struct usage_book *book, uint64_t id,
					     uint32_t tgid)
{
	const struct begat_usage_process *found = id ? find(book, id, tgid) : NULL;

	return found || !tgid ? found : find(book, 0, tgid);
}

int usage_take(struct usage_book *book, const struct begat_usage *usage)
{
	size_t old = book->count, count = usage->count;
	struct begat_usage_process *entries = calloc(count + old + 1, sizeof(*entries));
	struct usage_book taken = { .entries = entries, .count = count };

	if (!entries)
		return -ENOMEM;
	if (count)
		memcpy(entries, usage->processes, count * sizeof(*entries));
	qsort(entries, count, sizeof(*entries), by_id);
	for (size_t i = 0; i < old; i++)
		if (!find(&taken, book->entries[i].id, book->entries[i].tgid))
			entries[count++] = book->entries[i];
	qsort(entries, count, sizeof(*entries), by_id);
	free(book->entries);
	book->entries = entries;
	book->count = count;
	book->ts_ns = usage->ts_ns;
	book->machine_ns = usage->machine_ns;
	return 0;
}

void usage_keep_living(struct usage_book *book, const struct live *live)
{
	size_t kept = 0;

	for (size_t i = 0; i < book->count; i++)
		if (live_find(live, book->entries[i].id))
			book->entries[kept++] = book->entries[i];
	book->count = kept;
}

int usage_add_row(struct usage_book *book, int64_t row, uint64_t utime_ns, uint64_t stime_ns)
{
	if (array_grow(&book->rows, book->rows_count, &book->rows_room, sizeof(*book->rows)) < 0)
		return -ENOMEM;
	book->rows[book->rows_count++] = (struct usage_row){ row, utime_ns, stime_ns };
	return 0;
}

void usage_done(struct usage_book *book)
{
	free(book->entries);
	free(book->rows);
	*book = (struct usage_book){ 0 };
}

/* In an open transaction: the rows of a batch. An SQLite code. */
int usage_write_rows(struct begat_recorder *rec)
{
	const struct usage_book *book = &rec->usage;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_OK;

	if (!book->rows_count)
		return SQLITE_OK;
	rc = sqlite3_prepare_v2(rec->db,
				"INSERT OR IGNORE INTO usage(process, before_utime_ns, "
				"before_stime_ns) VALUES(?1, ?2, ?3)",
				-1, &stmt, NULL);
	for (size_t i = 0; i < book->rows_count && rc == SQLITE_OK; i++) {
		const struct usage_row *row = &book->rows[i];

		sqlite3_bind_int64(stmt, 1, row->process);
		sqlite3_bind_int64(stmt, 2, (int64_t)row->before_utime_ns);
		sqlite3_bind_int64(stmt, 3, (int64_t)row->before_stime_ns);
		rc = recorder_step(rec, stmt);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/* In an open transaction: what those had used that live when a part ends. An SQLite code. */
int usage_write_ends(struct begat_recorder *rec, const struct begat_usage *usage)
{
	struct usage_book book = { 0 };
	sqlite3_stmt *stmt = NULL;
	int rc = usage_take(&book, usage) < 0 ? SQLITE_NOMEM : SQLITE_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(
			rec->db,
			"INSERT INTO usage(process, utime_ns, stime_ns) VALUES(?1, ?2, ?3)"
			" ON CONFLICT(process) DO UPDATE SET utime_ns = ?2, stime_ns = ?3",
			-1, &stmt, NULL);
	for (uint32_t i = 0; i < rec->live.capacity && rc == SQLITE_OK; i++) {
		const struct live_entry *entry = &rec->live.slots[i];
		const struct begat_usage_process *process =
			entry->row ? usage_find(&book, entry->id, entry->tgid) : NULL;

		if (!process)
			continue;
		sqlite3_bind_int64(stmt, 1, entry->row);
		sqlite3_bind_int64(stmt, 2, (int64_t)process->utime_ns);
		sqlite3_bind_int64(stmt, 3, (int64_t)process->stime_ns);
		rc = recorder_step(rec, stmt);
	}
	sqlite3_finalize(stmt);
	usage_done(&book);
	return rc;
}
