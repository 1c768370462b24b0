/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/escape.c - text that is safe on a terminal, and pastes back into a shell.
 *
 * What is written is printable, valid UTF-8 in one direction, whatever came in: an argv cannot
 * forge a line, color a screen or move a cursor. A backslash in the text is doubled where an
 * escape could be meant, so that two different texts never look the same.
 */
#include "base/api.h"

#include <begat/text.h>
#include <stdint.h>
#include <string.h>

#include "base/byte_set.h"
#include "base/utf8.h"

struct escaped {
	char *out;
	size_t room; /* bytes that may be written, the NUL apart */
	size_t len; /* so far, written or not */
	size_t written;
};

/* All of it or nothing, so that a cut text ends between two characters. */
static void put(struct escaped *to, const char *data, size_t len)
{
	if (to->written == to->len && to->len + len <= to->room) {
		memcpy(to->out + to->written, data, len);
		to->written += len;
	}
	to->len += len;
}

static void put_hex(struct escaped *to, char letter, uint32_t value, int digits)
{
	char text[10] = { '\\', letter };

	for (int i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
	put(to, text, (size_t)digits + 2);
}

static void put_unsafe(struct escaped *to, uint32_t codepoint)
{
	static const char short_forms[32] = { ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r' };

	if (codepoint < 32 && short_forms[codepoint])
		put(to, (char[]){ '\\', short_forms[codepoint] }, 2);
	else if (codepoint < 0x80)
		put_hex(to, 'x', codepoint, 2);
	else if (codepoint < 0x10000)
		put_hex(to, 'u', codepoint, 4);
	else
		put_hex(to, 'U', codepoint, 8);
}

static void put_escaped(struct escaped *to, const char *data, size_t len, char quote)
{
	for (size_t at = 0; at < len;) {
		uint32_t codepoint;
		size_t n = utf8_next(data + at, len - at, &codepoint);

		if (!n) {
			put_hex(to, 'x', (unsigned char)data[at], 2);
			n = 1;
		} else if (utf8_is_unsafe(codepoint)) {
			put_unsafe(to, codepoint);
		} else if (data[at] == '\\' || (quote && data[at] == quote)) {
			put(to, (char[]){ '\\', data[at] }, 2);
		} else {
			put(to, data + at, n);
		}
		at += n;
	}
}

enum quoting {
	QUOTE_NONE,
	QUOTE_SINGLE, /* 'a b' */
	QUOTE_ESCAPED, /* $'a\nb' */
};

static enum quoting quoting_of(const char *data, size_t len)
{
	enum quoting quoting = len ? QUOTE_NONE : QUOTE_SINGLE;

	for (size_t at = 0; at < len;) {
		uint32_t codepoint;
		size_t n = utf8_next(data + at, len - at, &codepoint);

		if (!n || utf8_is_unsafe(codepoint))
			return QUOTE_ESCAPED;
		if (n == 1 && byte_is_one_of((char)codepoint, " !\"#$&'()*;<>?[\\]^`{|}~"))
			quoting = QUOTE_SINGLE;
		at += n;
	}
	return quoting;
}

static void put_single_quoted(struct escaped *to, const char *data, size_t len)
{
	put(to, "'", 1);
	for (size_t at = 0; at < len;) {
		uint32_t codepoint;
		size_t n = utf8_next(data + at, len - at, &codepoint);

		if (data[at] == '\'')
			put(to, "'\\''", 4);
		else
			put(to, data + at, n);
		at += n;
	}
	put(to, "'", 1);
}

/* Most of what people run: nothing to escape, nothing to quote. */
static bool is_plain(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c < '+' || c > 'z' || (c >= ';' && c <= '?' && c != '=') ||
		    (c >= '[' && c <= '`' && c != '_'))
			return false;
	}
	return len > 0;
}

BEGAT_API size_t begat_escape(char *out, size_t size, const char *data, size_t len, bool shell)
{
	struct escaped to = { .out = out, .room = size ? size - 1 : 0 };
	enum quoting quoting;

	if (len < size && is_plain(data, len)) {
		memcpy(out, data, len);
		out[len] = '\0';
		return len;
	}
	quoting = shell ? quoting_of(data, len) : QUOTE_NONE;
	if (!shell) {
		put_escaped(&to, data, len, 0);
	} else if (quoting == QUOTE_SINGLE) {
		put_single_quoted(&to, data, len);
	} else if (quoting == QUOTE_ESCAPED) {
		put(&to, "$'", 2);
		put_escaped(&to, data, len, '\'');
		put(&to, "'", 1);
	} else {
		put_escaped(&to, data, len,
			    0); /* nothing to escape; a cut ends between characters */
	}
	if (size)
		out[to.written] = '\0';
	return to.len;
}
