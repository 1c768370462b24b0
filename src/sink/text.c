/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/text.c - one aligned line an event, for people.
 *
 *	TIME             EVENT    PID    PPID  USER  RESULT   AFTER      COMMAND
 *	08:15:02.345678  exit   41234   41230  root  0        222.2 ms   cc1 -quiet -O2 lapi.c
 *
 * A cell that is too long pushes the next ones, and the first that has blanks to spare gives
 * them back. Whatever came from a process goes through line_escape().
 */
#include <begat/begat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/strv.h"
#include "base/users.h"
#include "sink/line.h"
#include "sink/ops.h"
#include "sink/text_summary.h"
#include "sink/units.h"

/* Where each column begins (or ends, if it is flush right). */
enum {
	COLUMN_EVENT = 17,
	COLUMN_PID_END = 29,
	COLUMN_PPID_END = 37,
	COLUMN_USER = 39,
	COLUMN_RESULT = 45,
	COLUMN_AFTER = 54,
	COLUMN_COMMAND = 65,
};

#define USER_MAX 8 /* longer names end in + as in ps */

#define DIM "2"
#define BOLD "1"
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"
#define LOUD "1;41;97"

struct text_state {
	struct line line;
	struct users *users;
	bool has_header;
	uint64_t second; /* what clock is of */
	char clock[16]; /* "08:15:02" */
};

static void text_close(struct begat_sink *sink)
{
	struct text_state *state = sink->state;

	if (!state)
		return;
	line_done(&state->line);
	users_free(state->users);
	free(state);
}

static void text_fields(struct begat_fields *fields)
{
	static const enum begat_field shown[] = {
		BEGAT_F_EVENT,	      BEGAT_F_TIME,	BEGAT_F_TS_NS,
		BEGAT_F_CPU,	      BEGAT_F_ID,	BEGAT_F_PID,
		BEGAT_F_PPID,	      BEGAT_F_COMM,	BEGAT_F_UID,
		BEGAT_F_SYNTHETIC,    BEGAT_F_FILENAME, BEGAT_F_EXE,
		BEGAT_F_ARGV,	      BEGAT_F_ARGC,	BEGAT_F_ARGV_TRUNCATED,
		BEGAT_F_FORK_TO_EXEC, BEGAT_F_ERRNO,	BEGAT_F_REPEATS,
		BEGAT_F_EXIT_CODE,    BEGAT_F_SIGNAL,	BEGAT_F_CORE_DUMPED,
		BEGAT_F_KILLED_BY,    BEGAT_F_DURATION, BEGAT_F_COUNT,
		BEGAT_F_CLASS,
	};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		begat_fields_add(fields, shown[i]);
}

static void put_header(struct begat_sink *sink)
{
	struct text_state *state = sink->state;
	struct line *line = &state->line;

	state->has_header = true;
	line_clear(line);
	line_color(line, BOLD);
	line_put(line, "TIME");
	line_pad(line, COLUMN_EVENT, 1);
	line_put(line, "EVENT");
	line_put_right(line, "PID", COLUMN_PID_END);
	line_put_right(line, "PPID", COLUMN_PPID_END);
	line_pad(line, COLUMN_USER, 1);
	line_put(line, "USER");
	line_pad(line, COLUMN_RESULT, 1);
	line_put(line, "RESULT");
	line_pad(line, COLUMN_AFTER, 1);
	line_put(line, "AFTER");
	line_pad(line, COLUMN_COMMAND, 1);
	line_put(line, "COMMAND");
	line_end(line);
	sink_out_put(&sink->out, line->data, line->len);
}

static int text_open(struct begat_sink *sink)
{
	const struct begat_sink_options *opts = &sink->opts;
	struct text_state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	sink->state = state;
	state->second = UINT64_MAX;
	line_init(&state->line, opts->columns, opts->is_terminal && !opts->no_color);
	state->users = users_new();
	if (!state->users)
		return -ENOMEM;
	return 0;
}

/* On a screen the header says that tracing has begun; a tracer that does not start has none. */
static void text_flush(struct begat_sink *sink)
{
	struct text_state *state = sink->state;

	if (sink->opts.is_terminal && !state->has_header)
		put_header(sink);
}

static void put_time(struct text_state *state, const struct begat_event *ev, bool utc)
{
	uint64_t second = ev->time_ns / 1000000000;
	char text[32];

	if (!begat_event_has(ev, BEGAT_F_TIME)) {
		line_put(&state->line, "-");
		return;
	}
	if (second != state->second) {
		time_t t = (time_t)second;
		struct tm tm;

		if (utc)
			gmtime_r(&t, &tm);
		else
			localtime_r(&t, &tm);
		strftime(state->clock, sizeof(state->clock), "%H:%M:%S", &tm);
		state->second = second;
	}
	snprintf(text, sizeof(text), "%s.%06u", state->clock,
		 (unsigned int)(ev->time_ns % 1000000000 / 1000));
	line_color(&state->line, DIM);
	line_put(&state->line, text);
	line_color(&state->line, NULL);
}

