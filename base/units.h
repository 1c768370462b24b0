/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/units.h - durations, sizes and counts as people write and read them.
 *
 * Owns:    the one vocabulary of units, both ways: `watch`, `run`, reports, options, filters and
 *          conditions of `diff` use it. The page of the report has the same in web/src/format.js.
 * Not:     points in time; percentages.
 *
 * A number that is read is decimal; a fraction is fine before a unit that can be divided.
 *
 *	durations  ns us ms s m min h d w
 *	sizes      B  k K KiB M MiB G GiB T TiB (powers of 1024)  kB MB GB TB (powers of 1000)
 *
 * Units of several letters are read in any case. Of single letters only m and M differ: as a size
 * both are MiB, as a duration M is none.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_BYTES 32 /* enough for each of the texts below */

/* "850 ns", "9.4 us", "312 us", "62.0 ms", "2.651 s", "4m 05s", "3h 12m": rounded down. Returns @out. */
const char *units_duration(char out[UNITS_BYTES], uint64_t ns);

/* "512 B", "6.1 MB", "96 MB": powers of 1000. Returns @out. */
const char *units_size(char out[UNITS_BYTES], uint64_t bytes);

/* "4,964". Returns @out. */
const char *units_count(char out[UNITS_BYTES], uint64_t count);

enum units_kind {
	UNITS_NONE, /* no unit at all */
	UNITS_DURATION, /* in ns */
	UNITS_SIZE, /* in bytes */
};

/* How much one of the unit @name is; 0 if there is no such unit. */
uint64_t units_factor(enum units_kind kind, const char *name, size_t len);

/*
 * units_parse() - a number with a unit.
 * @bare: what a number without a unit counts; 0: it needs one.
 * Return: 0, or -EINVAL: it is no number of this kind; -EDOM: the unit is missing; -EILSEQ: a
 * fraction of what cannot be divided; -ERANGE.
 */
int units_parse(const char *text, enum units_kind kind, uint64_t bare, uint64_t *ret);

int units_parse_size(const char *text, uint64_t *ret_bytes); /* bare: bytes */
int units_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ret_ns);
int units_parse_count(const char *text, uint64_t max, uint64_t *ret_count); /* digits alone */

#endif
