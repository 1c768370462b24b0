/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/string_read.c - texts by their number, while events are replayed.
 *
 * Owns:    a small cache of the table string; memory for the texts of one event.
 * Not:     all texts at once (load.c).
 *
 * Invariants
 *  (1) What is handed out stays where it is until texts_reset(), whatever the cache drops.
 *  (2) A text that is too large for the cache is in memory once, beside what SQLite has of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/format/text.h"
#include "store/read/reader.h"

#define CACHE_SLOTS 1024
#define CACHED_BYTES_MAX 8192 /* 8 MiB at most in all */
#define BLOCK_BYTES (64 << 10)

struct cached {
	int64_t number; /* 0 = free */
	char *data;
	uint32_t len, count;
	bool is_vector;
};

struct block {
	struct block *next;
	size_t used, size;
	char data[];
};

struct text_cache {
	struct cached slots[CACHE_SLOTS];
	struct block *blocks; /* the first is the current one */
};

int texts_new(struct text_cache **ret_cache)
{
	struct text_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	*ret_cache = cache;
	return 0;
}

static void free_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

void texts_free(struct text_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < CACHE_SLOTS; i++)
		free(cache->slots[i].data);
	free_blocks(cache->blocks);
	free(cache);
}

void texts_reset(struct text_cache *cache)
{
	struct block *first = cache->blocks;

	if (!first)
		return;
	free_blocks(first->next);
	first->next = NULL;
	first->used = 0;
	if (first->size > BLOCK_BYTES) {
		free(first);
		cache->blocks = NULL;
	}
}

/* Room for @len bytes and a NUL, or NULL. */
static char *reserve(struct text_cache *cache, size_t len)
{
	struct block *block = cache->blocks;

	if (!block || block->size - block->used < len + 1) {
		size_t size = len + 1 > BLOCK_BYTES ? len + 1 : BLOCK_BYTES;

		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		*block = (struct block){ .next = cache->blocks, .size = size };
		cache->blocks = block;
	}
	return block->data + block->used;
}

/* The @len bytes behind what reserve() returned are in use, and a NUL. */
static void keep(struct text_cache *cache, size_t len)
{
	struct block *block = cache->blocks;

	block->data[block->used + len] = '\0';
	block->used += len + 1;
}

/* A copy of @len bytes with a NUL behind them, or NULL. */
static const char *copy(struct text_cache *cache, const char *data, size_t len)
{
	char *to = reserve(cache, len);

	if (!to)
		return NULL;
	if (len)
		memcpy(to, data, len);
	keep(cache, len);
	return to;
}

/* The text of the current row of trace->text, of a vector its strings. */
static int read_text(struct begat_trace *trace, bool is_vector, struct begat_strv *ret)
{
	struct text_cache *cache = trace->texts;
	int type = sqlite3_column_type(trace->text, 1);
	const char *data;
	size_t len;
	int err = trace_bytes(trace, trace->text, 1, &data, &len);

	if (err < 0)
		return err;
	if (type != SQLITE_TEXT && type != SQLITE_BLOB)
		return trace_fail_cell(trace, trace->text, 1, "text or bytes belong there");
	*ret = (struct begat_strv){ .data = reserve(cache, len), .bytes = len };
	if (!ret->data)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	if (is_vector && type == SQLITE_TEXT)
		err = text_decode_vector_to(data, len, (char *)ret->data, &ret->bytes, &ret->count);
	else if (len)
		memcpy((char *)ret->data, data, len);
	if (is_vector && type == SQLITE_BLOB)
		err = text_count_vector(data, len, &ret->count);
	if (err < 0)
		return trace_fail_cell(trace, trace->text, 1, "no list of strings");
	keep(cache, ret->bytes);
	return 0;
}

static void remember(struct cached *slot, int64_t number, bool is_vector,
		     const struct begat_strv *value)
{
	char *data;

	if (value->bytes > CACHED_BYTES_MAX)
		return;
	data = realloc(slot->data, value->bytes + 1);
	if (!data)
		return;
	memcpy(data, value->data, value->bytes);
	*slot = (struct cached){ .number = number,
				 .data = data,
				 .len = (uint32_t)value->bytes,
				 .count = value->count,
				 .is_vector = is_vector };
}

static int fetch(struct begat_trace *trace, int64_t number, bool is_vector, struct begat_strv *ret)
{
	struct cached *slot = &trace->texts->slots[(uint64_t)number % CACHE_SLOTS];
	struct begat_strv value;
	int rc, err = 0;

	if (slot->number == number && slot->is_vector == is_vector && number) {
		value = (struct begat_strv){ .data = copy(trace->texts, slot->data, slot->len),
					     .bytes = slot->len,
					     .count = slot->count };
		if (!value.data)
			return trace_fail_sqlite(trace, SQLITE_NOMEM);
		*ret = value;
		return 0;
	}
	sqlite3_bind_int64(trace->text, 1, number);
	rc = sqlite3_step(trace->text);
	if (rc == SQLITE_ROW)
		err = read_text(trace, is_vector, &value);
	else if (rc == SQLITE_DONE)
		err = trace_fail(trace, EBADMSG,
				 "%s is damaged: string %lld is missing; record again", trace->path,
				 (long long)number);
	else
		err = trace_fail_sqlite(trace, rc);
	sqlite3_reset(trace->text);
	if (err)
		return err;
	remember(slot, number, is_vector, &value);
	*ret = value;
	return 0;
}

int texts_str(struct begat_trace *trace, int64_t number, struct begat_str *ret)
{
	struct begat_strv value;
	int err = fetch(trace, number, false, &value);

	if (!err)
		*ret = (struct begat_str){ .data = value.data, .len = value.bytes };
	return err;
}

int texts_strv(struct begat_trace *trace, int64_t number, struct begat_strv *ret)
{
	return fetch(trace, number, true, ret);
}

int texts_keep(struct begat_trace *trace, const char *data, size_t len, struct begat_str *ret)
{
	const char *kept = copy(trace->texts, data, len);

	if (!kept)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	*ret = (struct begat_str){ .data = kept, .len = len };
	return 0;
}
