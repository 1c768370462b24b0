/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/intern.c - what was stored lately, by content.
 *
 * Owns:    two open-addressing tables over two blocks of bytes.
 * Not:     storing (row_from_event.c).
 */
#include "store/write/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Small enough to stay in a core's cache: what repeats in a build is far less. */
#define SLOTS (1u << 14) /* a generation; 3/4 of them are used */
#define KEY_BYTES (4u << 20) /* of all texts of a generation */
#define KEY_BYTES_MAX (64u << 10) /* of one */

struct intern_slot {
	uint64_t hash;
	int64_t number; /* 0 = free */
	uint32_t offset, len; /* in keys */
};

struct generation {
	struct intern_slot *slots;
	char *keys;
	uint32_t count, used;
};

struct intern {
	struct generation young, old;
	uint64_t seed[2];
};

static void generation_done(struct generation *g)
{
	free(g->slots);
	free(g->keys);
}

static int generation_init(struct generation *g)
{
	g->slots = calloc(SLOTS, sizeof(*g->slots));
	g->keys = malloc(KEY_BYTES);
	return g->slots && g->keys ? 0 : -ENOMEM;
}

static void generation_clear(struct generation *g)
{
	memset(g->slots, 0, SLOTS * sizeof(*g->slots));
	g->count = 0;
	g->used = 0;
}

int intern_new(struct intern **ret_intern)
{
	struct intern *intern = calloc(1, sizeof(*intern));

	if (!intern)
		return -ENOMEM;
	if (generation_init(&intern->young) < 0 || generation_init(&intern->old) < 0) {
		intern_free(intern);
		return -ENOMEM;
	}
	/* Early in boot there may be no randomness yet; then addresses and time must do. */
	if (getrandom(intern->seed, sizeof(intern->seed), GRND_NONBLOCK) < 0) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		intern->seed[0] = (uint64_t)(uintptr_t)intern * 0x9e3779b97f4a7c15ull;
		intern->seed[1] = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec;
	}
	*ret_intern = intern;
	return 0;
}

void intern_free(struct intern *intern)
{
	if (!intern)
		return;
	generation_done(&intern->young);
	generation_done(&intern->old);
	free(intern);
}

void intern_clear(struct intern *intern)
{
	generation_clear(&intern->young);
	generation_clear(&intern->old);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const char *data, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, data, len);
	return word;
}

static uint64_t hash_bytes(const struct intern *intern, unsigned kind, const char *data, size_t len)
{
	const uint64_t odd = 0xa0761d6478bd642full;
	uint64_t h = intern->seed[0] ^ mix(len + 1, odd) ^ kind;

	for (; len >= 16; data += 16, len -= 16)
		h = mix(load(data, 8) ^ intern->seed[1], load(data + 8, 8) ^ h);
	if (len >= 8) {
		h = mix(load(data, 8) ^ intern->seed[1], odd ^ h);
		data += 8;
		len -= 8;
	}
	if (len)
		h = mix(load(data, len) ^ intern->seed[1], (odd << 1) ^ h);
	return mix(h ^ intern->seed[1], odd ^ intern->seed[0]) << 2 | kind;
}

static struct intern_slot *find(const struct generation *g, const void *data, size_t len,
				uint64_t hash)
{
	for (uint32_t i = (uint32_t)(hash >> 2);; i++) {
		struct intern_slot *slot = &g->slots[i & (SLOTS - 1)];

		if (!slot->number)
			return NULL;
		if (slot->hash == hash && slot->len == len &&
		    (!len || !memcmp(g->keys + slot->offset, data, len)))
			return slot;
	}
}

void intern_add(struct intern *intern, enum intern_kind kind, const void *data, size_t len,
		uint64_t hash, int64_t number)
{
	struct generation *g = &intern->young;
	uint32_t i;

	if (len > KEY_BYTES_MAX)
		return;
	if (g->count >= SLOTS / 4 * 3 || g->used + len > KEY_BYTES) {
		struct generation old = intern->old;

		intern->old = intern->young;
		intern->young = old;
		generation_clear(&intern->young);
	}
	for (i = (uint32_t)(hash >> 2); g->slots[i & (SLOTS - 1)].number; i++)
		;
	g->slots[i & (SLOTS - 1)] = (struct intern_slot){ hash, number, g->used, (uint32_t)len };
	if (len)
		memcpy(g->keys + g->used, data, len);
	g->used += (uint32_t)len;
	g->count++;
}

int64_t intern_find(struct intern *intern, enum intern_kind kind, const void *data, size_t len,
		    uint64_t *ret_hash)
{
	uint64_t hash = hash_bytes(intern, kind, data, len);
	struct intern_slot *slot = find(&intern->young, data, len, hash);
	int64_t number;

	*ret_hash = hash;
	if (slot)
		return slot->number;
	slot = find(&intern->old, data, len, hash);
	if (!slot)
		return 0;
	number = slot->number;
	intern_add(intern, kind, data, len, hash, number);
	return number;
}
