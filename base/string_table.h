/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/string_table.h - each different string once, by its number.
 *
 * Owns:    the bytes and the hash table over them.
 * Not:     what a string means: paths, argument lists and plain names are all bytes here.
 *
 * Invariants
 *  (1) Equal bytes, equal number. Number 0 is the empty string, in an empty table too.
 *  (2) A string stays where it is, with a NUL behind it, until string_table_done().
 */
#ifndef BASE_STRING_TABLE_H
#define BASE_STRING_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct string_item {
	char *data;
	uint32_t len, hash;
};

struct string_table {
	struct string_item *items;
	uint32_t *buckets; /* numbers; 0 = free */
	uint32_t count, room; /* items; those that begin with zeroes have none */
	uint32_t buckets_count;
	uint64_t bytes; /* of all strings */
	char *block; /* each begins with a pointer to the one before */
	size_t block_used, block_bytes;
};

/* Zeroes are an empty table. 0 or -ENOMEM; then @ret_number is untouched. */
int string_table_add(struct string_table *table, const char *data, size_t len,
		     uint32_t *ret_number);
/* Unknown numbers are the empty string. */
struct string_item string_table_get(const struct string_table *table, uint32_t number);
/* Numbers below this are in use. */
uint32_t string_table_count(const struct string_table *table);
void string_table_done(struct string_table *table);

#endif
