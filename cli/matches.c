/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/matches.c - what --where has done: how many events matched, and those that it gave up on.
 *
 * Owns:  two sentences on standard error.
 * Not:   the counting (libbegat's filter).
 */
#include "matches.h"

#include <begat/filter.h>
#include <unistd.h>

#include "base/units.h"
#include "cli.h"
#include "options.h"

static bool is_warned; /* one command line a process */

void matches_warn(const struct options *options)
{
	struct begat_filter_counts counts = { .size = sizeof(counts) };

	if (is_warned || !options->where)
		return;
	begat_filter_counts(options->where, &counts);
	if (!counts.undecided)
		return;
	is_warned = true;
	cli_complain("--where gave up on an event whose texts take too much work: it counts as not "
		     "matching. Further ones are counted.");
}

void matches_suspect(const struct options *options)
{
	const char *warning;

	if (!options->where)
		return;
	for (unsigned i = 0; !options->quiet && (warning = begat_filter_warning(options->where, i));
	     i++)
		cli_complain("in --where: %s.", warning);
}

void matches_report(const struct options *options)
{
	struct begat_filter_counts counts = { .size = sizeof(counts) };
	char matched[UNITS_BYTES], tested[UNITS_BYTES], undecided[UNITS_BYTES];

	if (!options->where)
		return;
	begat_filter_counts(options->where, &counts);
	units_count(matched, counts.matched);
	units_count(tested, counts.tested);
	units_count(undecided, counts.undecided);
	if (counts.undecided)
		cli_complain("--where: %s of %s events matched; %s took too much work and count as "
			     "not matching.",
			     matched, tested, undecided);
	else if (counts.tested && !options->quiet && (!counts.matched || isatty(STDERR_FILENO)))
		cli_complain("--where: %s of %s event%s matched.", matched, tested,
			     counts.tested == 1 ? "" : "s");
}
