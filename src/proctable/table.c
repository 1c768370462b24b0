/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/table.c - the entries, their memory and the two ways to find them.
 *
 * Owns:    both indexes, slabs of entries, everything that only looks.
 * Not:     what events do to an entry (apply.c), when entries go (expire.c).
 *
 * Invariants
 *  (1) Every entry is in by_id once; all but placeholders are in by_tgid once.
 *  (2) In a by_tgid chain, of entries with one tgid the younger comes first.
 *  (3) Chains are short: both indexes double when half as many entries as buckets are there, for a
 *      look at another entry than the one in question is a cache line for nothing. If there
 *      is no memory for that they stay correct and get slower.
 */
#include "proctable/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BITS 10
#define SLAB_ENTRIES 256

struct slab {
	struct slab *next;
	struct entry entries[SLAB_ENTRIES];
};

/* Ids are hashes already. */
static struct entry **id_bucket(const struct proctable *table, uint64_t id)
{
	return &table->by_id[id >> (64 - table->bucket_bits)];
}

static struct entry **tgid_bucket(const struct proctable *table, uint32_t tgid)
{
	return &table->by_tgid[(tgid * 0x9e3779b97f4a7c15ull) >> (64 - table->bucket_bits)];
}

int proctable_new(uint64_t linger_ns, struct proctable **ret_table)
{
	struct proctable *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->linger_ns = linger_ns;
	table->forks_since_ns = UINT64_MAX;
	table->bucket_bits = FIRST_BITS;
	table->by_id = calloc(1u << FIRST_BITS, sizeof(struct entry *));
	table->by_tgid = calloc(1u << FIRST_BITS, sizeof(struct entry *));
	if (!table->by_id || !table->by_tgid) {
		proctable_free(table);
		return -ENOMEM;
	}
	*ret_table = table;
	return 0;
}

void proctable_free(struct proctable *table)
{
	if (!table)
		return;
	for (size_t i = 0; table->by_id && i < 1ull << table->bucket_bits; i++)
		for (struct entry *entry = table->by_id[i]; entry; entry = entry->next_by_id)
			image_release(entry->image);
	while (table->slabs) {
		struct slab *slab = table->slabs;

		table->slabs = slab->next;
		free(slab);
	}
	free(table->by_id);
	free(table->by_tgid);
	free(table);
}

/* Puts @entry behind those of @chain that are there: the order within a chain is kept. */
static void append_by_tgid(struct entry **chain, struct entry *entry)
{
	while (*chain)
		chain = &(*chain)->next_by_tgid;
	entry->next_by_tgid = NULL;
	*chain = entry;
}

static void grow(struct proctable *table)
{
	struct proctable bigger = { .bucket_bits = table->bucket_bits + 1 };
	size_t buckets = 1ull << table->bucket_bits;

	bigger.by_id = calloc(2 * buckets, sizeof(struct entry *));
	bigger.by_tgid = calloc(2 * buckets, sizeof(struct entry *));
	if (!bigger.by_id || !bigger.by_tgid) {
		free(bigger.by_id);
		free(bigger.by_tgid);
		return;
	}
	for (size_t i = 0; i < buckets; i++) {
		struct entry *next;

		for (struct entry *entry = table->by_id[i]; entry; entry = next) {
			struct entry **bucket = id_bucket(&bigger, entry->id);

			next = entry->next_by_id;
			entry->next_by_id = *bucket;
			*bucket = entry;
		}
		for (struct entry *entry = table->by_tgid[i]; entry; entry = next) {
			next = entry->next_by_tgid;
			append_by_tgid(tgid_bucket(&bigger, entry->tgid), entry);
		}
	}
	free(table->by_id);
	free(table->by_tgid);
	table->by_id = bigger.by_id;
	table->by_tgid = bigger.by_tgid;
	table->bucket_bits = bigger.bucket_bits;
}

