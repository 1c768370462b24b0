/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/text.h - texts as a database holds them.
 *
 * Owns:    what is TEXT and what must be a BLOB; vectors as JSON arrays, both ways.
 * Not:     storing each once (intern.c).
 */
#ifndef BEGAT_TRACE_STORE_TEXT_H
#define BEGAT_TRACE_STORE_TEXT_H

#include <begat/event.h>

struct bytes;

/* Valid UTF-8 without a NUL: may be TEXT. */
bool text_is_plain(const char *data, size_t len);

/*
 * Appends @strv as a JSON array of strings. Returns 1, or 0 with nothing added if a byte of it
 * is not valid UTF-8 (the caller then keeps the raw bytes), or -ENOMEM.
 */
int text_encode_vector(const struct begat_strv *strv, struct bytes *out);

/* Appends the strings of a JSON array, each with its NUL. 0, -EBADMSG, -ENOMEM. */
int text_decode_vector(const char *json, size_t len, struct bytes *out, uint32_t *ret_count);
/* The same to @to, where there is room for @len bytes. 0 or -EBADMSG. */
int text_decode_vector_to(const char *json, size_t len, char *to, size_t *ret_bytes,
			  uint32_t *ret_count);

/* The same for a JSON array of numbers up to 2^32 - 1; at most @max. 0 or -EBADMSG. */
int text_decode_numbers(const char *json, size_t len, uint32_t *out, uint32_t max,
			uint32_t *ret_count);

/* Counts the strings of a raw vector; -EBADMSG if the last has no NUL. */
int text_count_vector(const char *data, size_t len, uint32_t *ret_count);

#endif
