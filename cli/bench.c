/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench.c - `begat bench`: what begat costs on this machine, a verdict a line.
 *
 * Owns:  which parts run, the first and the last line, the exit status.
 * Not:   verdicts (bench/verdict.c), what is measured, and with what (a file each in bench/).
 *
 * A bar that is missed is no failure of the command: the status says whether it could measure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "cli.h"
#include "rights.h"
#include "options.h"
#include "output.h"

static int bench(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "verbose", 'v', NULL, 0, "also each BPF program", .parse = option_verbose },
	{ "quiet", 'q', NULL, 0, "no count of verdicts at the end", .parse = option_quiet },
	{ .name = NULL },
};

const struct command_spec command_bench = {
	.captures = true,
	.files = ANY_NUMBER, /* parts */
	.groups = OPTIONS_ANSWER | OPTIONS_BACKEND,
	.own = own_options,
	.about = "Measures begat on this machine, in under a minute: a verdict a line, against the "
		 "bar that\n"
		 "the project has set itself. Without PART all of them:\n"
		 "  latency  kernel time stamp to callback, beside bare wake-ups\n"
		 "  storm    slow-down of processes and of failing execs, events lost\n"
		 "  hooks    run time of the BPF programs\n"
		 "  memory   kernel memory a process, begat's own at 100,000\n"
		 "  idle     CPU time while nothing happens\n"
		 "  start    how long it takes to begin and to end\n"
		 "Needs root, or CAP_BPF and CAP_PERFMON, and an idle machine. A missed bar is no "
		 "failure: exit\n"
		 "status 1 means that it could not measure.\n",
	.examples = "  sudo begat bench\n"
		    "  sudo begat bench latency idle --format json | jq 'select(.ok == false)'\n",
	.run = bench,
};

#define SECONDS 52 /* each part knows how many of them are its own */

/* In the order of measuring. */
static const struct bench_part *const parts[] = { &bench_latency, &bench_storm, &bench_hooks,
						  &bench_memory,  &bench_idle,	&bench_start };
#define PARTS (sizeof(parts) / sizeof(parts[0]))

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
		 meant ? meant : "; there are latency, storm, hooks, memory, idle, start",
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
	bench_write(bench->out, line);
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
	bench_write(out, line);
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
	bench_write(bench->out, line);
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
