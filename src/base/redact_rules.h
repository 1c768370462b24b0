/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/redact_rules.h - where in a string of argv or env a secret is.
 *
 * Owns:  the built-in rules. When in doubt they hide: a value too many hidden is a nuisance, one
 *        too few is a leak.
 * Not:   the user's patterns and the replacing (redact.c).
 */
#ifndef BEGAT_BASE_REDACT_RULES_H
#define BEGAT_BASE_REDACT_RULES_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	size_t start, end;
};

struct spans {
	struct span *items;
	size_t count, cap;
	bool failed; /* out of memory: nothing may be shown */
};

void spans_add(struct spans *spans, size_t start, size_t end);

struct short_option;

/* What the strings of an argv before this one say about it; zero before argv[0]. */
struct redact_context {
	size_t index;
	bool next_is_secret; /* the string before was --password */
	bool next_after_colon, next_after_percent; /* only user:THIS, user%THIS */
	bool is_shell_text; /* the string before was -c */
	bool is_login; /* there was a `login` */
	const struct short_option *program; /* table rows that may apply; NULL = none */
	size_t program_rows;
};

/* Adds the secrets in string @data of an argv; call for each in order. */
void redact_argument(struct redact_context *context, const char *data, size_t len,
		     struct spans *spans);

/* Adds the secrets in NAME=value of an environment. */
void redact_variable(const char *data, size_t len, struct spans *spans);

#endif
