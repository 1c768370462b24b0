/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/json_print.h - JSON strings through stdio, for what is written once.
 *
 * Owns:    the quoting. Controls and DEL become \u00xx, a byte that is not UTF-8 becomes U+FFFD.
 * Not:     lines of events, which are written by the million (json.h).
 */
#ifndef BASE_JSON_PRINT_H
#define BASE_JSON_PRINT_H

#include <stddef.h>
#include <stdio.h>

/* "text", with its quotes. */
void json_print_string(FILE *out, const char *data, size_t len);

/* The same without the quotes: part of a longer string. */
void json_print_bytes(FILE *out, const char *data, size_t len);

/* "text" that a page may contain as it is: no '<', '>' or '&', and no line separators. */
void json_print_for_page(FILE *out, const char *data, size_t len);

#endif
