/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/hash.h - FNV-1a, for hash tables and for numbers that represent a text.
 *
 * Owns: the function. Not: how a table uses it; not safe against an attacker who chooses the text.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN 0xcbf29ce484222325ull

/* @hash: HASH_BEGIN, or what the bytes before gave. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

#endif
