/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/units.c - see units.h.
 */
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* Rounded down throughout: 999.99 us must not become "1000 us". */
const char *units_duration(char out[UNITS_BYTES], uint64_t ns)
{
	if (ns < US)
		snprintf(out, UNITS_BYTES, "%" PRIu64 " ns", ns);
	else if (ns < 10 * US)
		snprintf(out, UNITS_BYTES, "%" PRIu64 ".%" PRIu64 " us", ns / US, ns % US / 100);
	else if (ns < MS)
		snprintf(out, UNITS_BYTES, "%" PRIu64 " us", ns / US);
	else if (ns < SECOND)
		snprintf(out, UNITS_BYTES, "%" PRIu64 ".%" PRIu64 " ms", ns / MS,
			 ns % MS / (100 * US));
	else if (ns < 100 * SECOND)
		snprintf(out, UNITS_BYTES, "%" PRIu64 ".%03" PRIu64 " s", ns / SECOND,
			 ns % SECOND / MS);
	else if (ns < HOUR)
		snprintf(out, UNITS_BYTES, "%" PRIu64 "m %02" PRIu64 "s", ns / MINUTE,
			 ns % MINUTE / SECOND);
	else
		snprintf(out, UNITS_BYTES, "%" PRIu64 "h %02" PRIu64 "m", ns / HOUR,
			 ns % HOUR / MINUTE);
	return out;
}

const char *units_size(char out[UNITS_BYTES], uint64_t bytes)
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t name = 0;

	while (value >= 999.5 && name + 1 < sizeof(names) / sizeof(names[0])) {
		value /= 1000;
		name++;
	}
	snprintf(out, UNITS_BYTES, "%.*f %s", name && value < 9.95 ? 1 : 0, value, names[name]);
	return out;
}

const char *units_count(char out[UNITS_BYTES], uint64_t count)
{
	char digits[UNITS_BYTES], *to = out;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

static const struct unit {
	enum units_kind kind;
	const char *name;
	uint64_t factor;
} units[] = {
	{ UNITS_DURATION, "ns", 1 },
	{ UNITS_DURATION, "us", US },
	{ UNITS_DURATION, "ms", MS },
	{ UNITS_DURATION, "s", SECOND },
	{ UNITS_DURATION, "m", MINUTE },
	{ UNITS_DURATION, "min", MINUTE },
	{ UNITS_DURATION, "h", HOUR },
	{ UNITS_DURATION, "d", 24 * HOUR },
	{ UNITS_DURATION, "w", 7 * 24 * HOUR },
	{ UNITS_SIZE, "B", 1 },
	{ UNITS_SIZE, "K", 1ull << 10 },
	{ UNITS_SIZE, "KiB", 1ull << 10 },
	{ UNITS_SIZE, "kB", 1000 },
	{ UNITS_SIZE, "M", 1ull << 20 },
	{ UNITS_SIZE, "MiB", 1ull << 20 },
	{ UNITS_SIZE, "MB", 1000000 },
	{ UNITS_SIZE, "G", 1ull << 30 },
	{ UNITS_SIZE, "GiB", 1ull << 30 },
	{ UNITS_SIZE, "GB", 1000000000 },
	{ UNITS_SIZE, "T", 1ull << 40 },
	{ UNITS_SIZE, "TiB", 1ull << 40 },
	{ UNITS_SIZE, "TB", 1000000000000 },
};

uint64_t units_factor(enum units_kind kind, const char *name, size_t len)
{
	if (kind == UNITS_DURATION && len == 1 && *name == 'M')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].kind == kind && strlen(units[i].name) == len &&
		    !strncasecmp(units[i].name, name, len))
			return units[i].factor;
	return 0;
}

/* Digits to the next byte that is none, or NULL where there are none or too many. */
static const char *scan_whole(const char *at, uint64_t *ret)
{
	uint64_t value = 0;

	if (*at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return NULL;
	*ret = value;
	return at;
}

/* The digits behind a point, as @ret_part / @ret_scale; from the tenth on they make no difference. */
static const char *scan_fraction(const char *at, uint64_t *ret_part, uint64_t *ret_scale)
{
	uint64_t part = 0, scale = 1;

	if (*at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (scale >= SECOND)
			continue;
		part = part * 10 + (uint64_t)(*at - '0');
		scale *= 10;
	}
	*ret_part = part;
	*ret_scale = scale;
	return at;
}

int units_parse(const char *text, enum units_kind kind, uint64_t bare, uint64_t *ret)
{
	uint64_t whole, part = 0, scale = 1, factor = bare;
	const char *at = scan_whole(text, &whole);
	unsigned __int128 value;

	if (!at)
		return *text >= '0' && *text <= '9' ? -ERANGE : -EINVAL;
	if (*at == '.')
		at = scan_fraction(at + 1, &part, &scale);
	if (!at)
		return -EINVAL;
	if (*at)
		factor = units_factor(kind, at, strlen(at));
	else if (!bare && whole)
		return -EDOM;
	if (*at && !factor)
		return -EINVAL;
	if (scale != 1 && factor < 1000)
		return -EILSEQ;
	value = (unsigned __int128)whole * factor + (unsigned __int128)part * factor / scale;
	if (value > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

int units_parse_size(const char *text, uint64_t *ret_bytes)
{
	return units_parse(text, UNITS_SIZE, 1, ret_bytes);
}

int units_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ret_ns)
{
	return units_parse(text, UNITS_DURATION, bare_ns, ret_ns);
}

int units_parse_count(const char *text, uint64_t max, uint64_t *ret_count)
{
	uint64_t count;
	int err = units_parse(text, UNITS_NONE, 1, &count);

	if (!err && count > max)
		return -ERANGE;
	if (!err)
		*ret_count = count;
	return err;
}
