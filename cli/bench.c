/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench.c - `begat bench`: what begat costs on this machine, a verdict a line.
 *
 * Owns:  which parts run, how a verdict looks as text and as JSON, the exit status.
 * Not:   what is measured, and with what (a file each in bench/).
 *
 * A bar that is missed is no failure of the command: the status says whether it could measure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "bench/bench.h"
#include "cli.h"
#include "color.h"
#include "rights.h"
#include "options.h"
#include "output.h"
#include "width.h"

static int bench(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "verbose", 'v', NULL, 0, "also each BPF program", .parse = option_verbose },
	{ "quiet", 'q', NULL, 0, "no count of verdicts at the end", .parse = option_quiet },
	{ .name = NULL },
};

const struct command_spec command_bench = {
	.captures = true,
	.files = ANY_NUMBER, /* parts */
	.groups = OPTIONS_OUTPUT | OPTIONS_BACKEND,
	.own = own_options,
	.about = "Measures begat on this machine, in under a minute: a verdict a line, against the "
		 "bar that\n"
		 "the project has set itself. Without PART all of them:\n"
		 "  latency  kernel time stamp to callback, beside bare wake-ups\n"
		 "  storm    slow-down of processes and of failing execs, events lost\n"
		 "  hooks    run time of the BPF programs\n"
		 "  memory   kernel memory a process, begat's own at 100,000\n"
		 "  idle     CPU time while nothing happens\n"
		 "Needs root, or CAP_BPF and CAP_PERFMON, and an idle machine. A missed bar is no "
		 "failure: exit\n"
		 "status 1 means that it could not measure.\n",
	.examples = "  sudo begat bench\n"
		    "  sudo begat bench latency idle --format json | jq 'select(.ok == false)'\n",
	.run = bench,
};

#define WHAT_WIDTH 43
#define SECONDS 52 /* each part knows how many of them are its own */

/* In the order of measuring. */
static const struct bench_part *const parts[] = { &bench_latency, &bench_storm, &bench_hooks,
						  &bench_memory, &bench_idle };
#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct bench_out {
	struct output output;
	const char *part, *advice; /* of the last line that had them */
	unsigned int met, missed;
	int error; /* of the first write that failed */
};

static void write_text(struct bench_out *out, const char *text)
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
		write_text(out, text);
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
	write_text(out, line);
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
	write_text(bench->out, line);
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

static const struct bench_part *find_part(const char *name)
{
	for (size_t i = 0; i < PARTS; i++)
		if (!strcmp(parts[i]->name, name))
			return parts[i];
	return NULL;
}

const char *const *bench_part_names(void)
{
	static const char *names[PARTS + 1];

	for (size_t i = 0; i < PARTS; i++)
		names[i] = parts[i]->name;
	return names;
}

static int fail_unknown_part(const char *word)
{
	char safe[160], sentence[320];
	const char *meant = suggest_word(word, bench_part_names());

	snprintf(sentence, sizeof(sentence), "there is no part '%s'%s%s%s",
		 cli_safe(safe, sizeof(safe), word), meant ? "; did you mean '" : "",
		 meant ? meant : "; there are latency, storm, hooks, memory, idle",
		 meant ? "'?" : "");
	return cli_usage_error("bench", sentence);
}

static double load_average(void)
{
	double load[1] = { 0 };

	return getloadavg(load, 1) == 1 ? load[0] : 0;
}

static void write_head(struct bench *bench, const struct begat_stats *stats)
{
	struct utsname host = { 0 };
	char line[768];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	uname(&host);
	if (bench->is_json)
		snprintf(line, sizeof(line),
			 "{\"part\":\"machine\",\"begat\":\"%s\",\"kernel\":\"%.64s\",\"arch\":\""
			 "%.64s\",\"cpus\":%ld,\"load\":%.2f,\"backend\":\"%s\",\"transport\":\"%"
			 "s\"}"
			 "\n",
			 begat_version(), host.release, host.machine, cpus, load_average(),
			 stats->backend, stats->transport);
	else
		snprintf(line, sizeof(line),
			 "begat %s on %.64s %.64s, %.64s, %ld CPUs, load %.2f: %s over %s\n\n",
			 begat_version(), host.sysname, host.release, host.machine, cpus,
			 load_average(), stats->backend, stats->transport);
	write_text(bench->out, line);
}

