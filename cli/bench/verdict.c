/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/verdict.c - a verdict as a line of text or of JSON; a failure as a sentence.
 *
 * Owns:  how values, bars and advice look, and how many bars were met and missed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "bench.h"
#include "cli/color.h"
#include "cli/width.h"

#define WHAT_WIDTH 43

void bench_write(struct bench_out *out, const char *text)
{
	int err = out->error ? 0 : output_write(&out->output, text, strlen(text));

	if (err < 0)
		out->error = err;
}

static const char *show_value(char out[32], enum bench_unit unit, double value)
{
	char text[UNITS_BYTES];

	switch (unit) {
	case BENCH_NS:
		if (value < 1000)
			snprintf(out, 32, "%.0f ns", value);
		else if (value < 1e6)
			snprintf(out, 32, "%.1f us", value / 1000);
		else
			snprintf(out, 32, "%s", units_duration(text, (uint64_t)value));
		break;
	case BENCH_RATIO:
		snprintf(out, 32, "%.2fx", value);
		break;
	case BENCH_PERCENT:
		snprintf(out, 32, value < 0.1 ? "%.3f %%" : "%.2f %%", value);
		break;
	case BENCH_BYTES:
		snprintf(out, 32, "%s", units_size(text, value > 0 ? (uint64_t)value : 0));
		break;
	case BENCH_COUNT:
		snprintf(out, 32, "%.0f", value);
	}
	return out;
}

static void write_advice(struct bench_out *out, const char *advice)
{
	size_t columns = out->output.columns ? out->output.columns : 100, size;
	char *text = NULL;
	struct paragraph p = { open_memstream(&text, &size), 12, columns > 60 ? columns - 13 : 47,
			       0 };

	if (!p.out)
		return;
	fprintf(p.out, "%*s", (int)p.indent, "");
	paragraph_put(&p, advice);
	fputc('\n', p.out);
	if (!fclose(p.out))
		bench_write(out, text);
	free(text);
}

static void say_text(struct bench *bench, const struct bench_verdict *v, bool is_missed)
{
	struct bench_out *out = bench->out;
	bool is_new = !out->part || strcmp(out->part, v->part);
	bool has_color = out->output.has_color;
	char value[32], bar[32] = "", line[1024];

	if (v->bar >= 0)
		snprintf(bar, sizeof(bar), "<= %s", show_value(value, v->unit, v->bar));
	snprintf(line, sizeof(line), "%s%-8s %-*s %10s  %-11s %s%s%s%s%s%s\n",
		 is_new && out->part ? "\n" : "", is_new ? v->part : "", WHAT_WIDTH, v->what,
		 show_value(value, v->unit, v->value), bar,
		 has_color && v->bar >= 0 ? is_missed ? COLOR_YELLOW : COLOR_GREEN : "",
		 v->bar < 0  ? "-"
		 : is_missed ? "above"
			     : "ok",
		 has_color && v->bar >= 0 ? COLOR_RESET : "", *v->detail ? "  (" : "", v->detail,
		 *v->detail ? ")" : "");
	bench_write(out, line);
	if (is_missed && v->advice && v->advice != out->advice)
		write_advice(out, v->advice);
	if (is_missed)
		out->advice = v->advice;
}

/* Names, words and details are our own: ASCII without quotes. */
static void say_json(struct bench *bench, const struct bench_verdict *v, bool is_missed)
{
	static const char *const units[] = { "ns", "ratio", "percent", "bytes", "count" };
	char line[1024], bar[64] = "";

	if (v->bar >= 0)
		snprintf(bar, sizeof(bar), ",\"bar\":%.6g,\"ok\":%s", v->bar,
			 is_missed ? "false" : "true");
	snprintf(line, sizeof(line),
		 "{\"part\":\"%s\",\"name\":\"%s\",\"what\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"%s"
		 "%s%s%s%s%s%s}\n",
		 v->part, v->name, v->what, v->value, units[v->unit], bar,
		 *v->detail ? ",\"detail\":\"" : "", v->detail, *v->detail ? "\"" : "",
		 is_missed && v->advice ? ",\"advice\":\"" : "",
		 is_missed && v->advice ? v->advice : "", is_missed && v->advice ? "\"" : "");
	bench_write(bench->out, line);
}

void bench_say(struct bench *bench, const struct bench_verdict *v)
{
	struct bench_out *out = bench->out;
	bool is_missed = v->bar >= 0 && v->value > v->bar;

	if (v->bar >= 0 && is_missed)
		out->missed++;
	else if (v->bar >= 0)
		out->met++;
	if (bench->is_json)
		say_json(bench, v, is_missed);
	else
		say_text(bench, v, is_missed);
	out->part = v->part;
}

int bench_fail(struct bench *bench, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(bench->error, sizeof(bench->error), format, args);
	va_end(args);
	return -1;
}
