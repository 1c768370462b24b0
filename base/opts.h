/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/opts.h - copy a public struct that begins with its own size.
 *
 * Owns:    the one rule for callers that were compiled against an older or a newer header.
 */
#ifndef BASE_OPTS_H
#define BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * opts_copy() - @src, which says its own size first, into @dst of @dst_size bytes.
 *
 * A smaller struct is filled up with zeros: the caller does not know the newer members. A larger
 * one is accepted if what lies beyond is zero: the caller does not use what we do not know.
 * dst's size becomes @dst_size. Return: false if the size is no size, or a member is not known.
 */
static inline bool opts_copy(void *dst, size_t dst_size, const void *src)
{
	size_t size;

	memset(dst, 0, dst_size);
	if (!src)
		return false;
	memcpy(&size, src, sizeof(size));
	if (size < sizeof(size) || size > 64 * dst_size)
		return false;
	for (size_t i = dst_size; i < size; i++)
		if (((const unsigned char *)src)[i])
			return false;
	memcpy(dst, src, size < dst_size ? size : dst_size);
	memcpy(dst, &dst_size, sizeof(dst_size));
	return true;
}

/*
 * opts_give() - the other way: @src of @src_size bytes into a struct of the caller, which says its
 * size first and keeps it. What the caller has beyond becomes zero. Return: false for no size.
 */
static inline bool opts_give(void *dst, const void *src, size_t src_size)
{
	size_t size, common;

	memcpy(&size, dst, sizeof(size));
	if (size < sizeof(size))
		return false;
	common = size < src_size ? size : src_size;
	memset((char *)dst + sizeof(size), 0, size - sizeof(size));
	if (common > sizeof(size))
		memcpy((char *)dst + sizeof(size), (const char *)src + sizeof(size),
		       common - sizeof(size));
	return true;
}

#endif
