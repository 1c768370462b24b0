/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/text.c - texts as a database holds them.
 *
 * Owns:    what may be TEXT, JSON arrays of strings.
 * Not:     storing each once (intern.c).
 */
#include "store/format/text.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

/* Bytes at the start of @s that are ASCII, in steps of eight. */
static size_t ascii_words(const char *s, size_t len)
{
	size_t i = 0;

	for (uint64_t word; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (word & 0x8080808080808080ull)
			break;
	}
	return i;
}

static bool is_utf8(const char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		i += ascii_words(data + i, len - i);
		if (i == len)
			break;

		uint32_t codepoint;
		size_t n = utf8_next(data + i, len - i, &codepoint);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

bool text_is_plain(const char *data, size_t len)
{
	return (!len || !memchr(data, 0, len)) && is_utf8(data, len);
}

static char *escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	const char *found = memchr(letters, c, sizeof(letters) - 1);

	*to++ = '\\';
	if (found) {
		*to++ = found[1];
		return to;
	}
	memcpy(to, "u00", 3);
	to[3] = hex[c >> 4];
	to[4] = hex[c & 15];
	return to + 5;
}

int text_encode_vector(const struct begat_strv *strv, struct bytes *out)
{
	if (!is_utf8(strv->data, strv->bytes))
		return 0;
	/* The worst: every byte becomes \u00xx; and quotes and commas. */
	char *to = bytes_reserve(out, strv->bytes * 6 + (size_t)strv->count * 3 + 3);

	if (!to)
		return -ENOMEM;
	*to++ = '[';
	for (size_t i = 0; i < strv->bytes; i++) {
		unsigned char c = (unsigned char)strv->data[i];

		*to++ = '"';
		for (; c; c = (unsigned char)strv->data[++i]) {
			if (c >= 0x20 && c != '"' && c != '\\')
				*to++ = (char)c;
			else
				to = escape(to, c);
		}
		*to++ = '"';
		*to++ = ',';
	}
	to -= to[-1] == ',';
	*to++ = ']';
	out->len = (size_t)(to - out->data);
	return 1;
}

struct json {
	const char *at, *end;
};

static void skip_space(struct json *j)
{
	while (j->at < j->end &&
	       (*j->at == ' ' || *j->at == '\t' || *j->at == '\r' || *j->at == '\n'))
		j->at++;
}

static bool take(struct json *j, char c)
{
	skip_space(j);
	if (j->at == j->end || *j->at != c)
		return false;
	j->at++;
	return true;
}

static int hex4(struct json *j)
{
	int value = 0;

	if (j->end - j->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *found = memchr(digits, *j->at++, sizeof(digits) - 1);

		if (!found)
			return -1;
		value = value << 4 |
			(int)(found - digits > 15 ? found - digits - 6 : found - digits);
	}
	return value;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code >= 0x10000) {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
	} else if (code >= 0x800) {
		*to++ = (char)(0xe0 | code >> 12);
	} else {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
		return to;
	}
	*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* Behind a backslash. NULL if it is malformed, or a NUL, which no string of a vector can hold. */
static char *unescape(struct json *j, char *to)
{
	static const char letters[] = "b\bf\fn\nr\rt\t\"\"\\\\//";
	int code, low;

	if (j->at == j->end)
		return NULL;
	char c = *j->at++;

	if (c != 'u') {
		for (size_t i = 0; i < sizeof(letters) - 1; i += 2) {
			if (letters[i] == c) {
				*to++ = letters[i + 1];
				return to;
			}
		}
		return NULL;
	}
	code = hex4(j);
	if (code <= 0 || (code >= 0xdc00 && code < 0xe000))
		return NULL;
	if (code < 0xd800 || code >= 0xe000)
		return put_utf8(to, (uint32_t)code);
	if (j->end - j->at < 6 || j->at[0] != '\\' || j->at[1] != 'u')
		return NULL;
	j->at += 2;
	low = hex4(j);
	if (low < 0xdc00 || low >= 0xe000)
		return NULL;
	return put_utf8(to,
			0x10000u + (uint32_t)(code - 0xd800) * 0x400u + (uint32_t)(low - 0xdc00));
}

/* Not 0 if a byte of @word is @c. */
static uint64_t find_byte(uint64_t word, unsigned char c)
{
	word ^= 0x0101010101010101ull * c;
	return (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
}

/* Copies whole words of characters that mean themselves. */
static char *take_plain(struct json *j, char *to)
{
	for (uint64_t word; j->end - j->at >= (ptrdiff_t)sizeof(word); j->at += sizeof(word)) {
		memcpy(&word, j->at, sizeof(word));
		if (find_byte(word, '"') | find_byte(word, '\\') | find_byte(word, 0))
			break;
		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
	}
	return to;
}

/* A string, decoded to @to with a NUL; never longer than its JSON. NULL if malformed. */
static char *take_string(struct json *j, char *to)
{
	if (!take(j, '"'))
		return NULL;
	to = take_plain(j, to);
	while (j->at < j->end && *j->at != '"') {
		char c = *j->at++;

		if (!c)
			return NULL;
		if (c != '\\')
			*to++ = c;
		else if (!(to = unescape(j, to)))
			return NULL;
	}
	if (!take(j, '"'))
		return NULL;
	*to++ = '\0';
	return to;
}

int text_decode_vector_to(const char *json, size_t len, char *to, size_t *ret_bytes,
			  uint32_t *ret_count)
{
	struct json j = { json, json + len };
	const char *begin = to;
	uint32_t count = 0;

	if (!take(&j, '['))
		return -EBADMSG;
	if (!take(&j, ']')) {
		do {
			to = take_string(&j, to);
			if (!to)
				return -EBADMSG;
			count++;
		} while (take(&j, ','));
		if (!take(&j, ']'))
			return -EBADMSG;
	}
	skip_space(&j);
	if (j.at != j.end)
		return -EBADMSG;
	*ret_bytes = (size_t)(to - begin);
	*ret_count = count;
	return 0;
}

int text_decode_vector(const char *json, size_t len, struct bytes *out, uint32_t *ret_count)
{
	char *to = bytes_reserve(out, len + 1);
	size_t bytes = 0;
	int err = to ? text_decode_vector_to(json, len, to, &bytes, ret_count) : -ENOMEM;

	out->len += bytes;
	return err;
}

int text_decode_numbers(const char *json, size_t len, uint32_t *out, uint32_t max,
			uint32_t *ret_count)
{
	struct json j = { json, json + len };
	uint32_t count = 0;

	if (!take(&j, '['))
		return -EBADMSG;
	do {
		uint64_t value = 0;
		const char *first;

		skip_space(&j);
		first = j.at;
		for (; j.at < j.end && *j.at >= '0' && *j.at <= '9'; j.at++) {
			value = value * 10 + (uint64_t)(*j.at - '0');
			if (value > UINT32_MAX)
				return -EBADMSG;
		}
		if (j.at == first || count == max)
			return -EBADMSG;
		out[count++] = (uint32_t)value;
	} while (take(&j, ','));
	if (!take(&j, ']') || j.at != j.end)
		return -EBADMSG;
	*ret_count = count;
	return 0;
}

int text_count_vector(const char *data, size_t len, uint32_t *ret_count)
{
	uint32_t count = 0;

	if (len && data[len - 1])
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		count += !data[i];
	*ret_count = count;
	return 0;
}
