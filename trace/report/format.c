/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/format.c - durations, sizes, counts and commands as people read them.
 *
 * Owns:    units and their precision: three digits that mean something.
 * Not:     layout (text.c); the page has its own in web/src/format.js.
 */
#include "report.h"

#include <begat/event.h>
#include <begat/sink.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

uint32_t report_argv(const struct analysis_base *b, uint32_t process)
{
	const struct begat_trace_exec *image = base_image(b, process, UINT64_MAX);

	return image ? image->argv : 0;
}

size_t format_argv(const struct analysis_base *b, uint32_t argv, char *out, size_t size)
{
	struct begat_str text = base_text(b, argv);
	const char *at = text.data, *end = text.data + text.len;
	size_t len = 0;

	if (!size)
		return 0;
	out[0] = '\0';
	while (at < end && len + 1 < size) {
		const char *nul = memchr(at, '\0', end - at);
		size_t part = nul ? (size_t)(nul - at) : (size_t)(end - at);

		if (len)
			out[len++] = ' ';
		out[len] = '\0';
		len += begat_escape(out + len, size - len, at, part, true);
		at += part + 1;
	}
	return len < size ? len : strlen(out);
}

size_t format_command(const struct analysis_base *b, uint32_t process, char *out, size_t size)
{
	const struct analysis_process *p = &b->processes[process];
	uint32_t argv = report_argv(b, process);

	struct begat_str words = base_text(b, argv);
	struct begat_strv strings = { .data = words.data, .bytes = words.len };
	struct begat_str subject = begat_report_subject(&strings);

	if (subject.len && size > subject.len + 64) {
		struct begat_str program = { words.data, strnlen(words.data, words.len) };

		program = model_basename(program);
		begat_escape(out, 40, program.data, program.len, true);
		return strlen(out) + (size_t)sprintf(out + strlen(out), " ... %.*s",
						     (int)subject.len, subject.data);
	}
	if (argv)
		return format_argv(b, argv, out, size);
	struct begat_str name =
		model_basename(base_text(b, p->program ? p->program : base_row(b, process)->comm));
	size_t len = begat_escape(out, size, name.data, name.len, false);

	if (len >= size)
		return strlen(out);
	if (p->flags & ANALYSIS_FORK_ONLY && size - len > 8) {
		memcpy(out + len, " (fork)", 8);
		len += 7;
	}
	return len;
}

const char *failure_kind_name(enum analysis_failure_kind kind)
{
	static const char *const names[] = {
		[ANALYSIS_FAILED_EXIT] = "exit",
		[ANALYSIS_FAILED_SIGNAL] = "signal",
		[ANALYSIS_FAILED_EXEC] = "exec",
		[ANALYSIS_PATH_MISS] = "path_miss",
	};

	return names[kind];
}

const char *failure_value(char out[UNITS_BYTES], const struct analysis_failure *failure)
{
	const char *name = NULL;

	if (failure->kind == ANALYSIS_FAILED_SIGNAL)
		name = begat_signal_name(failure->value);
	else if (failure->kind != ANALYSIS_FAILED_EXIT)
		name = begat_errno_name(failure->value);
	if (name)
		snprintf(out, UNITS_BYTES, "%s", name);
	else if (failure->kind == ANALYSIS_FAILED_EXIT)
		snprintf(out, UNITS_BYTES, "status %d", failure->value);
	else
		snprintf(out, UNITS_BYTES, "%d", failure->value);
	return out;
}

static const char *put_time(char out[FORMAT_TIME_BYTES], const struct analysis_base *b,
			    uint64_t ts_ns, const char *form, const char *zone)
{
	uint64_t ns = ts_ns + (uint64_t)b->meta.realtime_offset_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	size_t used;

	out[0] = '\0';
	if (!b->meta.realtime_offset_ns || !gmtime_r(&seconds, &tm))
		return out;
	used = strftime(out, FORMAT_TIME_BYTES, form, &tm);
	snprintf(out + used, FORMAT_TIME_BYTES - used, ".%03u%s",
		 (unsigned)(ns % 1000000000 / 1000000), zone);
	return out;
}

const char *format_time(char out[FORMAT_TIME_BYTES], const struct analysis_base *b, uint64_t ts_ns)
{
	return put_time(out, b, ts_ns, "%Y-%m-%d %H:%M:%S", " UTC");
}

const char *format_clock(char out[FORMAT_TIME_BYTES], const struct analysis_base *b, uint64_t ts_ns)
{
	return put_time(out, b, ts_ns, "%H:%M:%S", "");
}
