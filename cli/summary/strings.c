/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/strings.c - each different string once, named by a 32-bit number.
 *
 * Owns:  their memory, with an upper bound: a million processes repeat few commands.
 * Not:   what they mean.
 *
 * Invariants
 *  (1) A number never changes and is its string's offset in bytes.
 *  (2) Running out of memory or of room costs strings, never the process that has them.
 */
#include "base/hash.h"
#include "strings.h"

#include <stdlib.h>
#include <string.h>

uint64_t strings_hash(const void *data, size_t len)
{
	uint64_t hash = hash_bytes(HASH_BEGIN, data, len);

	/* The low bits choose the slot. */
	return hash ^ hash >> 32;
}

void strings_init(struct strings *strings)
{
	*strings = (struct strings){ .max = STRINGS_BYTES_MAX };
}

void strings_done(struct strings *strings)
{
	free(strings->bytes);
	free(strings->slots);
	strings_init(strings);
}

const char *strings_get(const struct strings *strings, uint32_t number)
{
	return number && number < strings->used ? strings->bytes + number : "";
}

static uint32_t *find_slot(const struct strings *strings, const char *data, size_t len)
{
	size_t i = strings_hash(data, len) & strings->slots_mask;

	for (;; i = (i + 1) & strings->slots_mask) {
		uint32_t number = strings->slots[i];

		if (!number)
			return &strings->slots[i];
		const char *have = strings->bytes + number;

		if (!strncmp(have, data, len) && !have[len])
			return &strings->slots[i];
	}
}

static int grow_slots(struct strings *strings)
{
	size_t slots = strings->slots ? (strings->slots_mask + 1) * 2 : 1024;
	struct strings bigger = *strings;

	bigger.slots = calloc(slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -1;
	bigger.slots_mask = slots - 1;
	for (size_t number = 1; number < strings->used;) {
		const char *have = strings->bytes + number;
		size_t len = strlen(have);

		*find_slot(&bigger, have, len) = (uint32_t)number;
		number += len + 1;
	}
	free(strings->slots);
	*strings = bigger;
	return 0;
}

static int grow_bytes(struct strings *strings, size_t need)
{
	size_t room = strings->room ? strings->room : 4096;

	while (room < need)
		room *= 2;
	if (room == strings->room)
		return 0;
	char *bigger = realloc(strings->bytes, room);

	if (!bigger)
		return -1;
	strings->bytes = bigger;
	strings->room = room;
	if (!strings->used)
		strings->bytes[strings->used++] = 0;
	return 0;
}

uint32_t strings_add(struct strings *strings, const char *data, size_t len)
{
	len = strnlen(data, len);
	if (!len)
		return STRING_NONE;
	size_t need = strings->used + len + 2; /* the first one brings the empty string along */

	if (need > strings->max || grow_bytes(strings, need))
		return STRING_NONE;
	if ((!strings->slots || strings->count * 2 > strings->slots_mask) && grow_slots(strings))
		return STRING_NONE;
	uint32_t *slot = find_slot(strings, data, len);

	if (*slot)
		return *slot;
	*slot = (uint32_t)strings->used;
	memcpy(strings->bytes + strings->used, data, len);
	strings->bytes[strings->used + len] = 0;
	strings->used += len + 1;
	strings->count++;
	return *slot;
}
