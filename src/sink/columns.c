/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/columns.c - see columns.h.
 */
#include "sink/columns.h"

#include <begat/sink.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "event/fields.h"

#define TEXT_WIDTH 24 /* of a text between other columns */

static const struct column usual[] = {
	{ COLUMN_TIME, 0, "time", 15, 0, 0, false, false },
	{ COLUMN_EVENT, 0, "event", 4, 2, 0, false, false },
	{ COLUMN_PID, 0, "pid", 7, 1, 0, true, false },
	{ COLUMN_PPID, 0, "ppid", 7, 1, 0, true, false },
	{ COLUMN_USER, 0, "user", 4, 2, 0, false, false },
	{ COLUMN_RESULT, 0, "result", 7, 2, 0, false, false },
	{ COLUMN_AFTER, 0, "after", 9, 2, 0, false, false },
	{ COLUMN_COMMAND, 0, "command", 0, 2, 0, false, true },
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))
#define BIT(kind) (1u << (kind))

/* By what a screen needs at least: the first that leaves the command half of it is taken. */
static const struct layout {
	uint32_t dropped; /* BIT()s of kinds */
	enum column_clock clock;
	uint32_t result_width;
	bool is_dense; /* one blank between columns */
} layouts[] = {
	{ 0, CLOCK_MICROSECONDS, 7, false },
	{ 0, CLOCK_MILLISECONDS, 7, true },
	{ BIT(COLUMN_PPID), CLOCK_MILLISECONDS, 7, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER), CLOCK_MILLISECONDS, 7, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER), CLOCK_SECONDS, 7, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER) | BIT(COLUMN_USER), CLOCK_SECONDS, 7, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER) | BIT(COLUMN_USER) | BIT(COLUMN_TIME), CLOCK_SECONDS,
	  6, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER) | BIT(COLUMN_USER) | BIT(COLUMN_TIME) |
		  BIT(COLUMN_RESULT),
	  CLOCK_SECONDS, 6, true },
	{ BIT(COLUMN_PPID) | BIT(COLUMN_AFTER) | BIT(COLUMN_USER) | BIT(COLUMN_TIME) |
		  BIT(COLUMN_RESULT) | BIT(COLUMN_PID),
	  CLOCK_SECONDS, 6, true },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static const uint32_t clock_widths[] = {
	[CLOCK_MICROSECONDS] = 15, [CLOCK_MILLISECONDS] = 12, [CLOCK_SECONDS] = 8
};

static uint32_t width_of_kind(int kind)
{
	switch ((enum field_kind)kind) {
	case FIELD_TIME:
		return 15;
	case FIELD_ID:
	case FIELD_CAPS:
	case FIELD_FORKED_BY:
		return 16;
	case FIELD_U64:
	case FIELD_BYTES:
	case FIELD_ERRNO:
		return 10;
	case FIELD_DURATION:
		return 9;
	case FIELD_STR:
	case FIELD_STRV:
	case FIELD_NS:
	case FIELD_PIDS:
	case FIELD_KILLED_BY:
		return TEXT_WIDTH;
	default:
		return 7;
	}
}

static bool is_number(int kind)
{
	switch ((enum field_kind)kind) {
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_I32:
	case FIELD_CPU:
	case FIELD_BYTES:
	case FIELD_DURATION:
	case FIELD_LOGINUID:
		return true;
	default:
		return false;
	}
}

static bool is_long_text(int kind)
{
	return width_of_kind(kind) == TEXT_WIDTH;
}

static bool is_same_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !strncasecmp(word, name, len);
}

/* One name of a list. False: there is no such column. */
static bool find_column(const char *word, size_t len, struct column *ret)
{
	int field;

	for (size_t i = 0; i < USUAL; i++) {
		if (!is_same_word(word, len, usual[i].title))
			continue;
		*ret = usual[i];
		if (ret->kind == COLUMN_USER)
			ret->width = 8;
		if (ret->kind == COLUMN_COMMAND)
			ret->width = TEXT_WIDTH;
		return true;
	}
	field = fields_find(word, len);
	if (field < 0)
		return false;
	*ret = (struct column){
		.kind = COLUMN_FIELD,
		.field = field,
		.title = fields[field].name,
		.width = width_of_kind(fields[field].kind),
		.is_right = is_number(fields[field].kind),
		.is_text = is_long_text(fields[field].kind),
	};
	if (ret->width < strlen(ret->title))
		ret->width = (uint32_t)strlen(ret->title);
	return true;
}

