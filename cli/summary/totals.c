/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/totals.c - what ran and whether the summary knows all of it: the last line of a run.
 *
 * Owns:  the counts, "complete:" against "INCOMPLETE:".
 * Not:   the tree (tree.c), what failed (failures.c).
 *
 * A run is complete if nothing was lost, every process's fork was seen (the command's own is
 * ours) and each has ended or still runs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/color.h"
#include "cli/width.h"
#include "nodes.h"

/* What of the processes that were seen does not add up. */
struct balance {
	uint64_t processes, without_fork, running;
	uint64_t lost; /* events of all kinds */
};

static struct balance weigh(const struct summary *s, const struct begat_stats *stats,
			    uint64_t lost[BEGAT_TYPE_SLOTS])
{
	struct balance b = { 0 };

	for (uint32_t i = 1; i < s->count; i++) {
		const struct begat_trace_process *p = &s->table->processes[i - 1];

		b.processes++;
		b.without_fork += !p->has_fork && i != s->root;
		b.running += !p->has_exit;
	}
	for (int t = 1; t < BEGAT_TYPE_SLOTS; t++) {
		/* The tracer also knows of those that no event in the stream could tell. */
		lost[t] = s->lost[t];
		if (stats && stats->lost[t] > lost[t])
			lost[t] = stats->lost[t];
		b.lost += lost[t];
	}
	return b;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "forks" for two of them, "failed exec" for one. */
static void print_count(FILE *out, uint64_t count, const char *noun)
{
	fprintf(out, "%" PRIu64 " %s%s", count, noun, plural(count));
}

/* What is missing, exactly. Returns whether anything is. */
static bool print_missing(FILE *out, const struct summary *s, const struct begat_stats *stats,
			  const struct balance *b, const uint64_t lost[BEGAT_TYPE_SLOTS])
{
	const struct {
		uint64_t count;
		const char *noun, *what;
	} missing[] = {
		{ lost[BEGAT_FORK], "fork", " lost" },
		{ lost[BEGAT_EXEC], "exec", " lost" },
		{ lost[BEGAT_EXEC_FAILED], "failed exec", " lost" },
		{ lost[BEGAT_EXIT], "exit", " lost" },
		{ stats ? stats->lost_chunks : 0, "part", " of long arguments lost" },
		{ stats ? stats->missed : 0, "hook run", " missed" },
		{ stats ? stats->malformed : 0, "record", " malformed" },
		{ b->without_fork, "process", " whose start was not seen" },
		{ s->is_out_of_memory, "summary", " that ran out of memory" },
	};
	bool has_any = false;

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		if (!missing[i].count)
			continue;
		fputs(has_any ? ", " : " INCOMPLETE: ", out);
		if (!strcmp(missing[i].noun, "process"))
			fprintf(out, "%" PRIu64 " process%s", missing[i].count,
				missing[i].count == 1 ? "" : "es");
		else
			print_count(out, missing[i].count, missing[i].noun);
		fputs(missing[i].what, out);
		has_any = true;
	}
	return has_any;
}

/* "147 forks, 147 exits, ..." */
static void print_counts(FILE *out, const struct summary *s, const struct balance *b)
{
	/* The command's own fork is begat's, and no event: there is one process more than forks. */
	fprintf(out, "%" PRIu64 " process%s, ", b->processes, b->processes == 1 ? "" : "es");
	print_count(out, s->forks, "fork");
	fputs(", ", out);
	print_count(out, s->exits, "exit");
	if (b->running)
		fprintf(out, ", %" PRIu64 " still running", b->running);
	fputs(", ", out);
	print_count(out, s->execs, "exec");
	if (s->failed_execs) {
		fputs(", ", out);
		print_count(out, s->failed_execs, "failed exec");
	}
	if (s->path_misses)
		fprintf(out, " (%" PRIu64 " PATH miss%s)", s->path_misses,
			s->path_misses == 1 ? "" : "es");
	fprintf(out, ", %" PRIu64 " lost", b->lost);
}

void totals_print(const struct summary *s, const struct begat_stats *stats,
		  const struct summary_style *style, FILE *out)
{
	uint64_t lost[BEGAT_TYPE_SLOTS] = { 0 };
	struct balance b = weigh(s, stats, lost);
	const struct node *root = &s->nodes[s->root];
	char wall[UNITS_BYTES], cpu[UNITS_BYTES], running[UNITS_BYTES];
	char *line = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&line, &size);

	if (!memory) {
		fputs(" INCOMPLETE: out of memory\n", out);
		return;
	}
	fputs(style->has_color ? (b.lost ? COLOR_BOLD_RED : COLOR_BOLD) : "", memory);
	bool is_missing = print_missing(memory, s, stats, &b, lost);

	fputs(is_missing ? " | seen:" : " complete:", memory);
	fputs(style->has_color ? COLOR_RESET " " : " ", memory);
	print_counts(memory, s, &b);
	if (root->flags & NODE_HAS_WALL)
		fprintf(memory, " | wall %s, cpu %s", units_duration(wall, root->wall_ns),
			units_duration(cpu, s->cpu_ns));
	if (root->flags & NODE_HAS_WALL && s->running_cpu_ns)
		fprintf(memory, " (%s by what still runs)",
			units_duration(running, s->running_cpu_ns));
	if (root->flags & NODE_HAS_WALL)
		fprintf(memory, ", %.2f busy cores",
			root->wall_ns ? (double)s->cpu_ns / (double)root->wall_ns : 0.0);
	if (!fclose(memory))
		width_wrap(out, line, style->columns);
	free(line);
}
