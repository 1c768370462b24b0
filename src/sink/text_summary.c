/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/text_summary.c - the completeness line.
 */
#include "sink/text_summary.h"

#include "sink/balance.h"

#include "base/units.h"

/* "3 forks", "1 fork" */
static void put_count(struct line *line, uint64_t count, const char *what)
{
	char text[UNITS_BYTES];

	line_put(line, units_count(text, count));
	line_put(line, " ");
	line_put(line, what);
	if (count != 1)
		line_put(line, "s");
}

/* ", 12 lost (10 exec, 2 exit)" */
static void put_lost(struct line *line, const struct begat_stats *stats, uint64_t total)
{
	char text[UNITS_BYTES];
	const char *separator = " (";

	line_put(line, ", ");
	line_put(line, units_count(text, total));
	line_put(line, " lost");
	if (!total)
		return;
	for (int i = 0; i < BALANCE_KINDS; i++) {
		uint64_t count = stats->lost[balance_kinds[i]];

		if (!count)
			continue;
		line_put(line, separator);
		line_put(line, units_count(text, count));
		line_put(line, " ");
		line_put(line, begat_event_name(balance_kinds[i]));
		separator = ", ";
	}
	line_put(line, ")");
}

void text_summary(struct line *line, const struct begat_stats *stats)
{
	struct balance balance = balance_of(stats);
	uint64_t unaccounted =
		(uint64_t)(balance.unaccounted < 0 ? -balance.unaccounted : balance.unaccounted);

	char text[UNITS_BYTES];

	line_color(line, balance.complete ? "32" : "1;31");
	line_put(line, balance.complete ? "complete" : "incomplete");
	line_color(line, NULL);
	line_put(line, ": ");
	put_count(line, stats->generated[BEGAT_FORK], "fork");
	line_put(line, ", ");
	put_count(line, stats->generated[BEGAT_EXIT], "exit");
	line_put(line, ", ");
	put_count(line, stats->generated[BEGAT_EXEC], "exec");
	line_put(line, ", ");
	put_count(line, stats->generated[BEGAT_EXEC_FAILED], "failed exec");
	if (stats->path_misses) {
		line_put(line, " (");
		line_put(line, units_count(text, stats->path_misses));
		line_put(line, stats->path_misses == 1 ? " PATH miss)" : " PATH misses)");
	}
	put_lost(line, stats, balance.lost);
	if (stats->lost_chunks) {
		line_put(line, ", ");
		put_count(line, stats->lost_chunks, "part");
		line_put(line, " of argv or env lost");
	}
	if (stats->missed) {
		line_put(line, ", ");
		put_count(line, stats->missed, "hook run");
		line_put(line, " missed");
	}
	if (stats->malformed) {
		line_put(line, ", ");
		put_count(line, stats->malformed, "malformed record");
	}
	if (unaccounted) {
		line_put(line, ", ");
		put_count(line, unaccounted, "event");
		line_put(line, balance.unaccounted < 0 ? " too many" : " not accounted for");
	}
}
