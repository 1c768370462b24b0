/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/array.h - an array that doubles.
 *
 * Not:     its members: the caller counts them, and frees the array.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Room for one more of @bytes bytes behind the @count members of *@array, a pointer to an array.
 * Indexes fit 32 bits. 0, or -ENOMEM, then nothing changes.
 */
static inline int array_grow(void *array, uint32_t count, uint32_t *room, size_t bytes)
{
	uint64_t more = *room ? (uint64_t)*room * 2 : 64;
	void *old, *bigger;

	if (count < *room)
		return 0;
	if (more > UINT32_MAX)
		more = UINT32_MAX;
	if (count >= more)
		return -ENOMEM;
	memcpy(&old, array, sizeof(old));
	bigger = reallocarray(old, more, bytes);
	if (!bigger)
		return -ENOMEM;
	memcpy(array, &bigger, sizeof(bigger));
	*room = (uint32_t)more;
	return 0;
}

#endif
