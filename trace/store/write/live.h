/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/live.h - which row a process that has not ended is in.
 *
 * Owns:    id -> row. Not: anything else about a process.
 *
 * Invariants
 *  (1) At most LIVE_MAX entries: exits that were lost, or not asked for, cannot fill the memory.
 *      Beyond, all are forgotten; what such a process does later goes into a second row.
 */
#ifndef BEGAT_TRACE_STORE_LIVE_H
#define BEGAT_TRACE_STORE_LIVE_H

#include <stdint.h>

#define LIVE_MAX (1u << 20)

struct live_entry {
	uint64_t id, parent_id; /* as the row has them */
	int64_t row; /* 0 = free slot */
	uint32_t tgid, parent_tgid;
	uint32_t batch; /* the row is in memory while this is the current one */
	uint32_t index; /* there */
};

struct live {
	struct live_entry *slots;
	uint32_t count, capacity; /* a power of two */
};

/* NULL if there is none. Valid until the next change. */
struct live_entry *live_find(const struct live *live, uint64_t id);

/* Adds or replaces. 0 or -ENOMEM. */
int live_put(struct live *live, const struct live_entry *entry);
void live_remove(struct live *live, struct live_entry *entry);
void live_clear(struct live *live);
void live_done(struct live *live);

#endif
