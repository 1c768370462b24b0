/* SPDX-License-Identifier: BSD-2-Clause */
/* trace/export/utf8.h - where a character of UTF-8 ends. */
#ifndef BEGAT_TRACE_EXPORT_UTF8_H
#define BEGAT_TRACE_EXPORT_UTF8_H

#include <stddef.h>

/* Bytes of the valid sequence at @s (@len >= 1 bytes), 0 if there is none. */
static inline unsigned utf8_sequence(const unsigned char *s, size_t len)
{
	static const unsigned char first[] = { 0xc2, 0xe0, 0xf0, 0xf5 };
	unsigned n = 0;

	if (s[0] < 0x80)
		return 1;
	for (unsigned i = 0; i < 3; i++)
		if (s[0] >= first[i] && s[0] < first[i + 1])
			n = i + 2;
	if (!n || len < n)
		return 0;
	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, a surrogate, beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

#endif