static bool add_slab(struct proctable *table)
{
	struct slab *slab = malloc(sizeof(*slab));

	if (!slab)
		return false;
	slab->next = table->slabs;
	table->slabs = slab;
	for (size_t i = SLAB_ENTRIES; i-- > 0;) {
		slab->entries[i].next_dead = table->free_entries;
		table->free_entries = &slab->entries[i];
	}
	return true;
}

struct entry *table_find(const struct proctable *table, uint64_t id)
{
	struct entry *entry = *id_bucket(table, id);

	while (entry && entry->id != id)
		entry = entry->next_by_id;
	return entry;
}

struct entry *table_find_alive(const struct proctable *table, uint32_t tgid)
{
	struct entry *entry = *tgid_bucket(table, tgid);

	while (entry && (entry->tgid != tgid || entry->flags & ENTRY_ENDED))
		entry = entry->next_by_tgid;
	return entry;
}

struct entry *table_add_placeholder(struct proctable *table, uint64_t id)
{
	if (!table->free_entries && !add_slab(table))
		return NULL;
	if (2 * table->used >= 1ull << table->bucket_bits)
		grow(table);

	struct entry *entry = table->free_entries;
	struct entry **bucket = id_bucket(table, id);

	table->free_entries = entry->next_dead;
	*entry = (struct entry){ .id = id, .next_by_id = *bucket, .flags = ENTRY_PLACEHOLDER };
	*bucket = entry;
	table->used++;
	table->placeholders++;
	return entry;
}

void table_add_tgid(struct proctable *table, struct entry *entry)
{
	struct entry **link = tgid_bucket(table, entry->tgid);

	for (struct entry **at = link; *at; at = &(*at)->next_by_tgid)
		if ((*at)->tgid == entry->tgid && (*at)->start_ns > entry->start_ns)
			link = &(*at)->next_by_tgid;
	entry->next_by_tgid = *link;
	*link = entry;
}

/* Nobody may have it as ancestor any more; it must not be among the dead. */
void table_remove(struct proctable *table, struct entry *entry)
{
	struct entry **link = id_bucket(table, entry->id);

	while (*link != entry)
		link = &(*link)->next_by_id;
	*link = entry->next_by_id;
	if (entry->flags & ENTRY_PLACEHOLDER) {
		table->placeholders--;
	} else {
		link = tgid_bucket(table, entry->tgid);
		while (*link != entry)
			link = &(*link)->next_by_tgid;
		*link = entry->next_by_tgid;
	}
	image_release(entry->image);
	table->used--;
	entry->next_dead = table->free_entries;
	table->free_entries = entry;
}

static void describe(const struct entry *entry, struct begat_process *ret)
{
	const struct image *image = entry->image;

	*ret = (struct begat_process){
		.size = sizeof(*ret),
		.id = entry->id,
		.parent_id = entry->parent_id,
		.fork_parent_id = entry->ancestor ? entry->ancestor->id : 0,
		.tgid = entry->tgid,
		.parent_tgid = entry->parent_tgid,
		.start_ns = entry->start_ns,
		.exit_ns = entry->exit_ns,
		.execs = entry->execs,
		.exited = entry->flags & ENTRY_ENDED,
		.was_there_before = entry->flags & ENTRY_WAS_THERE_BEFORE,
		.comm = { entry->comm, strlen(entry->comm) },
		.exe = { "", 0 },
		.argv = { .data = "" },
	};
	if (image && image->has_exe)
		ret->exe = (struct begat_str){ image->text, image->exe_len };
	if (image && image->has_argv)
		ret->argv = (struct begat_strv){ .data = image->text + image->exe_len + 1,
						 .bytes = image->argv_bytes,
						 .count = image->argv_count };
}

int proctable_find_tgid(struct proctable *table, uint32_t tgid, struct begat_process *ret)
{
	struct entry *entry = table_find_alive(table, tgid);

	if (!entry)
		for (entry = *tgid_bucket(table, tgid); entry && entry->tgid != tgid;)
			entry = entry->next_by_tgid;
	if (!entry)
		return -ENOENT;
	describe(entry, ret);
	return 0;
}

