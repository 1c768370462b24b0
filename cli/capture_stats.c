/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/capture_stats.c - what -v and --stats say about the capture itself, on stderr.
 *
 * Owns:  the wording of both.
 * Not:   the numbers (begat_stats()), the summary of a run (totals.c).
 */
#include "capture_stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli.h"
#include "stream.h"

void capture_say_how(const struct stream *stream)
{
	struct begat_stats stats = { .size = sizeof(stats) };

	if (begat_stats(stream->begat, &stats))
		return;
	bool is_best = !stats.fallback || !*stats.fallback;

	cli_complain("%s backend, %s transport of %" PRIu64 " KiB, %s latency%s%s.", stats.backend,
		     stats.transport, stats.buffer_bytes >> 10, stats.latency,
		     is_best ? "" : "; not better because ", is_best ? "" : stats.fallback);
	if (!stream->options->where)
		return;
	if (stream->is_filtered_here)
		cli_complain("--where selects what is written; the summary counts everything.");
	else if (stats.pushed[0])
		cli_complain("of --where the kernel checks: %s.", stats.pushed);
	else
		cli_complain("all of --where is checked in user space.");
}

void capture_say_failed_backend(const struct stream *stream)
{
	struct begat_stats stats = { .size = sizeof(stats) };

	if (!begat_stats(stream->begat, &stats) && stats.backend_failed)
		cli_complain("warning: the %s backend is used%s: %s.", stats.backend,
			     begat_backend_sees_failures(stats.backend)
				     ? ""
				     : ", which sees no failed execs and no exec times",
			     stats.fallback);
}

/* "exec 12, exit 3", or "none". */
static void list_counts(FILE *out, const uint64_t counts[BEGAT_TYPE_SLOTS])
{
	bool has_any = false;

	for (int t = 1; t < BEGAT_TYPE_SLOTS; t++) {
		if (!counts[t])
			continue;
		fprintf(out, "%s%s %" PRIu64, has_any ? ", " : "", begat_event_name(t), counts[t]);
		has_any = true;
	}
	fputs(has_any ? "\n" : "none\n", out);
}

static void list_cpus(FILE *out, const struct begat *begat, uint32_t cpus)
{
	uint64_t generated[BEGAT_TYPE_SLOTS], lost[BEGAT_TYPE_SLOTS];

	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		uint64_t sum = 0, sum_lost = 0;

		if (begat_stats_cpu(begat, cpu, generated, lost))
			continue;
		for (int t = 1; t < BEGAT_TYPE_SLOTS; t++) {
			sum += generated[t];
			sum_lost += lost[t];
		}
		if (sum)
			fprintf(out,
				"  cpu %-4" PRIu32 "     %" PRIu64 " generated, %" PRIu64 " lost\n",
				cpu, sum, sum_lost);
	}
}

static void list_latency(FILE *out, const struct begat_stats *s)
{
	const uint64_t values[] = { s->latency_p50_ns, s->latency_p90_ns, s->latency_p99_ns,
				    s->latency_p999_ns, s->latency_max_ns };
	static const char *const names[] = { "p50", "p90", "p99", "p99.9", "max" };
	char text[UNITS_BYTES];

	fputs("  latency      ", out);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		fprintf(out, "%s%s %s", i ? ", " : "", names[i], units_duration(text, values[i]));
	fprintf(out, " over %" PRIu64 " events, from kernel to callback\n", s->latency_count);
}

void capture_say_stats(const struct stream *stream)
{
	const struct begat *begat = stream->begat;
	struct begat_stats s = { .size = sizeof(s) };
	char *text = NULL, one[UNITS_BYTES], two[UNITS_BYTES];
	size_t size;

	if (begat_stats(begat, &s))
		return;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fprintf(out,
		"capture stats\n  how          %s backend, %s transport, %s latency, %s buffer\n",
		s.backend, s.transport, s.latency, units_size(one, s.buffer_bytes));
	if (s.fallback && *s.fallback)
		fprintf(out, "  not better   %s\n", s.fallback);
	fputs("  generated    ", out);
	list_counts(out, s.generated);
	fputs("  delivered    ", out);
	list_counts(out, s.delivered);
	fputs("  lost         ", out);
	list_counts(out, s.lost);
	list_cpus(out, begat, s.cpus);
	fprintf(out,
		"  other        %" PRIu64 " parts of long argv lost, %" PRIu64 " hook runs missed, "
		"%" PRIu64 " late, %" PRIu64 " synthetic, %" PRIu64 " malformed\n",
		s.lost_chunks, s.missed, s.late, s.synthetic, s.malformed);
	list_latency(out, &s);
	fprintf(out, "  wake-ups     %" PRIu64 " in %s\n",
		s.wakeups > stream->wakeups ? s.wakeups : stream->wakeups,
		units_duration(one, s.now_ns > s.started_ns ? s.now_ns - s.started_ns : 0));
	fprintf(out,
		"  processes    %" PRIu64 " in the table, %" PRIu64
		" in the kernel's cache, %" PRIu64 " found it full\n",
		s.processes, s.cache_entries, s.cache_full);
	if (s.program_runs)
		fprintf(out, "  programs     %" PRIu64 " runs, %s in all, %s each\n",
			s.program_runs, units_duration(one, s.program_ns),
			units_duration(two, s.program_ns / s.program_runs));
	else
		fputs("  programs     run time not measured (sysctl kernel.bpf_stats_enabled=1)\n",
		      out);
	if (!fclose(out)) {
		struct output err = { .fd = 2 };

		/* Statistics that nobody can read are no failure. */
		(void)!output_write(&err, text, size);
	}
	free(text);
}
