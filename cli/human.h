/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/human.h - durations and sizes as people write and read them.
 *
 * Owns:  units, both ways. Not: options, tables.
 */
#ifndef BEGAT_CLI_HUMAN_H
#define BEGAT_CLI_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#define HUMAN_BYTES 32 /* enough for each of the formatted ones */

/* "4,964". Returns @out. */
const char *human_count(char out[HUMAN_BYTES], uint64_t count);

/* "2.651 s", "31 ms", "312 us", "12m05s". Returns @out. */
const char *human_duration(char out[HUMAN_BYTES], uint64_t ns);

/* "96 MB", "6.1 MB", "512 kB": powers of 1000. Returns @out. */
const char *human_size(char out[HUMAN_BYTES], uint64_t bytes);

/*
 * "64MiB", "64M" (2^20), "64MB" (10^6), "4096". The number may have a fraction if a unit follows.
 * Returns 0, -EINVAL or -ERANGE.
 */
int human_parse_size(const char *text, uint64_t *ret_bytes);

/*
 * "10ms", "1.5s", "200us", "2d"; a bare number counts @bare_ns each. Returns 0, -EINVAL or
 * -ERANGE; -EDOM for a bare number where @bare_ns is 0.
 */
int human_parse_duration(const char *text, uint64_t bare_ns, uint64_t *ret_ns);

/* Digits only, no sign, no space. Returns 0, -EINVAL or -ERANGE. */
int human_parse_number(const char *text, uint64_t max, uint64_t *ret_number);

#endif
