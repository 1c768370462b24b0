/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/error.h - the one error channel: a negative errno and a sentence for people.
 *
 * The sentence says what failed, why, and what to try next; no newline, no "begat:" in front.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[1024];
};

static inline void error_clear(struct error *error)
{
	error->text[0] = 0;
}

/* Writes the sentence and returns @code, so that a caller can `return error_set(...)`. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
