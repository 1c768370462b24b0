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

static _Thread_local size_t bytes_read;

size_t normal_bytes_read(void)
{
	return bytes_read;
}

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

/*
 * A run of digits in @s, decimal or hexadecimal. Each run is read once: within one of hexadecimal
 * digits that is no accident as a whole, only decimal runs can be one.
 */
static size_t run_length(const char *s, size_t len, bool (*is_in)(char), bool *ret_has_digit)
{
	size_t n = 0;

	for (; n < len && is_in(s[n]); n++)
		*ret_has_digit |= is_digit(s[n]);
	bytes_read += n + 1;
	return n;
}

/* Is the run of @n hexadecimal digits at @s a word of its own, long, and not only letters? */
static bool is_hex_accident(const char *s, size_t n, size_t len, char before, bool has_digit)
{
	return n >= HEX_MIN && has_digit && !isalnum((unsigned char)before) &&
	       (n == len || !isalnum((unsigned char)s[n]));
}

static int write_folded(struct bytes *out, const char *data, size_t len)
{
	size_t from = 0; /* of what is to be written as it is */
	size_t hex_end = 0; /* up to here the run of hexadecimal digits is known to be none */

	for (size_t i = 0; i < len;) {
		char before = i ? data[i - 1] : '/';
		bool has_digit = false;
		size_t n = 0;

		if (i >= hex_end && is_hex(data[i])) {
			n = run_length(data + i, len - i, is_hex, &has_digit);
			hex_end = i + n;
			if (!is_hex_accident(data + i, n, len - i, before, has_digit))
				n = 0;
		}
		if (!n && is_digit(data[i])) {
			n = run_length(data + i, len - i, is_digit, &has_digit);
			if (n < DIGITS_MIN) {
				i += n;
				continue;
			}
		}
		if (!n) {
			i++;
			continue;
		}
		if (bytes_add(out, data + from, i - from) < 0 || bytes_add(out, "*", 1) < 0)
			return -ENOMEM;
		i += n;
		from = i;
	}
	return bytes_add(out, data + from, len - from);
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

/* Everything up to @ret_end, that of the path, is accident, but for the ending of its last name. */
static int write_temporary(struct bytes *out, const char *data, size_t len, size_t folder,
			   size_t *ret_end)
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
	*ret_end = end;
	if (bytes_add(out, data, folder) < 0 || bytes_add(out, "*", 1) < 0)
		return -ENOMEM;
	return dot && end - dot <= 6 ? write_folded(out, data + dot, end - dot) : 0;
}

/* x/tmp/y is a relative path; -o/tmp/y is an option with one. */
static bool may_begin(const char *data, size_t at)
{
	if (!at || !isalnum((unsigned char)data[at - 1]))
		return true;
	return at >= 2 && data[at - 2] == '-' && (at == 2 || isspace((unsigned char)data[at - 3]));
}

int normal_write(struct bytes *out, const char *data, size_t len)
{
	static const char deleted[] = " (deleted)";
	size_t from = 0;

	if (len > sizeof(deleted) - 1 &&
	    !memcmp(data + len - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1))
		len -= sizeof(deleted) - 1;
	for (size_t i = 0; i < len;) {
		size_t folder = data[i] == '/' ? temporary(data + i, len - i) : 0, end;

		if (!folder || !may_begin(data, i)) {
			i++;
			continue;
		}
		if (write_folded(out, data + from, i - from) < 0 ||
		    write_temporary(out, data + i, len - i, folder, &end) < 0)
			return -ENOMEM;
		i += end;
		from = i;
	}
	return write_folded(out, data + from, len - from);
}