static int fail_unknown(const char *word, size_t len, char *error, size_t size)
{
	char list[1024] = "", safe[128];
	size_t used = 0;

	for (size_t i = 0; i < USUAL; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 usual[i].title);
	begat_escape(safe, sizeof(safe), word, len < 40 ? len : 40, false);
	if (error)
		snprintf(error, size,
			 "there is no column '%s': there are %s, and every field of an event, as "
			 "uid, exe or max_rss",
			 safe, list);
	return -EINVAL;
}

/* Where each begins, from widths and gaps. */
static void place(struct columns *columns)
{
	uint32_t at = 0;

	for (size_t i = 0; i < columns->count; i++) {
		struct column *column = &columns->list[i];

		column->start = at + (i ? column->gap : 0);
		at = column->start + column->width;
	}
}

int columns_parse(struct columns *columns, const char *list, char *error, size_t error_size)
{
	*columns = (struct columns){ .is_own = list != NULL, .user_width = 4 };
	for (const char *at = list; at; at = *at ? at + 1 : NULL) {
		size_t len = strcspn(at, ",");
		struct column *column = &columns->list[columns->count];

		if (columns->count == COLUMNS_MAX)
			return fail_unknown(at, len, error, error_size);
		if (!find_column(at, len, column))
			return fail_unknown(at, len, error, error_size);
		column->gap = 2;
		columns->count++;
		at += len;
		if (!*at)
			break;
	}
	if (list)
		place(columns);
	else
		columns_fit(columns, 0);
	return 0;
}

static void apply(struct columns *columns, const struct layout *layout)
{
	columns->count = 0;
	columns->clock = layout->clock;
	for (size_t i = 0; i < USUAL; i++) {
		struct column *column = &columns->list[columns->count];

		if (layout->dropped & BIT(usual[i].kind))
			continue;
		*column = usual[i];
		if (column->kind == COLUMN_TIME)
			column->width = clock_widths[layout->clock];
		if (column->kind == COLUMN_USER)
			column->width = columns->user_width;
		if (column->kind == COLUMN_RESULT)
			column->width = layout->result_width;
		if (column->kind == COLUMN_AFTER && layout->is_dense)
			column->width = 8;
		if (layout->is_dense)
			column->gap = 1;
		columns->count++;
	}
	place(columns);
}

bool columns_fit(struct columns *columns, uint32_t screen)
{
	uint32_t start = columns->count ? columns->list[columns->count - 1].start : 0;
	size_t count = columns->count;

	columns->screen = screen;
	if (columns->is_own)
		return false;
	for (size_t i = 0; i < LAYOUTS; i++) {
		apply(columns, &layouts[i]);
		if (!screen || columns->list[columns->count - 1].start <= screen / 2)
			break;
	}
	return count != columns->count || start != columns->list[columns->count - 1].start;
}

bool columns_grow_user(struct columns *columns, uint32_t width)
{
	if (!columns->screen || columns->is_own || width <= columns->user_width)
		return false;
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->list[i].kind == COLUMN_USER) {
			columns->user_width = width;
			return columns_fit(columns, columns->screen);
		}
	}
	return false;
}

void columns_begin(const struct columns *columns, size_t i, struct line *line)
{
	const struct column *column = &columns->list[i];

	if (i)
		line_pad(line, column->start, column->gap);
	if (column->is_text && i + 1 < columns->count)
		line_limit(line, column->width);
}

void columns_put(const struct columns *columns, size_t i, struct line *line, const char *text)
{
	const struct column *column = &columns->list[i];

	if (column->is_right) {
		size_t len = strlen(text);
		uint32_t end = column->start + column->width;

		line_pad(line, len < end ? end - (uint32_t)len : 0, i ? 1 : 0);
	} else {
		columns_begin(columns, i, line);
	}
	line_put(line, text);
}

void columns_header(const struct columns *columns, struct line *line)
{
	for (size_t i = 0; i < columns->count; i++) {
		char title[64];
		size_t len = strlen(columns->list[i].title);

		for (size_t k = 0; k <= len && k < sizeof(title); k++)
			title[k] = (char)toupper((unsigned char)columns->list[i].title[k]);
		/* "EVENT" is longer than its words: it takes from the blanks of the next. */
		columns_put(columns, i, line, title);
		line_unlimit(line);
	}
}

BEGAT_API const char *const *begat_sink_columns(void)
{
	static const char *names[USUAL + 1]; /* the same for all callers */

	for (size_t i = 0; i < USUAL; i++)
		names[i] = usual[i].title;
	return names;
}

BEGAT_API int begat_sink_check_columns(const char *list, char *error, size_t error_len)
{
	struct columns columns;

	return columns_parse(&columns, list, error, error_len);
}
