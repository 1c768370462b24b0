/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/normal.c - names that mean the same although they are written differently.
 *
 * Owns:    see normal.h.
 * Called:  by collect.c, for every program and argument once.
 */
#include "normal.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/byte_set.h"

#define DIGITS_MIN 3
#define HEX_MIN 8

static bool starts_with(const char *data, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && !memcmp(data, prefix, n);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the accident at @s, or 0. @before: the character in front of it. */
static size_t accident(const char *s, size_t len, char before)
{
	size_t digits = 0, hex = 0;
	bool has_digit = false;

	while (hex < len && is_hex(s[hex]))
		has_digit |= is_digit(s[hex++]);
	if (hex >= HEX_MIN && has_digit && !isalnum((unsigned char)before) &&
	    (hex == len || !isalnum((unsigned char)s[hex])))
		return hex;
	while (digits < len && is_digit(s[digits]))
		digits++;
	return digits >= DIGITS_MIN && !is_digit(before) ? digits : 0;
}

static void write_folded(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = accident(data + i, len - i, i ? data[i - 1] : '/');

		if (n) {
			putc('*', out);
			i += n;
		} else {
			putc(data[i++], out);
		}
	}
}

/* A temporary path within @data: its folder's length, or 0. */
static size_t temporary(const char *data, size_t len)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (starts_with(data, len, folders[i]))
			return strlen(folders[i]);
	return 0;
}

/* Everything up to the end of the path is accident, but for the ending of its last name. */
static size_t write_temporary(FILE *out, const char *data, size_t len, size_t folder)
{
	size_t end = folder, dot = 0;

	while (end < len && !isspace((unsigned char)data[end]) &&
	       !byte_is_one_of(data[end], ",:;'\"")) {
		if (data[end] == '.')
			dot = end;
		else if (data[end] == '/')
			dot = 0;
		end++;
	}
	fwrite(data, 1, folder, out);
	putc('*', out);
	if (dot && end - dot <= 6)
		write_folded(out, data + dot, end - dot);
	return end;
}

/* x/tmp/y is a relative path; -o/tmp/y is an option with one. */
static bool may_begin(const char *data, size_t at)
{
	if (!at || !isalnum((unsigned char)data[at - 1]))
		return true;
	return at >= 2 && data[at - 2] == '-' && (at == 2 || isspace((unsigned char)data[at - 3]));
}

void normal_write(FILE *out, const char *data, size_t len)
{
	static const char deleted[] = " (deleted)";
	size_t from = 0;

	if (len > sizeof(deleted) - 1 &&
	    !memcmp(data + len - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1))
		len -= sizeof(deleted) - 1;
	for (size_t i = 0; i < len;) {
		size_t folder = data[i] == '/' ? temporary(data + i, len - i) : 0;

		if (!folder || !may_begin(data, i)) {
			i++;
			continue;
		}
		write_folded(out, data + from, i - from);
		i += write_temporary(out, data + i, len - i, folder);
		from = i;
	}
	write_folded(out, data + from, len - from);
}
