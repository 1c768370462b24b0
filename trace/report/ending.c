/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/ending.c - how the recorded command ended, as one sentence.
 *
 * Owns:    the words; what a recording says and what it leaves open.
 * Not:     where the sentence is shown (html.c, text.c, json.c, the command's last line).
 *
 * Invariant: the name of the program is escaped and short; it comes from the recording.
 */
#include <begat/event.h>
#include <begat/sink.h>
#include <inttypes.h>
#include <string.h>

#include "base/api.h"
#include "report.h"

#define NAME_BYTES 80

static void put_name(const char *data, size_t len, char *out, size_t size)
{
	struct begat_str base = model_basename((struct begat_str){ data, len });

	begat_escape(out, size, base.data, base.len, false);
	if (!*out)
		snprintf(out, size, "the command");
}

BEGAT_API bool begat_report_ending(const char *command, int32_t exit_code, int32_t signal,
				   char *out, size_t size)
{
	char name[NAME_BYTES];
	const char *known = signal ? begat_signal_name(signal) : NULL;

	put_name(command, strlen(command), name, sizeof(name));
	if (known)
		snprintf(out, size, "%s was killed by %s", name, known);
	else if (signal)
		snprintf(out, size, "%s was killed by signal %" PRId32, name, signal);
	else if (exit_code)
		snprintf(out, size, "%s ended with status %" PRId32, name, exit_code);
	else if (size)
		out[0] = '\0';
	return signal || exit_code;
}

/* The command's process never became a program. */
static bool was_not_run(const struct analysis_base *b, uint32_t root, int32_t *ret_error)
{
	const struct begat_trace_process *p = base_row(b, root);
	const struct begat_trace_exec *exec;

	if (base_image(b, root, UINT64_MAX) || (p->exit_code != 126 && p->exit_code != 127))
		return false;
	for (uint32_t k = 0; (exec = base_next_exec(b, root, &k));) {
		if (base_exec_error(exec))
			*ret_error = base_exec_error(exec);
	}
	return true;
}

static bool has_any_exit(const struct analysis_base *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->processes[i].flags & ANALYSIS_ENDED)
			return true;
	}
	return false;
}

/* Without an exit of the command: does it run, or is its exit missing? */
static void put_open_end(const struct analysis_base *b, const char *name, struct report_ending *e)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < ANALYSIS_LOST_CLASSES; i++)
		lost += b->meta.lost[i];
	if (b->root == ANALYSIS_NONE)
		snprintf(e->sentence, sizeof(e->sentence), "no process of %s is in the recording",
			 name);
	else if (b->meta.is_incomplete)
		snprintf(e->sentence, sizeof(e->sentence),
			 "%s still ran when the recording was cut short", name);
	else if (lost || !has_any_exit(b))
		snprintf(e->sentence, sizeof(e->sentence), "how %s ended is not in the recording",
			 name);
	else
		snprintf(e->sentence, sizeof(e->sentence), "%s still ran when the recording ended",
			 name);
	e->is_running = strstr(e->sentence, " still ran when") != NULL;
}

void report_find_ending(const struct analysis *a, struct report_ending *ret_ending)
{
	/* However little of the recording is shown, its command ended as it did. */
	const struct analysis_base *b =
		a->base->meta.narrowing.whole ? a->base->meta.narrowing.whole : a->base;
	struct report_ending e = { .has_command = b->meta.command != 0 };
	struct begat_str argv = base_text(b, b->meta.command);
	char name[NAME_BYTES];
	int32_t error = 0;

	put_name(argv.data, strnlen(argv.data, argv.len), name, sizeof(name));
	if (b->root == ANALYSIS_NONE || !(b->processes[b->root].flags & ANALYSIS_HAS_STATUS)) {
		if (e.has_command)
			put_open_end(b, name, &e);
	} else if (e.has_command) {
		const struct begat_trace_process *p = base_row(b, b->root);
		char first[NAME_BYTES * 4 + 1];

		e.has_status = true;
		e.exit_code = p->exit_code;
		e.signal = p->signal;
		snprintf(first, sizeof(first), "%.*s",
			 (int)strnlen(argv.data, argv.len < 320 ? argv.len : 320), argv.data);
		e.has_failed = begat_report_ending(first, p->exit_code, p->signal, e.sentence,
						   sizeof(e.sentence));
		if (!p->signal && was_not_run(b, b->root, &error))
			snprintf(e.sentence, sizeof(e.sentence), "%s could not be run%s%s", name,
				 error ? ": " : "",
				 error && begat_errno_name(error) ? begat_errno_name(error) : "");
	}
	*ret_ending = e;
}
