/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/diff.h - the inside of a comparison.
 *
 * Owns:    struct begat_diff, what collect.c gathers, what check.c asks.
 */
#ifndef BEGAT_TRACE_DIFF_DIFF_H
#define BEGAT_TRACE_DIFF_DIFF_H

#include <begat/trace.h>

#include "base/bytes.h"
#include "base/string_table.h"

/* One program or command in one trace. */
struct diff_sums {
	double values[BEGAT_DIFF_MEASURES];
};

/* All of one kind (programs, commands), over all traces. */
struct diff_keys {
	struct string_table keys; /* with their NUL, valid UTF-8 or not as it was; from number 1 */
	struct diff_sums *sums; /* [key * traces + trace] */
	uint32_t count, room;
	uint32_t traces;
	struct bytes key; /* the one that is looked for */
};

/* Key @i, from 0. */
static inline const char *diff_key(const struct diff_keys *k, uint32_t i)
{
	return string_table_get(&k->keys, i + 1).data;
}

struct begat_diff {
	size_t base_count, other_count; /* traces on each side */
	struct diff_sums *totals; /* of each trace, the base's first */
	struct begat_diff_row total, *programs, *commands;
	size_t programs_count, commands_count;
	struct diff_keys program_keys, command_keys; /* own the rows' keys */
};

/* collect.c */
void diff_keys_done(struct diff_keys *keys);
/* Adds what @trace did as number @number of keys->traces; either may be NULL. 0 or -errno. */
int diff_collect(struct begat_trace *trace, uint32_t number, struct diff_keys *programs,
		 struct diff_keys *commands, struct diff_sums *ret_total);

/* noise.c: the sums of the base's traces come first. */
bool diff_noise_is_known(size_t base_count, size_t other_count);
bool diff_is_more_than_noise(const struct diff_sums *sums, size_t base_count, size_t other_count,
			     enum begat_diff_measure measure);

/* check.c: "wall(cc1) > 10%" taken apart. */
struct diff_condition {
	enum { DIFF_MEASURE, DIFF_NEW, DIFF_GONE } kind;
	enum begat_diff_measure measure;
	char program[256]; /* "" = total */
	enum {
		DIFF_LESS,
		DIFF_LESS_EQUAL,
		DIFF_GREATER,
		DIFF_GREATER_EQUAL,
		DIFF_EQUAL,
		DIFF_NOT_EQUAL
	} relation;
	double value;
	bool is_percent;
};

#endif
