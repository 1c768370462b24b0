/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/string_table.c - see string_table.h.
 */
#include "string_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20, BUCKETS_FIRST = 1 << 10, ITEMS_FIRST = 256 };

/* Strings are often chosen by others: mixed well enough that no simple pattern collides. */
static uint32_t hash_of(const char *data, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15ull ^ len;

	while (len >= 8) {
		uint64_t word;

		memcpy(&word, data, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
		data += 8;
		len -= 8;
	}
	for (; len; len--)
		h = (h ^ (unsigned char)*data++) * 0x100000001b3ull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return (uint32_t)(h ^ h >> 33);
}

static int grow_buckets(struct string_table *t)
{
	uint32_t count = t->buckets_count ? t->buckets_count * 2 : BUCKETS_FIRST;
	uint32_t *buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 1; i < t->count; i++) {
		uint32_t at = t->items[i].hash & (count - 1);

		while (buckets[at])
			at = (at + 1) & (count - 1);
		buckets[at] = i;
	}
	free(t->buckets);
	t->buckets = buckets;
	t->buckets_count = count;
	return 0;
}

static int grow_items(struct string_table *t)
{
	uint32_t room = t->room ? t->room + t->room / 2 : ITEMS_FIRST;
	struct string_item *items;

	if (room > INT32_MAX)
		return -ENOMEM;
	items = reallocarray(t->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	t->items = items;
	t->room = room;
	if (!t->count)
		t->items[t->count++] = (struct string_item){ .data = "" };
	return 0;
}

/* Big strings get a block of their own, linked behind the current one. */
static char *carve(struct string_table *t, size_t len)
{
	bool is_big = len > BLOCK_BYTES / 4;
	size_t size = sizeof(char *) + (is_big ? len : BLOCK_BYTES);

	if (is_big || !t->block || t->block_bytes - t->block_used < len) {
		char *block = malloc(size);

		if (!block)
			return NULL;
		if (is_big && t->block) {
			memcpy(block, t->block, sizeof(void *));
			memcpy(t->block, &block, sizeof(block));
			return block + sizeof(char *);
		}
		memcpy(block, &t->block, sizeof(char *));
		t->block = block;
		t->block_used = sizeof(char *);
		t->block_bytes = size;
	}
	t->block_used += len;
	return t->block + t->block_used - len;
}

int string_table_add(struct string_table *t, const char *data, size_t len, uint32_t *ret_number)
{
	uint32_t at, hash;
	char *copy;

	if (!len) {
		*ret_number = 0;
		return 0;
	}
	if (len > UINT32_MAX - 1 || (t->count == t->room && grow_items(t) < 0) ||
	    (t->count >= t->buckets_count / 2 && grow_buckets(t) < 0))
		return -ENOMEM;
	hash = hash_of(data, len);
	for (at = hash & (t->buckets_count - 1); t->buckets[at];
	     at = (at + 1) & (t->buckets_count - 1)) {
		const struct string_item *item = &t->items[t->buckets[at]];

		if (item->hash == hash && item->len == len && !memcmp(item->data, data, len)) {
			*ret_number = t->buckets[at];
			return 0;
		}
	}
	copy = carve(t, len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	copy[len] = '\0';
	t->items[t->count] = (struct string_item){ copy, (uint32_t)len, hash };
	t->buckets[at] = t->count;
	t->bytes += len;
	*ret_number = t->count++;
	return 0;
}

struct string_item string_table_get(const struct string_table *t, uint32_t number)
{
	return number && number < t->count ? t->items[number] : (struct string_item){ .data = "" };
}

uint32_t string_table_count(const struct string_table *t)
{
	return t->count ? t->count : 1;
}

void string_table_done(struct string_table *t)
{
	while (t->block) {
		char *before;

		memcpy(&before, t->block, sizeof(before));
		free(t->block);
		t->block = before;
	}
	free(t->items);
	free(t->buckets);
	*t = (struct string_table){ 0 };
}
