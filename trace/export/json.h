/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/json.h - JSON through stdio.
 *
 * Owns:  values of events that base/json_print.h does not know: vectors and times.
 */
#ifndef BEGAT_TRACE_EXPORT_JSON_H
#define BEGAT_TRACE_EXPORT_JSON_H

#include <begat/event.h>
#include <stdio.h>

/* ["a","b"] */
void export_json_strings(FILE *out, const struct begat_strv *strv);

/* "a b c": for reading, not for a shell. */
void export_json_joined(FILE *out, const struct begat_strv *strv);

/* RFC 3339 with nanoseconds in UTC, without quotes; needs 32 bytes. */
const char *export_json_time(char out[40], uint64_t time_ns);

#endif
