/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json_print.c - see json_print.h.
 */
#include "base/json_print.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_set.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes at the start of @data that are written as they are. */
static size_t plain_span(const char *data, size_t len)
{
	uint32_t codepoint;
	size_t i = 0, n;

	while (i < len) {
		n = is_plain((unsigned char)data[i]) ? 1 : 0;
		if (!n && data[i] & 0x80)
			n = utf8_next(data + i, len - i, &codepoint);
		if (!n)
			break;
		i += n;
	}
	return i;
}

void json_print_bytes(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		unsigned char c = (unsigned char)data[i];

		n = plain_span(data + i, len - i);
		if (n)
			fwrite(data + i, 1, n, out);
		else if (c & 0x80)
			fputs(REPLACEMENT, out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			fprintf(out, "\\u%04x", c);
	}
}

void json_print_string(FILE *out, const char *data, size_t len)
{
	putc('"', out);
	json_print_bytes(out, data, len);
	putc('"', out);
}

/* JSON allows them in strings, scripts of old do not: U+2028 and U+2029. */
static bool is_line_separator(uint32_t codepoint)
{
	return (codepoint | 1) == 0x2029;
}

void json_print_for_page(FILE *out, const char *data, size_t len)
{
	putc('"', out);
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		uint32_t codepoint;

		n = utf8_next(data + i, len - i, &codepoint);
		if (!n)
			fputs("\\ufffd", out);
		else if (codepoint < 0x20 || codepoint == 0x7f || is_line_separator(codepoint) ||
			 (n == 1 && byte_is_one_of(data[i], "\"\\<>&")))
			fprintf(out, "\\u%04x", codepoint);
		else
			fwrite(data + i, 1, n, out);
	}
	putc('"', out);
}
