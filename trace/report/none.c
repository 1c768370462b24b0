/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/none.c - what an empty list means: there was none, or none was recorded.
 *
 * Owns:    the sentences, the same in each format.
 * Not:     lists that hold something.
 */
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "report.h"

const char *none_started(char out[NONE_BYTES], const struct analysis *a)
{
	const struct analysis_narrowing *n = &a->base->meta.narrowing;
	char count[UNITS_BYTES];
	size_t used;

	if (n->whole && n->whole->count && !a->base->count) {
		snprintf(out, NONE_BYTES,
			 "No process of this recording is among what the report was narrowed to.");
		return out;
	}
	used = (size_t)snprintf(out, NONE_BYTES, "No process started during this recording");
	if (a->totals.older)
		snprintf(out + used, NONE_BYTES - used, "; %s %s there before it.",
			 units_count(count, a->totals.older),
			 a->totals.older == 1 ? "was" : "were");
	else
		snprintf(out + used, NONE_BYTES - used, ".");
	return out;
}

static bool sees_failed_execs(const struct analysis_base *b)
{
	struct begat_str backend = base_text(b, b->meta.backend);
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)backend.len, backend.data);
	return begat_backend_sees_failures(name);
}

const char *none_failed(char out[NONE_BYTES], const struct analysis *a)
{
	const struct analysis_totals *t = &a->totals;
	char b[UNITS_BYTES];
	FILE *text = fmemopen(out, NONE_BYTES, "w");

	out[0] = '\0';
	if (!text)
		return out;
	if (t->with_status)
		fprintf(text, "None: %s %s, and none failed.", units_count(b, t->with_status),
			t->with_status == 1 ? "process ended" : "processes ended");
	else if (t->processes || t->older)
		fputs("Not known: how processes ended is not in this recording.", text);
	else
		fputs("No process is in this recording, so none failed.", text);
	if (t->with_status && t->ended > t->with_status)
		fprintf(text, " How %s others ended is not known.",
			units_count(b, t->ended - t->with_status));
	if (t->with_status && t->running_at_end)
		fprintf(text, " %s still ran at the end.", units_count(b, t->running_at_end));
	if ((t->processes || t->older) && !sees_failed_execs(a->base))
		fputs(" The lifecycle backend does not see execs that fail.", text);
	if (t->lost)
		fprintf(text, " %s lost events may hold failures.", units_count(b, t->lost));
	if (a->base->meta.is_incomplete)
		fputs(" The recording was cut short.", text);
	fclose(text);
	return out;
}
