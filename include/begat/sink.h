/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/sink.h - events as bytes: "json" (one object a line) and "text" (aligned for people).
 *
 * A sink formats into its own buffer and writes to a descriptor when told to flush, or when a
 * line is complete and @line_buffered is set.
 */
#ifndef BEGAT_SINK_H
#define BEGAT_SINK_H

#include <begat/event.h>
#include <begat/redact.h>
#include <begat/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct begat_sink;

struct begat_sink_options {
	size_t size; /* sizeof(struct begat_sink_options) */
	int fd; /* where to; not closed by the sink */
	bool line_buffered; /* write(2) after each event */
	bool is_terminal; /* text: header, widths, color unless no_color */
	bool no_color;
	bool redact; /* replace values that look like secrets: see docs/events.md */
	bool utc; /* text: times in UTC, not local */
	bool is_dated; /* text: the date and the zone of the times come first, not only with a new day */
	bool reserved[2];
	uint32_t columns; /* text: width of the terminal; 0 = all columns, and nothing is cut */
	const char *const *redact_patterns; /* NULL-ended; more than the built-in ones */
	const char *
		column_names; /* text: "pid,user,command", see begat_sink_check_columns(); or NULL */
	/* text: names of users; NULL = this machine's. Lives as long as the sink. */
	const struct begat_accounts *accounts;
};

/**
 * begat_sink_open() - a sink by name.
 * Return: 0, -EINVAL for an unknown name, a bad redact pattern or an unknown column, -ENOMEM.
 */
int begat_sink_open(const char *name, const struct begat_sink_options *opts,
		    struct begat_sink **ret_sink);

/**
 * begat_sink_check_columns() - are these columns that text has?
 * @list: names with commas between them: time, event, pid, ppid, user, result, after, command, or
 *        any field of an event, in any order.
 * Return: 0, or -EINVAL with one sentence in @error (which may be NULL).
 */
int begat_sink_check_columns(const char *list, char *error, size_t error_len);

/** begat_sink_columns() - "time", "event", ..., NULL-ended: the columns of text, fields aside. */
const char *const *begat_sink_columns(void);

/** begat_sink_resize() - the terminal has another width now; text follows from the next line on. */
void begat_sink_resize(struct begat_sink *sink, uint32_t columns);

/** begat_sink_names() - "text", "json", NULL-ended. */
const char *const *begat_sink_names(void);

/** begat_sink_fields() - adds the fields that the sink shows; env only if you ask for it. */
void begat_sink_fields(const struct begat_sink *sink, struct begat_fields *fields);

/**
 * begat_sink_write() - format one event of any type.
 * Return: 0, or a negative errno from write(2); -EPIPE: the reader has gone; -ETIMEDOUT: the reader
 * of a non-blocking descriptor took nothing for ten seconds. After any but the last the sink writes
 * nothing more.
 */
int begat_sink_write(struct begat_sink *sink, const struct begat_event *ev);

/** begat_sink_flush() - write out what is buffered. 0 or a negative errno. */
int begat_sink_flush(struct begat_sink *sink);

/** begat_sink_close() - flush and free; NULL is fine. Return: as begat_sink_flush(). */
int begat_sink_close(struct begat_sink *sink);

struct begat_json;

/**
 * begat_json_new() - what makes JSON of events, in memory: the lines that the sink "json" writes.
 * Return: 0 or -ENOMEM.
 */
int begat_json_new(struct begat_json **ret_json);

/**
 * begat_json_event() - one event of any type as a JSON object, without a line's end.
 * @ret_len: its length; may be NULL.
 * Return: the text, ended by a NUL; it lives until the next call. NULL when out of memory.
 */
const char *begat_json_event(struct begat_json *json, const struct begat_event *ev,
			     size_t *ret_len);

/** begat_json_free() - NULL is fine. */
void begat_json_free(struct begat_json *json);

#ifdef __cplusplus
}
#endif
#endif
