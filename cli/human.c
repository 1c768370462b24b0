/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/human.c - durations and sizes as people write and read them.
 *
 * Owns:    units, both ways.
 * Not:     the units of filter expressions (the library has its own parser for those).
 * Called:  by options.c (parsing), tree.c, totals.c, report.c (formatting).
 */
#include "human.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *human_count(char out[HUMAN_BYTES], uint64_t count)
{
	char digits[HUMAN_BYTES], *to = out;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

const char *human_duration(char out[HUMAN_BYTES], uint64_t ns)
{
	double s = (double)ns / 1e9;
	uint64_t whole = ns / 1000000000;

	if (ns < 1000)
		snprintf(out, HUMAN_BYTES, "%" PRIu64 " ns", ns);
	else if (ns < 9950)
		snprintf(out, HUMAN_BYTES, "%.1f us", s * 1e6);
	else if (ns < 999500)
		snprintf(out, HUMAN_BYTES, "%.0f us", s * 1e6);
	else if (ns < 9950000)
		snprintf(out, HUMAN_BYTES, "%.1f ms", s * 1e3);
	else if (ns < 999500000)
		snprintf(out, HUMAN_BYTES, "%.0f ms", s * 1e3);
	else if (s < 9.9995)
		snprintf(out, HUMAN_BYTES, "%.3f s", s);
	else if (s < 99.995)
		snprintf(out, HUMAN_BYTES, "%.2f s", s);
	else if (s < 599.95)
		snprintf(out, HUMAN_BYTES, "%.1f s", s);
	else if (whole < 3600)
		snprintf(out, HUMAN_BYTES, "%" PRIu64 "m%02" PRIu64 "s", whole / 60, whole % 60);
	else
		snprintf(out, HUMAN_BYTES, "%" PRIu64 "h%02" PRIu64 "m", whole / 3600,
			 whole / 60 % 60);
	return out;
}

const char *human_size(char out[HUMAN_BYTES], uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(out, HUMAN_BYTES, "%.*f %s", unit && value < 9.95 ? 1 : 0, value, units[unit]);
	return out;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* A decimal number, then one of @units; @bare is for no unit. Exact without a fraction. */
static int parse_with_unit(const char *text, const struct unit *units, uint64_t bare, uint64_t *ret)
{
	const char *p = text;
	uint64_t whole = 0, factor = bare;
	uint64_t part = 0, scale = 1; /* the fraction is part / scale */

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return -ERANGE;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return -EINVAL;
		for (; *p >= '0' && *p <= '9'; p++) {
			if (scale >= 1000000000)
				continue; /* finer than any unit */
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
	}
	if (*p) {
		for (; units->name && strcasecmp(units->name, p); units++)
			;
		if (!units->name)
			return -EINVAL;
		factor = units->factor;
	} else if (!bare && whole) {
		return -EDOM;
	} else if (scale != 1) {
		return -EINVAL; /* half a byte */
	}
	uint64_t value, fraction = (uint64_t)((double)part / (double)scale * (double)factor);

	if (__builtin_mul_overflow(whole, factor, &value) ||
	    __builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	*ret = value;
	return 0;
}

int human_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "k", 1ull << 10 },
		{ "KiB", 1ull << 10 },
		{ "kB", 1000 },
		{ "M", 1ull << 20 },
		{ "MiB", 1ull << 20 },
		{ "MB", 1000 * 1000 },
		{ "G", 1ull << 30 },
		{ "GiB", 1ull << 30 },
		{ "GB", 1000000000ull },
		{ NULL, 0 },
	};

	return parse_with_unit(text, units, 1, ret_bytes);
}

int human_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000ull },
		{ "min", 60000000000ull },
		{ "h", 3600000000000ull },
		{ "d", 86400000000000ull },
		{ NULL, 0 },
	};

	return parse_with_unit(text, units, bare_ns, ret_ns);
}

int human_parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	static const struct unit none[] = { { NULL, 0 } };
	uint64_t number;
	int r = parse_with_unit(text, none, 1, &number);

	if (r)
		return r;
	if (number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}
