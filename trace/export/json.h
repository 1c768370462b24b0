/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/json.h - JSON through stdio.
 *
 * Owns:  quoting: what is written is always valid JSON in valid UTF-8; a byte that is not
 *        becomes U+FFFD.
 */
#ifndef BEGAT_TRACE_EXPORT_JSON_H
#define BEGAT_TRACE_EXPORT_JSON_H

#include <begat/event.h>
#include <stdio.h>

/* "text", with its quotes. */
void export_json_string(FILE *out, const char *data, size_t len);

/* The same without the quotes: part of a longer string. */
void export_json_bytes(FILE *out, const char *data, size_t len);

/* ["a","b"] */
void export_json_strings(FILE *out, const struct begat_strv *strv);

/* "a b c": for reading, not for a shell. */
void export_json_joined(FILE *out, const struct begat_strv *strv);

/* RFC 3339 with nanoseconds in UTC, without quotes; needs 32 bytes. */
const char *export_json_time(char out[40], uint64_t time_ns);

#endif
