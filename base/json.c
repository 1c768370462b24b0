/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json.c - JSON values, straight into the buffer.
 */
#include "base/json.h"

#include <time.h>

#include "base/utf8.h"

#define ESCAPED_MAX 6 /* bytes that one byte becomes: a control character, \u001f */
#define PIECE_BYTES 4096

_Static_assert(PIECE_BYTES *ESCAPED_MAX + 16 <= OUTBUF_ROOM_MAX, "a piece fits");

const char json_digit_pairs[200] = "00010203040506070809101112131415161718192021222324252627282930"
				   "31323334353637383940414243444546474849505152535455565758596061"
				   "62636465666768697071727374757677787980818283848586878889909192"
				   "93949596979899";

char *json_time(char *at, struct json_clock *clock, uint64_t time_ns)
{
	uint64_t second = time_ns / 1000000000;
	uint32_t ns = (uint32_t)(time_ns % 1000000000);

	if (second != clock->second) {
		time_t t = (time_t)second;
		struct tm tm;
		char text[32];

		/* Years over 9999 are not RFC 3339; 64-bit nanoseconds end in 2554. */
		gmtime_r(&t, &tm);
		strftime(text, sizeof(text), "\"%Y-%m-%dT%H:%M:%S.", &tm);
		memcpy(clock->text, text, sizeof(clock->text));
		clock->second = second;
	}
	at = json_literal(at, clock->text, sizeof(clock->text));
	for (int i = 8; i > 0; i -= 2, ns /= 100)
		memcpy(at + i - 1, json_digit_pairs + ns % 100 * 2, 2);
	at[0] = (char)('0' + ns);
	at[9] = 'Z';
	at[10] = '"';
	return at + 11;
}

#define ONES 0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

/* The high bit of each byte that is zero (bytes above a zero one may be marked wrongly). */
static inline uint64_t zero_bytes(uint64_t v)
{
	return (v - ONES) & ~v & HIGHS;
}

/* Marks bytes that JSON cannot take as they are: controls, quote, backslash, over ASCII. */
static inline uint64_t special_bytes(uint64_t v)
{
	return ((v - ONES * 0x20) & ~v & HIGHS) | zero_bytes(v ^ ONES * '"') |
	       zero_bytes(v ^ ONES * '\\') | (v & HIGHS);
}

static char *escape_ascii(char *at, unsigned char c)
{
	static const char hex[16] = "0123456789abcdef";
	static const char short_forms[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	*at++ = '\\';
	if (c >= 0x20) {
		*at++ = (char)c; /* quote, backslash */
	} else if (short_forms[c]) {
		*at++ = short_forms[c];
	} else {
		at = JSON_LITERAL(at, "u00");
		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	return at;
}

/* What is being written: a string, or strings with a NUL after each. */
struct text {
	const char *data; /* next byte */
	const char *end;
	uint32_t strings; /* of a vector: those not yet ended; else 0 */
	bool valid; /* UTF-8 so far */
};

/* One character that is not plain. */
static char *write_special(char *at, struct text *text)
{
	unsigned char c = (unsigned char)*text->data;
	uint32_t codepoint;
	size_t len;

	if (!c && text->strings) {
		text->data++;
		if (--text->strings == 0)
			text->data = text->end;
		return text->data == text->end ? at : JSON_LITERAL(at, "\",\"");
	}
	if (c < 0x80) {
		text->data++;
		return escape_ascii(at, c);
	}
	len = utf8_next(text->data, (size_t)(text->end - text->data), &codepoint);
	if (!len) {
		text->valid = false;
		text->data++;
		return JSON_LITERAL(at, "\xef\xbf\xbd"); /* U+FFFD */
	}
	memcpy(at, text->data, len);
	text->data += len;
	return at + len;
}

/* The next 8 bytes as a number, the first one lowest; if there are fewer, then blanks. */
static inline uint64_t load(const char *p, size_t left)
{
	uint64_t word = 0;

	if (left >= 8) {
		memcpy(&word, p, 8);
	} else if (left >= 4 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
		uint32_t first, last;

		memcpy(&first, p, 4);
		memcpy(&last, p + left - 4, 4);
		word = first | (uint64_t)last << 8 * (left - 4) | ONES * 0x20 << 8 * left;
	} else {
		word = ONES * 0x20;
		memcpy(&word, p, left & 7);
	}
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline void store(char *at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	memcpy(at, &word, 8);
}

/*
 * Characters that begin before @stop; the last may reach up to text->end. There is room for
 * ESCAPED_MAX times as many bytes, and 8 more.
 */
static char *write_piece(char *at, struct text *text, const char *stop)
{
	while (text->data < stop) {
		size_t left = (size_t)(stop - text->data);
		uint64_t word = load(text->data, left);
		uint64_t special = special_bytes(word);

		store(at, word);
		if (special) {
			size_t plain = (size_t)__builtin_ctzll(special) / 8;

			text->data += plain;
			at = write_special(at + plain, text);
		} else {
			left = left < 8 ? left : 8;
			text->data += left;
			at += left;
		}
	}
	return at;
}

/* @text between @open and @close. */
static void write_text(struct outbuf *out, struct text *text, const char *open, const char *close)
{
	do {
		size_t left = (size_t)(text->end - text->data);
		size_t piece = left < PIECE_BYTES ? left : PIECE_BYTES;
		char *at = outbuf_room(out, piece * ESCAPED_MAX + 16);

		for (; *open; open++)
			*at++ = *open;
		at = write_piece(at, text, text->data + piece);
		if (text->data == text->end) {
			for (; *close; close++)
				*at++ = *close;
		}
		outbuf_end(out, at);
	} while (text->data < text->end);
}

bool json_string(struct outbuf *out, const char *data, size_t len)
{
	struct text text = { .data = data, .end = data + len, .valid = true };

	write_text(out, &text, "\"", "\"");
	return text.valid;
}

/* In one pass over the whole block: a NUL between two strings is one more thing to escape. */
bool json_strings(struct outbuf *out, const char *data, size_t bytes, uint32_t count)
{
	struct text text = { .data = data, .strings = count, .valid = true };

	if (!data || !bytes || !count) {
		outbuf_puts(out, "[]");
		return true;
	}
	text.end = data + bytes;
	write_text(out, &text, "[\"", "\"]");
	return text.valid;
}

void json_base64(struct outbuf *out, const char *data, size_t len)
{
	static const char digits[64] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;

	outbuf_put(out, "\"", 1);
	while (len) {
		size_t piece = len < PIECE_BYTES / 3 * 3 ? len : PIECE_BYTES / 3 * 3;
		char *at = outbuf_room(out, (piece + 2) / 3 * 4);

		len -= piece;
		for (; piece >= 3; piece -= 3, p += 3) {
			*at++ = digits[p[0] >> 2];
			*at++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
			*at++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
			*at++ = digits[p[2] & 63];
		}
		if (piece) {
			unsigned char second = piece > 1 ? p[1] : 0;

			*at++ = digits[p[0] >> 2];
			*at++ = digits[(p[0] & 3) << 4 | second >> 4];
			*at++ = piece > 1 ? digits[(second & 15) << 2] : '=';
			*at++ = '=';
		}
		outbuf_end(out, at);
	}
	outbuf_put(out, "\"", 1);
}
