/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/usage.h - what processes had used before a part began.
 *
 * Owns:    the last reading: id -> CPU time.
 * Not:     the rows of the table usage (batch.c), what an exit reports (row_from_event.c).
 */
#ifndef BEGAT_TRACE_STORE_USAGE_H
#define BEGAT_TRACE_STORE_USAGE_H

#include <begat/begat.h>

/* A row of the table usage that is not written yet. */
struct usage_row {
	int64_t process;
	uint64_t before_utime_ns, before_stime_ns;
};

struct usage_book {
	struct begat_usage_process *entries; /* by id, then by pid */
	size_t count;
	uint64_t ts_ns, machine_ns; /* of the reading; 0 = there was none, or it did not tell */
	struct usage_row *rows; /* of this batch */
	uint32_t rows_count, rows_room;
};

/* NULL: the reading does not have it. @tgid is for readings without ids. */
const struct begat_usage_process *usage_find(const struct usage_book *book, uint64_t id,
					     uint32_t tgid);

/* This reading from now on; of those that it does not have, the earlier figures. 0 or -ENOMEM. */
int usage_take(struct usage_book *book, const struct begat_usage *usage);

struct live;
/* Forgets those that have ended. */
void usage_keep_living(struct usage_book *book, const struct live *live);

/* The process of row @row had used this much when it was first seen. 0 or -ENOMEM. */
int usage_add_row(struct usage_book *book, int64_t row, uint64_t utime_ns, uint64_t stime_ns);

void usage_done(struct usage_book *book);

#endif
