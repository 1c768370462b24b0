/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/text.c - one aligned line an event, for people.
 *
 *	TIME             EVENT    PID    PPID  USER  RESULT   AFTER      COMMAND
 *	08:15:02.345678  exit   41234   41230  root  0        222.2 ms   cc1 -quiet -O2 lapi.c
 *
 * Which columns there are is columns.c's. A cell that is too long pushes the next ones, and the first
 * that has blanks to spare gives them back. Whatever came from a process goes through line_escape().
 */
#include <begat/begat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "event/users.h"
#include "sink/cell.h"
#include "sink/columns.h"
#include "sink/line.h"
#include "sink/ops.h"
#include "sink/text_summary.h"
#include "sink/words.h"

#define USER_MAX 8 /* longer names end in + as in ps */

struct text_state {
	struct line line;
	struct columns columns;
	struct users *users;
	bool has_header;
	uint64_t second; /* what tm is of */
	struct tm tm; /* with the zone's offset */
	char clock[16]; /* "08:15:02" */
	int day; /* that the reader knows of, in days and zones; 0 = none yet */
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

static void text_fields(const struct begat_sink *sink, struct begat_fields *ret_fields)
{
	const struct text_state *state = sink->state;
	static const enum begat_field shown[] = {
		BEGAT_F_EVENT,
		BEGAT_F_TIME,
		BEGAT_F_TS_NS,
		BEGAT_F_CPU,
		BEGAT_F_ID,
		BEGAT_F_PID,
		BEGAT_F_PPID,
		BEGAT_F_COMM,
		BEGAT_F_UID,
		BEGAT_F_SYNTHETIC,
		BEGAT_F_FILENAME,
		BEGAT_F_EXE,
		BEGAT_F_ARGV,
		BEGAT_F_ARGC,
		BEGAT_F_ARGV_TRUNCATED,
		BEGAT_F_FORK_TO_EXEC,
		BEGAT_F_ERRNO,
		BEGAT_F_REPEATS,
		BEGAT_F_EXIT_CODE,
		BEGAT_F_SIGNAL,
		BEGAT_F_CORE_DUMPED,
		BEGAT_F_KILLED_BY,
		BEGAT_F_DURATION,
		BEGAT_F_COUNT,
		BEGAT_F_CLASS,
		BEGAT_F_FD_PATH,
		BEGAT_F_MISSING,
		BEGAT_F_ARGV_REWRITTEN,
		BEGAT_F_SEARCHED,
	};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		begat_fields_add(ret_fields, shown[i]);
	for (size_t i = 0; i < state->columns.count; i++)
		if (state->columns.list[i].kind == COLUMN_FIELD)
			begat_fields_add(ret_fields,
					 (enum begat_field)state->columns.list[i].field);
}

static void put_header(struct begat_sink *sink)
{
	struct text_state *state = sink->state;
	struct line *line = &state->line;

	state->has_header = true;
	line_clear(line);
	line_color(line, COLOR_BOLD);
	columns_header(&state->columns, line);
	line_end(line);
	outbuf_put(&sink->out, line->data, line->len);
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
	state->users = users_new(opts->accounts);
	if (!state->users)
		return -ENOMEM;
	if (columns_parse(&state->columns, opts->column_names, NULL, 0) < 0)
		return -EINVAL;
	columns_fit(&state->columns, opts->columns);
	return 0;
}

static void text_resize(struct begat_sink *sink)
{
	struct text_state *state = sink->state;

	state->line.columns = sink->opts.columns;
	if (columns_fit(&state->columns, sink->opts.columns) && state->has_header)
		put_header(sink);
}

/* On a screen the header says that tracing has begun; a tracer that does not start has none. */
static void text_flush(struct begat_sink *sink)
{
	struct text_state *state = sink->state;

	if (sink->opts.is_terminal && !state->has_header)
		put_header(sink);
}

static void read_clock(struct text_state *state, const struct begat_event *ev, bool utc)
{
	uint64_t second = ev->time_ns / 1000000000;
	time_t t = (time_t)second;

	if (second == state->second)
		return;
	if (utc)
		gmtime_r(&t, &state->tm);
	else
		localtime_r(&t, &state->tm);
	strftime(state->clock, sizeof(state->clock), "%H:%M:%S", &state->tm);
	state->second = second;
}

/* Times say no date and no zone: a line does, where either is another than the reader knows. */
static void put_date(struct begat_sink *sink, const struct begat_event *ev)
{
	struct text_state *state = sink->state;
	struct line *line = &state->line;
	char day[32], zone[16];

	if (!begat_event_has(ev, BEGAT_F_TIME))
		return;
	read_clock(state, ev, sink->opts.utc);

	int minutes = (int)(state->tm.tm_gmtoff / 60);
	int key = (state->tm.tm_year * 366 + state->tm.tm_yday) * 96 + minutes / 15 + 1;
	bool is_news = state->day ? key != state->day : sink->opts.is_dated;

	state->day = key;
	if (!is_news)
		return;
	strftime(day, sizeof(day), "%Y-%m-%d", &state->tm);
	snprintf(zone, sizeof(zone), "%c%02d:%02d", minutes < 0 ? '-' : '+', abs(minutes) / 60,
		 abs(minutes) % 60);
	line_clear(line);
	line_color(line, COLOR_BOLD);
	line_put(line, day);
	line_put(line, " UTC");
	line_put(line, sink->opts.utc ? "" : zone);
	line_color(line, NULL);
	line_end(line);
	outbuf_put(&sink->out, line->data, line->len);
}

static void put_time(struct text_state *state, const struct begat_event *ev, bool utc)
{
	unsigned int us = (unsigned int)(ev->time_ns % 1000000000 / 1000);
	char text[32];

	if (!begat_event_has(ev, BEGAT_F_TIME)) {
		line_put(&state->line, "-");
		return;
	}
	read_clock(state, ev, utc);
	if (state->columns.clock == CLOCK_MICROSECONDS)
		snprintf(text, sizeof(text), "%s.%06u", state->clock, us);
	else if (state->columns.clock == CLOCK_MILLISECONDS)
		snprintf(text, sizeof(text), "%s.%03u", state->clock, us / 1000);
	else
		snprintf(text, sizeof(text), "%s", state->clock);
	line_color(&state->line, COLOR_DIM);
	line_put(&state->line, text);
	line_color(&state->line, NULL);
}

/* The word and the color of an event. */
static const char *event_word(const struct begat_event *ev, const char **ret_color)
{
	switch (ev->type) {
	case BEGAT_FORK:
		*ret_color = COLOR_DIM;
		return "fork";
	case BEGAT_EXEC:
		*ret_color = COLOR_GREEN;
		return "exec";
	case BEGAT_EXEC_FAILED:
		*ret_color = COLOR_YELLOW;
		return "fail";
	case BEGAT_EXIT:
		*ret_color = COLOR_CYAN;
		return "exit";
	case BEGAT_SNAPSHOT:
		*ret_color = COLOR_DIM;
		return "there";
	default:
		*ret_color = COLOR_LOUD;
		return "lost";
	}
}

static void put_number(struct text_state *state, size_t i, bool has, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	columns_put(&state->columns, i, &state->line, has ? text : "-");
}

/* A name is cut as ps does it; a number that has no name never is. */
static struct begat_str user_of(struct text_state *state, const struct begat_event *ev,
				bool *ret_is_cut)
{
	struct begat_str name = { "-", 1 };
	char number[16];

	*ret_is_cut = false;
	if (!begat_event_has(ev, BEGAT_F_UID))
		return name;
	name.data = users_name(state->users, ev->uid);
	name.len = strlen(name.data);
	snprintf(number, sizeof(number), "%u", ev->uid);
	*ret_is_cut = name.len > USER_MAX && strcmp(number, name.data);
	if (*ret_is_cut)
		name.len = USER_MAX - 1;
	return name;
}

static void put_user(struct text_state *state, const struct begat_event *ev)
{
	bool is_cut;
	struct begat_str name = user_of(state, ev, &is_cut);

	line_escape(&state->line, &name, false);
	if (is_cut)
		line_put(&state->line, "+");
}

static void put_lost(struct text_state *state, const struct begat_event *ev, bool utc)
{
	struct line *line = &state->line;
	const char *class = begat_event_name((enum begat_event_type)ev->class_type);
	char text[128], count[UNITS_BYTES];
	int len;

	if (state->columns.list[0].kind == COLUMN_TIME) {
		put_time(state, ev, utc);
		line_pad(line, state->columns.count > 1 ? state->columns.list[1].start : 0, 1);
	}
	line_color(line, COLOR_LOUD);
	len = snprintf(text, sizeof(text), "lost %s %s event%s here", units_count(count, ev->count),
		       class ? class : "", ev->count == 1 ? "" : "s");
	/* What a recorder could not take in was lost on no CPU in particular. */
	if (begat_event_has(ev, BEGAT_F_CPU))
		snprintf(text + len, sizeof(text) - len, ", on CPU %u", ev->lost_cpu);
	line_put(line, text);
	line_color(line, NULL);
}

static void put_word(struct line *line, const struct begat_event *ev)
{
	const char *color;
	const char *word = event_word(ev, &color);

	line_color(line, color);
	line_put(line, word);
	line_color(line, NULL);
}

static void put_field(struct text_state *state, size_t i, const struct begat_event *ev)
{
	enum begat_field field = (enum begat_field)state->columns.list[i].field;
	char text[CELL_BYTES];
	const char *scalar = cell_scalar(ev, field, text);

	if (scalar) {
		columns_put(&state->columns, i, &state->line, scalar);
		return;
	}
	columns_begin(&state->columns, i, &state->line);
	cell_put_text(&state->line, ev, field);
}

static void put_cell(struct text_state *state, size_t i, const struct begat_event *ev, bool utc)
{
	const struct column *column = &state->columns.list[i];
	struct line *line = &state->line;

	if (column->is_right && column->kind != COLUMN_FIELD) {
		bool is_pid = column->kind == COLUMN_PID;

		put_number(state, i, begat_event_has(ev, is_pid ? BEGAT_F_PID : BEGAT_F_PPID),
			   is_pid ? ev->tgid : ev->parent_tgid);
		return;
	}
	if (column->kind != COLUMN_FIELD)
		columns_begin(&state->columns, i, line);
	switch (column->kind) {
	case COLUMN_TIME:
		put_time(state, ev, utc);
		break;
	case COLUMN_EVENT:
		put_word(line, ev);
		break;
	case COLUMN_USER:
		put_user(state, ev);
		break;
	case COLUMN_RESULT:
		words_result(line, ev);
		break;
	case COLUMN_AFTER:
		words_after(line, ev);
		break;
	case COLUMN_COMMAND:
		words_what(line, ev);
		break;
	default:
		put_field(state, i, ev);
	}
}

static void put_process(struct text_state *state, const struct begat_event *ev, bool utc)
{
	for (size_t i = 0; i < state->columns.count; i++) {
		put_cell(state, i, ev, utc);
		line_unlimit(&state->line);
	}
}

/* The user's column grows before the line is begun; then the header is another. */
static void make_room(struct begat_sink *sink, const struct begat_event *ev)
{
	struct text_state *state = sink->state;
	bool is_cut;
	struct begat_str name = user_of(state, ev, &is_cut);

	if (columns_grow_user(&state->columns, (uint32_t)name.len + is_cut) && state->has_header)
		put_header(sink);
}

static int text_write(struct begat_sink *sink, const struct begat_event *ev)
{
	struct text_state *state = sink->state;
	struct line *line = &state->line;

	if (!begat_event_name((enum begat_event_type)ev->type))
		return -EINVAL;
	if (ev->type != BEGAT_SUMMARY) {
		if (sink->opts.columns)
			make_room(sink, ev);
		put_date(sink, ev);
		if (!state->has_header)
			put_header(sink);
	}
	line_clear(line);
	if (ev->type == BEGAT_SUMMARY) {
		if (!ev->stats)
			return 0;
		line->columns = 0; /* to be read whole */
		text_summary(line, ev->stats);
		line->columns = sink->opts.columns;
	} else if (ev->type == BEGAT_LOST) {
		put_lost(state, ev, sink->opts.utc);
	} else {
		put_process(state, ev, sink->opts.utc);
	}
	line_end(line);
	outbuf_put(&sink->out, line->data, line->len);
	if (!line->is_short)
		return 0;
	line->is_short = false;
	return -ENOMEM;
}

const struct sink_ops sink_text = {
	.name = "text",
	.open = text_open,
	.close = text_close,
	.fields = text_fields,
	.write = text_write,
	.flush = text_flush,
	.resize = text_resize,
};
