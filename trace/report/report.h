/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/report.h - one analysis, three ways to show it.
 *
 * Owns:  the list of formats; what they share: numbers and names as people read them.
 * Not:   the analysis. No file here computes anything that another format does not show.
 */
#ifndef TRACE_REPORT_REPORT_H
#define TRACE_REPORT_REPORT_H

#include "analysis/analysis.h"

#include <begat/report.h>
#include <stdio.h>

#include "base/units.h"

/* Each writes to @out and returns 0 or a negative errno. */
int report_html(const struct analysis *a, const struct begat_report_options *opts, FILE *out);
int report_text(const struct analysis *a, const struct begat_report_options *opts, FILE *out);
int report_json(const struct analysis *a, const struct begat_report_options *opts, FILE *out);

/*
 * The object that --format json prints. @for_page: without the lists that have a row for each
 * process; columns.c packs these.
 */
void json_analysis(const struct analysis *a, bool for_page, FILE *out);

/* columns.c: every process, image and string, packed, deflated, in base64. */
int columns_write(const struct analysis *a, FILE *out);

/* The process as a line: its argv for a shell, or "cc1 ... main.c", else its name. At most @size
 * bytes, escaped. */
size_t format_command(const struct analysis_base *b, uint32_t process, char *out, size_t size);
size_t format_argv(const struct analysis_base *b, uint32_t argv, char *out, size_t size);

/* argv that a process had last; 0 if it never had one of its own. */
uint32_t report_argv(const struct analysis_base *b, uint32_t process);

/*
 * narrow.c: the base of what @opts leaves; @ret_whole: of everything, which must outlive it. Both are
 * the same if nothing is left out. Returns 0 or as begat_report().
 */
int narrow_load(struct begat_trace *trace, const struct begat_report_options *opts,
		struct analysis_base **ret_whole, struct analysis_base **ret_base);

/* format.c: "2026-11-26 10:00:00.250 UTC" of a boot-clock time; "" without a wall clock. Returns @out. */
enum { FORMAT_TIME_BYTES = 48 };
const char *format_time(char out[FORMAT_TIME_BYTES], const struct analysis_base *b, uint64_t ts_ns);
/* The same without date and zone: "10:00:00.250". */
const char *format_clock(char out[FORMAT_TIME_BYTES], const struct analysis_base *b,
			 uint64_t ts_ns);

/* none.c: what an empty list means here: none, or none recorded. */
enum { NONE_BYTES = 400 };
const char *none_started(char out[NONE_BYTES], const struct analysis *a);
const char *none_failed(char out[NONE_BYTES], const struct analysis *a);

/* ending.c: how the recorded command ended. Without a command everything is false and empty. */
struct report_ending {
	bool has_command, has_status, has_failed, is_running;
	int32_t exit_code, signal;
	char sentence[200]; /* "make ended with status 2"; empty after status 0 */
};

void report_find_ending(const struct analysis *a, struct report_ending *ret_ending);

const char *failure_kind_name(enum analysis_failure_kind kind); /* "exit", "signal", ... */

/* A failure's value as people read it: "status 2", "SIGKILL", "ENOENT". Returns @out. */
const char *failure_value(char out[UNITS_BYTES], const struct analysis_failure *failure);

#endif
