/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/diff.c - two sets of traces side by side.
 *
 * Owns:    rows: mean and spread of each side, order.
 * Not:     sums (collect.c), what is noise (noise.c), conditions (check.c), how it looks (cli/).
 * Called:  by begat diff.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "diff.h"

static struct begat_diff_value value_of(const struct diff_sums *sums, size_t count,
					enum begat_diff_measure m)
{
	struct begat_diff_value v = { .min = INFINITY, .max = -INFINITY };
	double squares = 0;

	for (size_t i = 0; i < count; i++) {
		double x = sums[i].values[m];

		v.mean += x;
		v.min = x < v.min ? x : v.min;
		v.max = x > v.max ? x : v.max;
	}
	v.mean /= (double)count; /* last: alike ones must not come out a trace apart */
	for (size_t i = 0; i < count; i++)
		squares += (sums[i].values[m] - v.mean) * (sums[i].values[m] - v.mean);
	v.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
	return v;
}

static uint32_t seen_in(const struct diff_sums *sums, size_t count)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < count; i++)
		seen += sums[i].values[BEGAT_DIFF_COUNT] > 0;
	return seen;
}

static void make_row(const char *key, const struct diff_sums *sums, size_t base_count,
		     size_t other_count, struct begat_diff_row *row)
{
	*row = (struct begat_diff_row){ .key = key,
					.base_seen = seen_in(sums, base_count),
					.other_seen = seen_in(sums + base_count, other_count) };
	row->kind = !row->base_seen    ? BEGAT_DIFF_NEW
		    : !row->other_seen ? BEGAT_DIFF_GONE
				       : BEGAT_DIFF_BOTH;
	for (int m = 0; m < BEGAT_DIFF_MEASURES; m++) {
		row->base[m] = value_of(sums, base_count, (enum begat_diff_measure)m);
		row->other[m] =
			value_of(sums + base_count, other_count, (enum begat_diff_measure)m);
		row->differs[m] = diff_is_more_than_noise(sums, base_count, other_count,
							  (enum begat_diff_measure)m);
	}
}

static double weight(const struct begat_diff_row *row)
{
	double cpu = fabs(row->other[BEGAT_DIFF_CPU].mean - row->base[BEGAT_DIFF_CPU].mean);
	double wall = fabs(row->other[BEGAT_DIFF_WALL].mean - row->base[BEGAT_DIFF_WALL].mean);

	return cpu > wall ? cpu : wall;
}

static int by_weight(const void *a, const void *b)
{
	const struct begat_diff_row *left = a, *right = b;
	double l = weight(left), r = weight(right);

	if (l != r)
		return l > r ? -1 : 1;
	return strcmp(left->key, right->key);
}

static int make_rows(const struct diff_keys *keys, size_t base_count, size_t other_count,
		     struct begat_diff_row **ret_rows, size_t *ret_count)
{
	struct begat_diff_row *rows = calloc((size_t)keys->count + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < keys->count; i++)
		make_row(diff_key(keys, i), &keys->sums[(size_t)i * keys->traces], base_count,
			 other_count, &rows[i]);
	qsort(rows, keys->count, sizeof(*rows), by_weight);
	*ret_rows = rows;
	*ret_count = keys->count;
	return 0;
}

static int collect_all(struct begat_diff *d, struct begat_trace *const *traces, size_t count,
		       size_t first, struct diff_sums *totals)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = diff_collect(traces[i], (uint32_t)(first + i), &d->program_keys,
				   &d->command_keys, &totals[first + i]);
	return err;
}

BEGAT_API int begat_diff_new(struct begat_trace *const *base, size_t base_count,
			     struct begat_trace *const *other, size_t other_count,
			     struct begat_diff **ret_diff)
{
	struct begat_diff *d;
	int err;

	if (!base_count || !other_count || base_count + other_count > 10000)
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->base_count = base_count;
	d->other_count = other_count;
	d->totals = calloc(base_count + other_count, sizeof(*d->totals));
	err = d->totals ? 0 : -ENOMEM;
	if (!err) {
		d->program_keys.traces = (uint32_t)(base_count + other_count);
		d->command_keys.traces = (uint32_t)(base_count + other_count);
		err = collect_all(d, base, base_count, 0, d->totals);
	}
	if (!err)
		err = collect_all(d, other, other_count, base_count, d->totals);
	if (!err)
		err = make_rows(&d->program_keys, base_count, other_count, &d->programs,
				&d->programs_count);
	if (!err)
		err = make_rows(&d->command_keys, base_count, other_count, &d->commands,
				&d->commands_count);
	if (!err)
		make_row("total", d->totals, base_count, other_count, &d->total);
	if (err < 0)
		begat_diff_free(d);
	else
		*ret_diff = d;
	return err;
}

BEGAT_API void begat_diff_free(struct begat_diff *d)
{
	if (!d)
		return;
	diff_keys_done(&d->program_keys);
	diff_keys_done(&d->command_keys);
	free(d->totals);
	free(d->programs);
	free(d->commands);
	free(d);
}

BEGAT_API const struct begat_diff_row *begat_diff_total(const struct begat_diff *d)
{
	return &d->total;
}

BEGAT_API const struct begat_diff_row *begat_diff_rows(const struct begat_diff *d,
						       size_t *ret_count)
{
	*ret_count = d->programs_count;
	return d->programs;
}

BEGAT_API const struct begat_diff_row *begat_diff_commands(const struct begat_diff *d,
							   size_t *ret_count)
{
	*ret_count = d->commands_count;
	return d->commands;
}

BEGAT_API bool begat_diff_noise_is_known(const struct begat_diff *d)
{
	return diff_noise_is_known(d->base_count, d->other_count);
}

BEGAT_API const char *begat_diff_measure_name(enum begat_diff_measure measure)
{
	static const char *const names[BEGAT_DIFF_MEASURES] = { "count", "wall",  "cpu",   "rss",
								"read",	 "write", "failed" };

	return (unsigned)measure < BEGAT_DIFF_MEASURES ? names[measure] : NULL;
}
