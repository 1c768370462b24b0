/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/strings.h - each different string once, named by a 32-bit number.
 *
 * Owns:  their memory, with an upper bound.
 * Not:   what they mean.
 */
#ifndef BEGAT_CLI_STRINGS_H
#define BEGAT_CLI_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#define STRINGS_BYTES_MAX (64u << 20) /* then strings_add() answers STRING_NONE */
#define STRING_NONE 0u /* the empty string */

struct strings {
	char *bytes; /* one after the other, each with its NUL; the first is "" */
	size_t used, room;
	uint32_t *slots; /* open addressing: numbers, 0 = free */
	size_t slots_mask, count;
	size_t max; /* STRINGS_BYTES_MAX; tests take less */
};

/* Zeroes are a valid start, but for max. strings_done() takes zeroes too. */
void strings_init(struct strings *strings);
void strings_done(struct strings *strings);

/* The number of the string: the same for the same bytes. STRING_NONE if there is no room. */
uint32_t strings_add(struct strings *strings, const char *data, size_t len);

/* Valid until the next strings_add(). */
const char *strings_get(const struct strings *strings, uint32_t number);

/* For hash tables over other things, too. */
uint64_t strings_hash(const void *data, size_t len);

#endif
