/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json.h - JSON values, straight into the buffer.
 *
 * Numbers are inline functions from a cursor to a cursor: the caller has made room for them.
 * Strings can be of any length and make their own room.
 *
 * Invariant
 *  (1) What is written is valid JSON in valid UTF-8: a byte that is not becomes U+FFFD.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/outbuf.h"

#define JSON_U64_MAX 20 /* digits */
#define JSON_HEX_MAX 18 /* 16 digits and quotes */
#define JSON_TIME_MAX 32 /* "2026-01-31T23:59:59.123456789Z" */

extern const char json_digit_pairs[200];

static inline int json_digits(uint64_t value)
{
	int digits = 1;

	for (; value >= 10000; value /= 10000)
		digits += 4;
	return digits + (value >= 10) + (value >= 100) + (value >= 1000);
}

static inline char *json_u64(char *at, uint64_t value)
{
	char *end = at + json_digits(value);
	char *p = end;

	while (value >= 100) {
		p -= 2;
		memcpy(p, json_digit_pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10)
		memcpy(p - 2, json_digit_pairs + value * 2, 2);
	else
		p[-1] = (char)('0' + value);
	return end;
}

static inline char *json_i64(char *at, int64_t value)
{
	if (value < 0) {
		*at++ = '-';
		return json_u64(at, -(uint64_t)value);
	}
	return json_u64(at, (uint64_t)value);
}

/* 8 hex digits as a number: its bytes in memory are the text. */
static inline uint64_t json_hex_text(uint32_t value)
{
	uint64_t x = value;

	/* One nibble a byte, the lowest first. */
	x = (x << 16 | x) & 0x0000ffff0000ffffull;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffull;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0full;
	/* Nibbles over 9 carry into bit 4 when 6 is added. */
	x += 0x3030303030303030ull +
	     ((x + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull) * ('a' - '0' - 10);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* 16 hex digits in quotes: a JSON number of 64 bits does not survive every reader. */
static inline char *json_hex(char *at, uint64_t value)
{
	uint64_t high = json_hex_text((uint32_t)(value >> 32));
	uint64_t low = json_hex_text((uint32_t)value);

	at[0] = '"';
	memcpy(at + 1, &high, 8);
	memcpy(at + 9, &low, 8);
	at[17] = '"';
	return at + 18;
}

static inline char *json_bool(char *at, bool value)
{
	memcpy(at, value ? "true " : "false", 5);
	return at + (value ? 4 : 5);
}

static inline char *json_literal(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

#define JSON_LITERAL(at, text) json_literal(at, text, sizeof(text) - 1)

/* The calendar half of a time is the same for all events of a second. */
struct json_clock {
	uint64_t second; /* what text is of; UINT64_MAX = nothing yet */
	char text[21]; /* "2026-01-31T23:59:59. with the quote before it */
};

char *json_time(char *at, struct json_clock *clock, uint64_t time_ns);

/* @len bytes in quotes. Returns whether all of it was valid UTF-8. */
bool json_string(struct outbuf *out, const char *data, size_t len);

/* The exact bytes in quotes. */
void json_base64(struct outbuf *out, const char *data, size_t len);

/* An array of @count strings, each with a NUL behind it, in @bytes bytes. As json_string(). */
bool json_strings(struct outbuf *out, const char *data, size_t bytes, uint32_t count);

#endif
