/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/user_window.h - strings of the caller that lie near each other, read at once.
 *
 * Owns: the window, and copies out of it. Not: which strings these are (failed_argv.h).
 *
 * A read of the user's memory costs 50 to 100 ns whatever its length, most of it checks; copying a
 * word out of the window costs 1 or 2 ns. Literals, a shell's small allocations and the arguments
 * of a running program lie within a few hundred bytes. So one read takes the memory from the first
 * string to the end of the last, and each string is what lies between its pointer and the next
 * NUL. The strings may be in any order, overlap, or be part of one another. A string that does not
 * end in the window is not near.
 */
#ifndef BEGAT_BPF_EMIT_USER_WINDOW_H
#define BEGAT_BPF_EMIT_USER_WINDOW_H

#include "maps.h"

/* From the beginning of the first string to that of the last; the longest string, with its NUL. */
#define WINDOW_SPAN_BYTES 384
#define WINDOW_STRING_BYTES 128 /* a multiple of 8 */
#define WINDOW_BYTES (WINDOW_SPAN_BYTES + WINDOW_STRING_BYTES)
#define WINDOW_PAGE_BYTES \
	4096 /* or a multiple: the read ends with the page where the last string begins */

struct user_window {
	__u64 start; /* user address */
	__u64 last; /* of the string that begins last */
	__u64 bytes; /* that were read, from @start on */
	/* words behind the bytes are read, and not used */
	__u8 window[WINDOW_BYTES + WINDOW_STRING_BYTES];
};

static __always_inline void window_begin(struct user_window *window, __u64 string)
{
	window->start = string;
	window->last = string;
}

/* Extends the window to @string. False: it is not near the others. */
static __always_inline bool window_add(struct user_window *window, __u64 string)
{
	__u64 start = window->start, last = window->last;

	if (string < start)
		start = string;
	if (string > last)
		last = string;
	if (last - start > WINDOW_SPAN_BYTES)
		return false;
	window->start = start;
	window->last = last;
	return true;
}

static __always_inline bool window_read(struct user_window *window)
{
	__u64 start = window->start, last = window->last;
	__u64 rest = WINDOW_PAGE_BYTES - (last & (WINDOW_PAGE_BYTES - 1)), bytes;

	bytes = last - start + (rest < WINDOW_STRING_BYTES ? rest : WINDOW_STRING_BYTES);
	window->bytes = bytes;
	return !bound_read_user((void *)window->window, bytes, WINDOW_BYTES, (void *)start);
}

/*
 * Copies @string to @to, where there is room for WINDOW_STRING_BYTES. Returns its bytes with the
 * NUL, or 0 if the window does not hold all of it.
 */
static __always_inline __u32 window_copy(const struct user_window *window, __u64 string, void *to)
{
	const __u64 ones = 0x0101010101010101, tops = 0x8080808080808080; /* little-endian */
	__u64 from = string - window->start;
	const void *at;

	at = bound_at((void *)window->window, from, WINDOW_BYTES - 1);
	if (!at)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < WINDOW_STRING_BYTES; i += 8) {
		__u64 word = *(const volatile __u64 *)(at + i), zero;

		*(volatile __u64 *)(to + i) = word;
		zero = (word - ones) & ~word & tops; /* its lowest bit is that of the first NUL */
		if (!zero)
			continue;
		zero = ((zero - 1) & ~zero) >> 7; /* bits of the bytes before it */
		i += (zero * 0x0001020304050608 >> 56) + 1;
		return from + i <= window->bytes ? i : 0;
	}
	return 0;
}

#endif
