/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/chrome.c - a timeline as Chrome trace events (JSON object format).
 *
 * Owns:    one "process" for the recording, a "thread" a track; complete events; microseconds
 *          from the first event.
 *
 * Readers add "ts" and "dur" as doubles. With decimal fractions the sum is often a little more
 * than the start of what follows, which speedscope then takes for its child. So times are whole
 * 1024ths of a microsecond, finer than the clock: doubles hold them, and add them, exactly.
 */
#include <errno.h>
#include <string.h>

#include "base/json_print.h"
#include "export.h"
#include "json.h"
#include "layout.h"

/* In 1024ths of a microsecond. */
static uint64_t ticks(uint64_t ns)
{
	return ns / 1000 * 1024 + (ns % 1000 * 1024 + 500) / 1000;
}

static void put_us(FILE *out, uint64_t count)
{
	char text[40];
	size_t len = (size_t)snprintf(text, sizeof(text), "%llu.%010llu",
				      (unsigned long long)(count / 1024),
				      (unsigned long long)(count % 1024 * 9765625));

	while (text[len - 1] == '0' && text[len - 2] != '.')
		len--;
	fwrite(text, 1, len, out);
}

static void put_args(struct export *ex, const struct begat_trace_process *p,
		     const struct layout_slice *s)
{
	uint32_t argv_number =
		s->exec == BEGAT_TRACE_NONE ? p->argv : ex->table->execs[s->exec].argv;
	struct begat_strv argv = begat_trace_strings(ex->trace, argv_number);

	fprintf(ex->out, "\"args\":{\"pid\":%u,\"ppid\":%u,\"id\":\"%016llx\"", p->tgid,
		p->parent_tgid, (unsigned long long)p->id);
	if (argv.count) {
		fputs(",\"command\":", ex->out);
		export_json_joined(ex->out, &argv);
	}
	if (p->has_cpu)
		fprintf(ex->out, ",\"cpu_ms\":%.3f", (double)(p->utime_ns + p->stime_ns) / 1e6);
	if (p->has_rss)
		fprintf(ex->out, ",\"max_rss_bytes\":%llu", (unsigned long long)p->max_rss_bytes);
	if (p->has_status && p->signal)
		fprintf(ex->out, ",\"signal\":%d", p->signal);
	else if (p->has_status)
		fprintf(ex->out, ",\"exit_code\":%d", p->exit_code);
	fputs("}", ex->out);
}

static void put_slice(struct export *ex, const struct layout_slice *s, uint64_t origin_ns)
{
	const struct begat_trace_process *p = &ex->table->processes[s->process];
	struct begat_str name = export_program(ex, s->process);
	uint64_t start = ticks(s->start_ns - origin_ns), end = ticks(s->end_ns - origin_ns);

	if (s->exec != BEGAT_TRACE_NONE)
		name = begat_trace_string(ex->trace, ex->table->execs[s->exec].comm);
	/* Of slices without length nobody can tell which is within which: those are instants. */
	fprintf(ex->out, ",\n{\"ph\":%s,\"cat\":\"process\",\"name\":",
		start == end ? "\"i\",\"s\":\"t\"" : "\"X\"");
	json_print_string(ex->out, name.data, name.len);
	fprintf(ex->out, ",\"pid\":1,\"tid\":%u,\"ts\":", s->track + 1);
	put_us(ex->out, start);
	if (start != end) {
		fputs(",\"dur\":", ex->out);
		put_us(ex->out, end - start);
	}
	putc(',', ex->out);
	put_args(ex, p, s);
	putc('}', ex->out);
}

static int run(struct export *ex)
{
	const char *host = begat_trace_meta(ex->trace, "host");
	uint64_t origin_ns = UINT64_MAX;
	struct layout layout;
	int err = layout_make(ex->table, &layout);

	if (err < 0)
		return err;
	for (uint32_t i = 0; i < layout.slices_count; i++)
		if (layout.slices[i].start_ns < origin_ns)
			origin_ns = layout.slices[i].start_ns;
	fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"producer\":\"begat\"},\"traceEvents\":["
	      "\n"
	      "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"tid\":0,\"args\":{\"name\":",
	      ex->out);
	json_print_string(ex->out, host ? host : "begat", strlen(host ? host : "begat"));
	fputs("}}", ex->out);
	for (uint32_t i = 0; i < layout.tracks_count; i++)
		fprintf(ex->out,
			",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":%u,"
			"\"args\":{\"name\":\"track %u\"}}",
			i + 1, i + 1);
	/* Slices are made in the order of their start, the outer before the inner. */
	for (uint32_t i = 0; i < layout.slices_count && !ferror(ex->out); i++)
		put_slice(ex, &layout.slices[i], origin_ns);
	fputs("\n]}\n", ex->out);
	layout_done(&layout);
	return 0;
}

const struct export_ops export_chrome = { .needs_table = true, .run = run };
