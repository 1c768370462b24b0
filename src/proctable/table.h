/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/table.h - what the files of proctable/ share; nobody else includes it.
 *
 * Owns:  the entry, its states and its links.
 *
 *              exit seen, or another process has its pid
 *   (placeholder) --> living ------------------------------> dead --linger over--> expired --> freed
 *      |    first event                                                  when nobody's ancestor
 *      '--> freed when nobody's ancestor
 *
 * A placeholder is an ancestor that no event was about yet: it holds the place for links that are made
 * before the process itself is known (a snapshot lists children before parents at will).
 */
#ifndef BEGAT_PROCTABLE_TABLE_H
#define BEGAT_PROCTABLE_TABLE_H

#include "proctable/proctable.h"

#define PROCTABLE_COMM_BYTES 16
/* Of the dead this many linger; the oldest go before their time: a storm must not fill the memory. */
#define PROCTABLE_DEAD_MAX 2048
/*
 * Of a line of dead ancestors this many are kept, at most twice as many for a while: a daemon that
 * forks itself and exits, for ever, must not fill the memory.
 */
#define PROCTABLE_DEPTH_MAX 256

/* What a process runs: one block, shared by a parent and the children that have not exec'ed. */
struct image {
	uint32_t refs;
	uint32_t capacity; /* bytes in text */
	uint32_t exe_len;
	uint32_t argv_bytes;
	uint32_t argv_count;
	bool has_exe, has_argv, is_truncated, is_rewritten;
	char text[]; /* exe, NUL, argv */
};

enum entry_flags {
	ENTRY_PLACEHOLDER = 1 << 0,
	ENTRY_ENDED = 1 << 1, /* dead: its exit was seen, or must have been lost */
	ENTRY_EXIT_SEEN = 1 << 2,
	ENTRY_EXPIRED = 1 << 3, /* the linger time is over */
	ENTRY_WAS_THERE_BEFORE = 1 << 4,
	ENTRY_HAS_CREDS = 1 << 5,
	ENTRY_HAS_LOGINUID = 1 << 6,
	ENTRY_HAS_PARENT = 1 << 7,
	ENTRY_IMAGE_FROM_SNAPSHOT = 1 << 8, /* execs may be missing before it */
	ENTRY_REPORTED = 1 << 9, /* had an event of its own, or was said to be going to */
};

struct entry {
	uint64_t id;
	struct entry *next_by_id;
	struct entry *next_by_tgid;
	struct entry *next_dead; /* the dead, in the order of their ends; or the free list */
	struct entry *ancestor; /* the parent at fork; holds one of its children */
	struct image *image;
	uint64_t parent_id; /* latest known */
	uint64_t start_ns;
	uint64_t exit_ns;
	uint64_t fork_ts_ns; /* 0 = fork not seen */
	uint32_t tgid, parent_tgid;
	uint32_t children; /* entries that have this one as ancestor */
	uint32_t execs;
	uint32_t flags;
	uint32_t depth; /* ancestors above, at most; a hint of when to count */
	uint32_t uid, gid, euid, egid, loginuid;
	char comm[PROCTABLE_COMM_BYTES];
};

struct slab;

struct proctable {
	struct entry **by_id, **by_tgid; /* chains; both have as many */
	uint32_t bucket_bits;
	uint64_t used; /* entries in the indexes, placeholders included */
	uint64_t placeholders;
	uint64_t alive;
	uint64_t linger_ns;
	uint64_t forks_since_ns, unseen_forks;
	struct entry *dead_head, *dead_tail;
	uint64_t dead; /* in that queue */
	struct entry *free_entries;
	struct slab *slabs;
};

/* table.c */
struct entry *table_find(const struct proctable *table, uint64_t id); /* placeholders too */
struct entry *table_find_alive(const struct proctable *table, uint32_t tgid);
struct entry *table_add_placeholder(struct proctable *table, uint64_t id); /* NULL: no memory */
void table_add_tgid(struct proctable *table, struct entry *entry);
void table_remove(struct proctable *table, struct entry *entry);

/* image.c */
int image_set(struct image **image, const struct begat_event *ev);
struct image *image_share(struct image *image); /* NULL is fine */
void image_release(struct image *image); /* NULL is fine */

#endif