int proctable_find_id(struct proctable *table, uint64_t id, struct begat_process *ret)
{
	struct entry *entry = table_find(table, id);

	if (!entry || entry->flags & ENTRY_PLACEHOLDER)
		return -ENOENT;
	describe(entry, ret);
	return 0;
}

bool proctable_is_reported(const struct proctable *table, uint64_t id)
{
	const struct entry *entry = table_find(table, id);

	return entry && entry->flags & ENTRY_REPORTED;
}

void proctable_report(struct proctable *table, uint64_t id)
{
	struct entry *entry = table_find(table, id);

	if (entry)
		entry->flags |= ENTRY_REPORTED;
}

void proctable_expect_forks(struct proctable *table, uint64_t since_ns)
{
	table->forks_since_ns = since_ns;
}

uint64_t proctable_unseen_forks(const struct proctable *table)
{
	return table->unseen_forks;
}

uint64_t proctable_count(const struct proctable *table)
{
	return table->used - table->placeholders;
}

uint64_t proctable_alive(const struct proctable *table)
{
	return table->alive;
}

int proctable_for_each_alive(struct proctable *table,
			     int (*callback)(void *ctx, const struct begat_process *process),
			     void *ctx)
{
	struct begat_process process;

	for (size_t i = 0; i < 1ull << table->bucket_bits; i++) {
		for (struct entry *entry = table->by_id[i]; entry; entry = entry->next_by_id) {
			if (entry->flags & (ENTRY_PLACEHOLDER | ENTRY_ENDED))
				continue;
			describe(entry, &process);

			int stop = callback(ctx, &process);

			if (stop)
				return stop;
		}
	}
	return 0;
}

/* Lineage is by birth, also after reparenting: only links are followed, so that it always ends. */
bool proctable_find_ancestor(void *ctx, uint64_t id, struct begat_event *ret_ancestor)
{
	const struct entry *entry = table_find(ctx, id);

	if (!entry || entry->flags & ENTRY_PLACEHOLDER)
		return false;

	struct begat_event *ev = ret_ancestor;
	struct begat_process process;

	describe(entry, &process);
	*ev = (struct begat_event){
		.size = sizeof(*ev),
		.type = BEGAT_SNAPSHOT,
		.id = entry->id,
		.tgid = entry->tgid,
		.tid = entry->tgid,
		.uid = entry->uid,
		.gid = entry->gid,
		.euid = entry->euid,
		.egid = entry->egid,
		.loginuid = entry->loginuid,
		.parent_tgid = entry->parent_tgid,
		.comm = process.comm,
		.exe = process.exe,
		.argv = process.argv,
	};
	begat_fields_add(&ev->has, BEGAT_F_EVENT);
	begat_fields_add(&ev->has, BEGAT_F_ID);
	begat_fields_add(&ev->has, BEGAT_F_PID);
	begat_fields_add(&ev->has, BEGAT_F_TID);
	begat_fields_add(&ev->has, BEGAT_F_COMM);
	if (entry->flags & ENTRY_HAS_PARENT)
		begat_fields_add(&ev->has, BEGAT_F_PPID);
	if (entry->ancestor) {
		ev->parent_id = entry->ancestor->id;
		if (!(entry->ancestor->flags & ENTRY_PLACEHOLDER))
			ev->parent_tgid = entry->ancestor->tgid;
		begat_fields_add(&ev->has, BEGAT_F_PARENT_ID);
	}
	if (entry->flags & ENTRY_HAS_CREDS) {
		begat_fields_add(&ev->has, BEGAT_F_UID);
		begat_fields_add(&ev->has, BEGAT_F_GID);
		begat_fields_add(&ev->has, BEGAT_F_EUID);
		begat_fields_add(&ev->has, BEGAT_F_EGID);
	}
	if (entry->flags & ENTRY_HAS_LOGINUID)
		begat_fields_add(&ev->has, BEGAT_F_LOGINUID);
	if (entry->image && entry->image->has_exe)
		begat_fields_add(&ev->has, BEGAT_F_EXE);
	if (entry->image && entry->image->has_argv)
		begat_fields_add(&ev->has, BEGAT_F_ARGV);
	return true;
}