/* The word and the colour of an event. */
static const char *event_word(const struct begat_event *ev, const char **ret_color)
{
	switch (ev->type) {
	case BEGAT_FORK:
		*ret_color = DIM;
		return "fork";
	case BEGAT_EXEC:
		*ret_color = GREEN;
		return "exec";
	case BEGAT_EXEC_FAILED:
		*ret_color = YELLOW;
		return "fail";
	case BEGAT_EXIT:
		*ret_color = CYAN;
		return "exit";
	case BEGAT_SNAPSHOT:
		*ret_color = DIM;
		return "there";
	default:
		*ret_color = LOUD;
		return "lost";
	}
}

static void put_number(struct line *line, bool has, uint32_t number, uint32_t column)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	line_put_right(line, has ? text : "-", column);
}

static void put_user(struct text_state *state, const struct begat_event *ev)
{
	struct line *line = &state->line;
	struct begat_str name = { "-", 1 };

	line_pad(line, COLUMN_USER, 1);
	if (begat_event_has(ev, BEGAT_F_UID)) {
		name.data = users_name(state->users, ev->uid);
		name.len = strlen(name.data);
	}
	if (name.len <= USER_MAX) {
		line_escape(line, &name, false);
		return;
	}
	name.len = USER_MAX - 1;
	line_escape(line, &name, false);
	line_put(line, "+");
}

static void put_exit_result(struct line *line, const struct begat_event *ev)
{
	char text[32];

	if (begat_event_has(ev, BEGAT_F_SIGNAL) && ev->signal) {
		const char *name = begat_signal_name(ev->signal);

		line_color(line, RED);
		snprintf(text, sizeof(text), "signal %d", ev->signal);
		line_put(line, name ? name : text);
		if (ev->core_dumped && begat_event_has(ev, BEGAT_F_CORE_DUMPED))
			line_put(line, "+core");
	} else if (begat_event_has(ev, BEGAT_F_EXIT_CODE)) {
		if (ev->exit_code)
			line_color(line, YELLOW);
		snprintf(text, sizeof(text), "%d", ev->exit_code);
		line_put(line, text);
	} else {
		line_put(line, "?"); /* its exit was lost */
	}
	line_color(line, NULL);
}

static void put_result(struct line *line, const struct begat_event *ev)
{
	line_pad(line, COLUMN_RESULT, 2);
	if (ev->type == BEGAT_EXIT) {
		put_exit_result(line, ev);
	} else if (ev->type == BEGAT_EXEC_FAILED && begat_event_has(ev, BEGAT_F_ERRNO)) {
		const char *name = begat_errno_name(ev->error);
		char text[32];

		snprintf(text, sizeof(text), "error %d", ev->error);
		line_color(line, YELLOW);
		line_put(line, name ? name : text);
		line_color(line, NULL);
	} else {
		line_put(line, "-");
	}
}

static void put_after(struct line *line, const struct begat_event *ev)
{
	char text[UNITS_BYTES];

	line_pad(line, COLUMN_AFTER, 2);
	if (ev->type == BEGAT_EXIT && begat_event_has(ev, BEGAT_F_DURATION))
		line_put(line, units_duration(text, ev->duration_ns));
	else if (ev->type == BEGAT_EXEC && begat_event_has(ev, BEGAT_F_FORK_TO_EXEC))
		line_put(line, units_duration(text, ev->fork_to_exec_ns));
	else
		line_put(line, "-");
}

/* argv, or the next best name of what ran. @first replaces argv[0] if it has data. */
static void put_command(struct line *line, const struct begat_event *ev, struct begat_str first)
{
	struct strv_iter it = strv_begin(&ev->argv);
	struct begat_str str;
	bool any = false;

	if (!begat_event_has(ev, BEGAT_F_ARGV))
		it = (struct strv_iter){ 0 };
	if (first.data) {
		line_escape(line, &first, true);
		any = true;
		strv_next(&it, &str);
	}
	while (!line->is_full && strv_next(&it, &str)) {
		if (any)
			line_put(line, " ");
		line_escape(line, &str, true);
		any = true;
	}
	if (any) {
		if (begat_event_has(ev, BEGAT_F_ARGV_TRUNCATED) && ev->argv_truncated)
			line_put(line, " [cut]");
	} else if (begat_event_has(ev, BEGAT_F_EXE)) {
		line_escape(line, &ev->exe, true);
	} else if (begat_event_has(ev, BEGAT_F_FILENAME)) {
		line_escape(line, &ev->filename, true);
	} else if (begat_event_has(ev, BEGAT_F_COMM)) {
		line_escape(line, &ev->comm, false);
	}
}

