/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/batch.c - rows of many events in one transaction.
 *
 * Owns:    when a batch is committed, and what becomes of it if that fails.
 * Not:     one event's row (row_from_event.c), the end of a part (recorder.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/clock.h"
#include "store/write/recorder.h"

#define BATCH_BYTES (32u << 20) /* of texts in memory */
#define BATCH_HELD_MAX (1u << 20) /* events kept while somebody else holds the database */

static int write_ends(struct begat_recorder *rec)
{
	int rc = SQLITE_OK;

	for (uint32_t i = 0; i < rec->ends.count && rc == SQLITE_OK; i++) {
		const struct row *row = rows_at(&rec->ends, i);

		rc = rows_bind(&rec->ends, row, rec->end, rec->end_columns, rec->end_columns_count);
		if (rc == SQLITE_OK)
			rc = sqlite3_bind_int64(rec->end, rec->end_columns_count + 1,
						row->values[PROCESS_row]);
		if (rc == SQLITE_OK)
			rc = recorder_step(rec, rec->end);
	}
	return rc;
}

static int write_batch(struct begat_recorder *rec)
{
	int rc = recorder_step(rec, rec->begin);

	if (rc != SQLITE_OK)
		return rc;
	for (int i = 0; i < TABLE_COUNT && rc == SQLITE_OK; i++)
		rc = rows_insert(&rec->rows[i]);
	if (rc == SQLITE_OK)
		rc = write_ends(rec);
	if (rc == SQLITE_OK)
		rc = usage_write_rows(rec);
	if (rc == SQLITE_OK)
		rc = accounts_write(rec);
	if (rc == SQLITE_OK)
		rc = recorder_step(rec, rec->commit);
	return rc;
}

static uint64_t size_now(struct begat_recorder *rec)
{
	uint64_t pages = 0;

	if (sqlite3_step(rec->pages) == SQLITE_ROW)
		pages = (uint64_t)sqlite3_column_int64(rec->pages, 0);
	sqlite3_reset(rec->pages);
	return pages * 16384;
}

BEGAT_API int begat_recorder_commit(struct begat_recorder *rec)
{
	int rc;

	if (rec->failure)
		return -rec->failure;
	if (!rec->batch_events)
		return 0;
	rc = write_batch(rec);
	if (rc != SQLITE_OK) {
		/* Somebody reads with a write lock: keep the batch, try with the next. */
		if ((rc & 0xff) == SQLITE_BUSY && sqlite3_get_autocommit(rec->db) &&
		    rec->batch_events < BATCH_HELD_MAX)
			return 0;
		recorder_fail_sqlite(rec, rc, "write");
		if (!sqlite3_get_autocommit(rec->db))
			recorder_step(rec, rec->rollback);
		rec->counts.dropped += rec->batch_events;
		return -rec->failure;
	}
	for (int i = 0; i < TABLE_COUNT; i++)
		rows_clear(&rec->rows[i]);
	rows_clear(&rec->ends);
	rec->usage.rows_count = 0;
	accounts_written(rec);
	rec->batch++;
	rec->batch_events = 0;
	rec->batch_since_ns = 0;
	rec->bytes = size_now(rec);
	return 0;
}

static size_t batch_bytes(const struct begat_recorder *rec)
{
	return rec->rows[TABLE_STRING].bytes.len + rec->rows[TABLE_EXEC].bytes.len +
	       rec->rows[TABLE_PROCESS].bytes.len;
}

int batch_add(struct begat_recorder *rec, const struct begat_event *ev)
{
	int err = row_from_event(rec, ev);

	if (err < 0) {
		rec->counts.dropped += rec->batch_events + 1;
		return recorder_fail(rec, -err, "cannot record into %s: %s", rec->path,
				     strerror(-err));
	}
	rec->batch_events++;
	if (!rec->batch_since_ns)
		rec->batch_since_ns = clock_read_ns(CLOCK_MONOTONIC);
	if (rec->batch_events >= rec->opts.batch_events || batch_bytes(rec) >= BATCH_BYTES) {
		err = begat_recorder_commit(rec);
		return err < 0 ? err : 1;
	}
	/* The clock is read for every 64th event: at the rates where it matters that is 1 ms. */
	return rec->batch_events & 63 ? 0 : batch_tick(rec);
}

int batch_tick(struct begat_recorder *rec)
{
	int err;

	if (!rec->batch_events ||
	    clock_read_ns(CLOCK_MONOTONIC) - rec->batch_since_ns < rec->opts.batch_ns)
		return 0;
	err = begat_recorder_commit(rec);
	return err < 0 ? err : 1;
}
