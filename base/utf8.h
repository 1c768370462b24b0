/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/utf8.h - strict UTF-8, one character at a time, and how wide it looks.
 *
 * Independent of the locale: a library must not depend on whether the program called setlocale().
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length of the valid sequence at @data (1 to 4), or 0 if its first byte does not start one
 * (overlong forms, surrogates and anything over U+10FFFF are not valid). @len must not be 0.
 */
size_t utf8_next(const char *data, size_t len, uint32_t *ret_codepoint);

/* Columns that it takes on a terminal: 0, 1 or 2. */
int utf8_width(uint32_t codepoint);

/*
 * Must not reach a terminal as it is: controls (C0, DEL, C1), line and paragraph separators,
 * what reorders a line (bidi marks, embeddings, isolates) and what cannot be seen.
 */
bool utf8_is_unsafe(uint32_t codepoint);

#endif
