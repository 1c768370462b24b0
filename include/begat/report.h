/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/report.h - where did the time go: a recording as a page, as text, as JSON.
 *
 * Part of libbegat-trace. What each figure means is defined in docs/analysis.md; the three formats
 * show the same analysis.
 */
#ifndef BEGAT_REPORT_H
#define BEGAT_REPORT_H

#include <begat/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct begat_report_options {
	size_t size; /* sizeof(struct begat_report_options) */
	const char *format; /* of begat_report_formats(); NULL = "html" */
	uint32_t columns; /* text: width of the terminal; 0 = do not cut */
	union {
		bool has_color; /* text */
		bool has_colour; /* its name in 0.1 */
	};
	bool has_utf8; /* text: the terminal can show more than ASCII */
	bool reserved_bools[2];
	/* What of the recording: all that is given must hold. Since 0.2. */
	uint32_t pids_count;
	const pid_t *pids; /* these processes and all they begot */
	const struct begat_filter *where; /* processes with an event that matches */
	const char *where_text; /* the expression, for the report to name; or NULL */
	uint64_t since_ns,
		until_ns; /* wall clock, ns since 1970 UTC; 0 = open: lives are cut there */
};

/** begat_report_formats() - "html", "text", "json", NULL-ended. */
const char *const *begat_report_formats(void);

/**
 * begat_report() - analyse @trace and write what was found to @out.
 * @opts: NULL = the defaults.
 * html is one self-contained page that asks the network for nothing; json is one object on one
 * line.
 *
 * Return: 0, -EINVAL unknown format, -ENOMEM, a negative errno of @out, or as begat_trace_load(),
 * then begat_trace_error(@trace) has the sentence.
 */
int begat_report(struct begat_trace *trace, const struct begat_report_options *opts, FILE *out);

/**
 * begat_report_subject() - the file that a long command line is about: the source in a compiler's
 * argv, else what -o makes; within @argv. Empty if it is near the front or there is none; else it
 * is one printable word.
 */
struct begat_str begat_report_subject(const struct begat_strv *argv);

/**
 * begat_report_ending() - how a command ended: "make ended with status 2", "make was killed by
 * SIGSEGV". @command: its argv[0]; the sentence has the base name, escaped. Empty after status 0.
 *
 * Return: did it fail?
 */
bool begat_report_ending(const char *command, int32_t exit_code, int32_t signal, char *out,
			 size_t size);

#define BEGAT_LIFE_NO_PARENT UINT32_MAX

/** struct begat_life - when a process lived, and its parent. */
struct begat_life {
	uint64_t start_ns, end_ns; /* of one clock; end_ns: or now, if it still runs */
	uint32_t parent; /* its index; BEGAT_LIFE_NO_PARENT = none of these */
	uint32_t reserved; /* 0 */
};

/**
 * begat_critical_path() - what bounded the wall time of lives[root], as docs/analysis.md defines
 * it.
 * @ret_own_ns: @count figures: for how long the path is in this life itself. Their sum is the wall
 * time of lives[root].
 * A parent that makes a ring is taken for none; a life that ends before it starts has no length.
 *
 * Return: 0, -EINVAL no such root, -ENOMEM, -E2BIG more than 2^31 lives.
 */
int begat_critical_path(const struct begat_life *lives, size_t count, size_t root,
			uint64_t *ret_own_ns);

#ifdef __cplusplus
}
#endif
#endif
