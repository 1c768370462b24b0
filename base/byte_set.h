/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/byte_set.h - is a byte one of a few?
 *
 * Owns:    the question, asked of bytes that a traced process supplies.
 * Why:     strchr(set, 0) finds the end of the set, so a NUL byte counts as a member.
 *          scripts/check-layers.sh refuses strchr() on a set that is written in place.
 */
#ifndef BASE_BYTE_SET_H
#define BASE_BYTE_SET_H

#include <stdbool.h>
#include <string.h>

/* Is @byte in @set? A NUL byte is in no set. */
static inline bool byte_is_one_of(char byte, const char *set)
{
	return byte && strchr(set, byte);
}

#endif
