/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/diff_formats.h - how a comparison is written.
 *
 * Owns:  text, JSON and HTML of it. Not: the comparison (libbegat-trace), conditions (diff.c).
 */
#ifndef BEGAT_CLI_DIFF_FORMATS_H
#define BEGAT_CLI_DIFF_FORMATS_H

#include <begat/trace.h>
#include <stdio.h>

struct diff_verdict {
	const char *condition;
	char why[512];
	bool is_broken; /* it decides for failure */
};

struct diff_view {
	const struct begat_diff *diff;
	const char *const *base, *const *other; /* file names */
	int base_count, other_count;
	const struct diff_verdict *verdicts;
	int verdicts_count;
	unsigned columns; /* of a terminal; 0 = do not cut */
	bool has_color, shows_all;
};

/* diff.c: what --format takes, NULL-ended. */
const char *const *diff_format_names(void);

void diff_text(const struct diff_view *view, FILE *out);
void diff_json(const struct diff_view *view, FILE *out);
void diff_html(const struct diff_view *view, FILE *out);

#endif
