/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/live.c - which row a process that has not ended is in.
 *
 * Owns:    an open-addressing table, grown by doubling; removal shifts back.
 */
#include "store/write/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ids are hashes already, but a file or a test may bring others. */
static uint32_t home(const struct live *live, uint64_t id)
{
	return (uint32_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & (live->capacity - 1);
}

struct live_entry *live_find(const struct live *live, uint64_t id)
{
	if (!live->capacity)
		return NULL;
	for (uint32_t i = home(live, id);; i = (i + 1) & (live->capacity - 1)) {
		if (!live->slots[i].row)
			return NULL;
		if (live->slots[i].id == id)
			return &live->slots[i];
	}
}

static void insert(struct live *live, const struct live_entry *entry)
{
	uint32_t i = home(live, entry->id);

	while (live->slots[i].row)
		i = (i + 1) & (live->capacity - 1);
	live->slots[i] = *entry;
	live->count++;
}

static int grow(struct live *live)
{
	struct live bigger = { .capacity = live->capacity ? live->capacity * 2 : 1024 };

	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < live->capacity; i++)
		if (live->slots[i].row)
			insert(&bigger, &live->slots[i]);
	free(live->slots);
	*live = bigger;
	return 0;
}

int live_put(struct live *live, const struct live_entry *entry)
{
	struct live_entry *old = live_find(live, entry->id);

	if (old) {
		*old = *entry;
		return 0;
	}
	if (live->count >= LIVE_MAX)
		live_clear(live);
	if (live->count * 4 >= live->capacity * 3 && grow(live) < 0)
		return -ENOMEM;
	insert(live, entry);
	return 0;
}

void live_remove(struct live *live, struct live_entry *entry)
{
	uint32_t mask = live->capacity - 1;
	uint32_t hole = (uint32_t)(entry - live->slots);

	for (uint32_t i = (hole + 1) & mask; live->slots[i].row; i = (i + 1) & mask) {
		/* May move back unless its home lies behind the hole. */
		if (((i - home(live, live->slots[i].id)) & mask) >= ((i - hole) & mask)) {
			live->slots[hole] = live->slots[i];
			hole = i;
		}
	}
	live->slots[hole].row = 0;
	live->count--;
}

void live_clear(struct live *live)
{
	if (live->slots)
		memset(live->slots, 0, live->capacity * sizeof(*live->slots));
	live->count = 0;
}

void live_done(struct live *live)
{
	free(live->slots);
	*live = (struct live){ 0 };
}
