/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/words.c - see words.h.
 */
#include "sink/words.h"

#include <stdio.h>

#include "base/units.h"
#include "event/strv.h"

static void put_exit_result(struct line *line, const struct begat_event *ev)
{
	char text[32];

	if (begat_event_has(ev, BEGAT_F_SIGNAL) && ev->signal) {
		const char *name = begat_signal_name(ev->signal);

		line_color(line, COLOR_RED);
		snprintf(text, sizeof(text), "signal %d", ev->signal);
		line_put(line, name ? name : text);
		if (ev->core_dumped && begat_event_has(ev, BEGAT_F_CORE_DUMPED))
			line_put(line, "+core");
	} else if (begat_event_has(ev, BEGAT_F_EXIT_CODE)) {
		if (ev->exit_code)
			line_color(line, COLOR_YELLOW);
		snprintf(text, sizeof(text), "%d", ev->exit_code);
		line_put(line, text);
	} else {
		line_put(line, "?"); /* its exit was lost */
	}
	line_color(line, NULL);
}

void words_result(struct line *line, const struct begat_event *ev)
{
	if (ev->type == BEGAT_EXIT) {
		put_exit_result(line, ev);
	} else if (ev->type == BEGAT_EXEC_FAILED && begat_event_has(ev, BEGAT_F_ERRNO)) {
		const char *name = begat_errno_name(ev->error);
		char text[32];

		snprintf(text, sizeof(text), "error %d", ev->error);
		line_color(line, COLOR_YELLOW);
		line_put(line, name ? name : text);
		line_color(line, NULL);
	} else {
		line_put(line, "-");
	}
}

void words_after(struct line *line, const struct begat_event *ev)
{
	char text[UNITS_BYTES];

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
		if (begat_event_has(ev, BEGAT_F_ARGV_REWRITTEN) && ev->argv_rewritten)
			line_put(line, " [title]");
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

	line_color(line, COLOR_RED);
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

/* What the name and the error alone do not say. */
static void put_failure(struct line *line, const struct begat_event *ev)
{
	char text[64];

	if (begat_event_has(ev, BEGAT_F_FD_PATH)) {
		line_put(line, " [descriptor of ");
		line_escape(line, &ev->fd_path, true);
		line_put(line, "]");
	}
	if (begat_event_has(ev, BEGAT_F_MISSING)) {
		line_put(line, " [interpreter ");
		line_escape(line, &ev->missing_interpreter, true);
		line_put(line, " is missing]");
	}
	if (begat_event_has(ev, BEGAT_F_SEARCHED)) {
		snprintf(text, sizeof(text), " (searched %u directories)", ev->searched);
		line_put(line, text);
	} else if (begat_event_has(ev, BEGAT_F_REPEATS) && ev->repeats) {
		snprintf(text, sizeof(text), " (and %u more like it)", ev->repeats);
		line_put(line, text);
	}
}

void words_what(struct line *line, const struct begat_event *ev)
{
	struct begat_str none = { NULL, 0 };

	switch (ev->type) {
	case BEGAT_FORK:
		line_color(line, COLOR_DIM);
		if (begat_event_has(ev, BEGAT_F_COMM))
			line_escape(line, &ev->comm, false);
		line_color(line, NULL);
		break;
	case BEGAT_EXEC_FAILED:
		/* What was asked for: argv[0] is only what it would have been called. */
		put_command(line, ev, begat_event_has(ev, BEGAT_F_FILENAME) ? ev->filename : none);
		put_failure(line, ev);
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