static void write_foot(struct bench *bench, double seconds)
{
	struct bench_out *out = bench->out;
	char line[128];

	if (bench->is_quiet)
		return;
	snprintf(line, sizeof(line),
		 bench->is_json ? "{\"part\":\"total\",\"met\":%u,\"above\":%u,\"seconds\":%.1f}\n"
				: "\n%u within the bar, %u above it; %.0f s\n",
		 out->met, out->missed, seconds);
	write_text(out, line);
}

/* Rights and the kernel: what fails here fails before anything is written. */
static int prove(struct bench *bench)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct bench_out *out = bench->out;
	struct begat *b;
	int err = bench_tracer_open(bench, BEGAT_BALANCED, bench_ignore_event, NULL, &b);

	if (err)
		return err;
	begat_stats(b, &stats);
	out->error = output_begin(&out->output, false);
	write_head(bench, &stats);
	bench_tracer_close(bench, b);
	return 0;
}

static bool is_wanted(const struct bench_part *part, char *const *names)
{
	for (char *const *name = names; *name; name++)
		if (!strcmp(*name, part->name))
			return true;
	return !*names;
}

static void say_left_out(struct bench *bench, const char *part)
{
	char line[160];

	snprintf(line, sizeof(line),
		 bench->is_json
			 ? "{\"part\":\"%s\",\"skipped\":\"no time is left\"}\n"
			 : "\n%-8s left out, no time is left: 'begat bench %s' measures it\n",
		 part, part);
	write_text(bench->out, line);
}

static int run_parts(struct bench *bench, char *const *names)
{
	struct bench_out *out = bench->out;
	uint64_t began = clock_read_ns(CLOCK_MONOTONIC);
	int err = prove(bench);

	bench->end_ns = began + SECONDS * 1000000000ull;
	for (size_t i = 0; i < PARTS && !err && !out->error; i++) {
		if (!is_wanted(parts[i], names))
			continue;
		if (bench_seconds_left(bench) > 0)
			err = parts[i]->run(bench);
		else
			say_left_out(bench, parts[i]->name);
	}
	if (!err)
		write_foot(bench, (double)(clock_read_ns(CLOCK_MONOTONIC) - began) / 1e9);
	return err;
}

static void take_options(struct bench *bench, const struct options *options)
{
	bench->backend = options->backend;
	bench->transport = options->transport;
	bench->priority = getpriority(PRIO_PROCESS, 0);
	bench->is_verbose = options->verbose;
	bench->is_quiet = options->quiet;
	bench->is_json = options->format && !strcmp(options->format, "json");
}

static int bench(struct options *options, int argc, char **argv)
{
	struct bench_out out = { 0 };
	struct bench bench = { .out = &out };
	char why[512];

	for (int i = 0; i < argc; i++)
		if (!find_part(argv[i]))
			return fail_unknown_part(argv[i]);
	take_options(&bench, options);
	int err = bench_load_open(&bench.load);

	if (err) {
		cli_complain("cannot start a process to measure with: %s.", strerror(-err));
		bench_load_close(&bench.load);
		return CLI_FAILED;
	}
	if (output_open(&out.output, options->output, STDOUT_FILENO, false, why, sizeof(why))) {
		cli_complain("%s.", why);
		bench_load_close(&bench.load);
		return CLI_FAILED;
	}
	rights_take();
	err = run_parts(&bench, argv);
	if (err)
		cli_explain(bench.error);
	else if (out.error && out.error != -EPIPE)
		cli_complain("cannot write to %s: %s.", out.output.name, strerror(-out.error));
	int closed = output_close(&out.output, err && !out.part);

	bench_load_close(&bench.load);
	if (closed && !out.error && closed != -EPIPE)
		cli_complain("cannot write to %s: %s.", out.output.name, strerror(-closed));
	return err || closed || (out.error && out.error != -EPIPE) ? CLI_FAILED : CLI_OK;
}
