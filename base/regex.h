/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex.h - POSIX extended regular expressions, matched in time linear in the text.
 *
 * Owns:    parsing (regex_parse.c, regex_emit.c), and matching (regex.c) by an automaton that is in
 *          a set of states: each character costs at most as many steps as the program has
 *          instructions.
 * Not:     what a match means (filter/, redact.c).
 * Why own: glibc's engine takes time exponential in the text. Of the libraries, PCRE2 limits
 *          backtracking but is quadratic within the limit, TRE builds tables quadratic in the
 *          pattern, and RE2 costs 1.6 ms at every start and a C++ runtime in each C program.
 *          docs/architecture.md has the figures.
 *
 * Invariants
 *  (1) regex_search() allocates nothing and changes nothing but *work: threads can share a regex.
 *  (2) *work falls by one for each step; at 0 the result is REGEX_UNDECIDED.
 *  (3) A character is valid UTF-8 or one byte that is not; no locale matters.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stddef.h>
#include <stdint.h>

#define REGEX_BYTES_MAX 4096 /* of a pattern */
#define REGEX_DEPTH_MAX 64 /* of parentheses and stacked repetitions */
#define REGEX_REPEAT_MAX 1000 /* a{m,n} */
#define REGEX_PROGRAM_MAX 2048 /* instructions, after repetitions were written out */

struct regex;

enum regex_result {
	REGEX_NO,
	REGEX_YES,
	REGEX_UNDECIDED, /* the work was spent before an answer was found */
};

struct regex_span {
	size_t start, end;
	size_t group_start, group_end; /* of the first group; SIZE_MAX = it took no part */
};

/*
 * Compiles @pattern. 0; -EINVAL with what is wrong in *ret_why (a constant) and the offset in
 * *ret_at; -ENOMEM.
 */
int regex_new(const char *pattern, size_t len, struct regex **ret_regex, const char **ret_why,
	      size_t *ret_at);
void regex_free(struct regex *regex);

/* Is there a match anywhere in @text? */
enum regex_result regex_search(const struct regex *regex, const char *text, size_t len,
			       uint64_t *work);

/* The leftmost and of these the longest match that begins at @from or later. */
enum regex_result regex_find(const struct regex *regex, const char *text, size_t len, size_t from,
			     uint64_t *work, struct regex_span *ret_span);

#endif
