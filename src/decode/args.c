/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/args.c - argv and env: blocks of NUL-terminated strings in a row.
 *
 * Owns:    what a block may look like: it ends with a NUL, whatever arrived.
 * Not:     where a block comes from (block.c), joining (chunk.c).
 */
#include "decode/decoder.h"

#include <string.h>

/*
 * Eight bytes at a time, as a block may be megabytes: adding 0x7f to a byte's low bits carries
 * into its top bit unless they are 0, and nothing carries out of the byte.
 */
static uint32_t count_nuls(const char *data, size_t bytes)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7full, ones = 0x0101010101010101ull;
	uint32_t count = 0;
	size_t i = 0;

	for (; i + 8 <= bytes; i += 8) {
		uint64_t word;

		memcpy(&word, data + i, 8);

		uint64_t zeros = ~(((word & low) + low) | word | low); /* top bits of NULs */

		count += (uint32_t)(((zeros >> 7) * ones) >> 56);
	}
	for (; i < bytes; i++)
		count += !data[i];
	return count;
}

struct begat_strv decode_strings(const char *data, size_t bytes)
{
	const char *last = bytes ? memrchr(data, 0, bytes) : NULL;

	if (!last)
		return (struct begat_strv){ .data = "" };

	size_t kept = (size_t)(last - data) + 1;

	return (struct begat_strv){ .data = data, .bytes = kept, .count = count_nuls(data, kept) };
}

static bool is_wanted(const struct decoder *decoder, const char *variable, size_t len)
{
	for (size_t i = 0; i < decoder->env_names_count; i++) {
		const struct decode_env_name *name = &decoder->env_names[i];

		if (len > name->len && variable[name->len] == '=' &&
		    !memcmp(variable, name->name, name->len))
			return true;
	}
	return false;
}

struct begat_strv decode_filter_env(const struct decoder *decoder, struct begat_strv env, char *buf)
{
	struct begat_strv kept = { .data = buf };

	for (size_t pos = 0; pos < env.bytes;) {
		const char *variable = env.data + pos;
		size_t len = strlen(variable);

		if (is_wanted(decoder, variable, len)) {
			memmove(buf + kept.bytes, variable, len + 1);
			kept.bytes += len + 1;
			kept.count++;
		}
		pos += len + 1;
	}
	if (!kept.count)
		kept.data = "";
	return kept;
}
