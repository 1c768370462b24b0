/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/bytes.h - a buffer that grows and keeps what it has.
 *
 * Owns:    the memory. Offsets into it stay good when it grows; pointers do not.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	char *data;
	size_t len, capacity;
};

/* Room for @len more bytes behind the end, or NULL. The caller adds to b->len what it used. */
static inline char *bytes_reserve(struct bytes *b, size_t len)
{
	if (b->capacity - b->len < len) {
		size_t capacity = b->capacity ? b->capacity : 4096;
		char *data;

		while (capacity - b->len < len)
			capacity *= 2;
		data = realloc(b->data, capacity);
		if (!data)
			return NULL;
		b->data = data;
		b->capacity = capacity;
	}
	return b->data + b->len;
}

/* 0 or -ENOMEM. */
static inline int bytes_add(struct bytes *b, const void *data, size_t len)
{
	char *to = bytes_reserve(b, len ? len : 1);

	if (!to)
		return -ENOMEM;
	if (len)
		memcpy(to, data, len);
	b->len += len;
	return 0;
}

static inline void bytes_done(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

#endif