static void put_killer(struct line *line, const struct begat_event *ev)
{
	char text[64];

	line_color(line, RED);
	if (ev->killed_by_oom) {
		line_put(line, " [out of memory]");
	} else if (ev->killed_by_tgid) {
		line_put(line, " [by ");
		line_escape(line, &ev->killed_by_comm, false);
		snprintf(text, sizeof(text), " %u]", ev->killed_by_tgid);
		line_put(line, text);
	}
	line_color(line, NULL);
}

static void put_what(struct line *line, const struct begat_event *ev)
{
	struct begat_str none = { NULL, 0 };
	char text[64];

	line_pad(line, COLUMN_COMMAND, 2);
	switch (ev->type) {
	case BEGAT_FORK:
		line_color(line, DIM);
		if (begat_event_has(ev, BEGAT_F_COMM))
			line_escape(line, &ev->comm, false);
		line_color(line, NULL);
		break;
	case BEGAT_EXEC_FAILED:
		/* What was asked for: argv[0] is only what it would have been called. */
		put_command(line, ev, begat_event_has(ev, BEGAT_F_FILENAME) ? ev->filename : none);
		if (begat_event_has(ev, BEGAT_F_REPEATS) && ev->repeats) {
			snprintf(text, sizeof(text), " (and %u more like it)", ev->repeats);
			line_put(line, text);
		}
		break;
	case BEGAT_EXIT:
		put_command(line, ev, none);
		if (begat_event_has(ev, BEGAT_F_KILLED_BY))
			put_killer(line, ev);
		break;
	default:
		put_command(line, ev, none);
	}
	if (begat_event_has(ev, BEGAT_F_SYNTHETIC) && ev->synthetic)
		line_put(line, " [made up after a loss]");
}

static void put_lost(struct line *line, const struct begat_event *ev)
{
	const char *class = begat_event_name((enum begat_event_type)ev->class_type);
	char text[128], count[UNITS_BYTES];
	int len;

	line_pad(line, COLUMN_EVENT, 1);
	line_color(line, LOUD);
	len = snprintf(text, sizeof(text), "lost %s %s event%s here", units_count(count, ev->count),
		       class ? class : "", ev->count == 1 ? "" : "s");
	/* What a recorder could not take in was lost on no CPU in particular. */
	if (begat_event_has(ev, BEGAT_F_CPU))
		snprintf(text + len, sizeof(text) - len, ", on CPU %u", ev->lost_cpu);
	line_put(line, text);
	line_color(line, NULL);
}

static void put_process(struct text_state *state, const struct begat_event *ev)
{
	struct line *line = &state->line;
	const char *color;
	const char *word = event_word(ev, &color);

	line_pad(line, COLUMN_EVENT, 1);
	line_color(line, color);
	line_put(line, word);
	line_color(line, NULL);
	put_number(line, begat_event_has(ev, BEGAT_F_PID), ev->tgid, COLUMN_PID_END);
	put_number(line, begat_event_has(ev, BEGAT_F_PPID), ev->parent_tgid, COLUMN_PPID_END);
	put_user(state, ev);
	put_result(line, ev);
	put_after(line, ev);
	put_what(line, ev);
}

static int text_write(struct begat_sink *sink, const struct begat_event *ev)
{
	struct text_state *state = sink->state;
	struct line *line = &state->line;

	if (!begat_event_name((enum begat_event_type)ev->type))
		return -EINVAL;
	if (!state->has_header && ev->type != BEGAT_SUMMARY)
		put_header(sink);
	line_clear(line);
	if (ev->type == BEGAT_SUMMARY) {
		if (!ev->stats)
			return 0;
		line->columns = 0; /* to be read whole */
		text_summary(line, ev->stats);
		line->columns = sink->opts.columns;
	} else {
		put_time(state, ev, sink->opts.utc);
		if (ev->type == BEGAT_LOST)
			put_lost(line, ev);
		else
			put_process(state, ev);
	}
	line_end(line);
	sink_out_put(&sink->out, line->data, line->len);
	return 0;
}

const struct sink_ops sink_text = {
	.name = "text",
	.open = text_open,
	.close = text_close,
	.fields = text_fields,
	.write = text_write,
	.flush = text_flush,
};
