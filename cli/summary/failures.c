/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/failures.c - what failed in a run: noted as it happens, listed at its end.
 *
 * Owns:  which failures are one and the same, which was the first, the words for a reason.
 * Not:   the line about the first one (answers.c).
 */
#include <begat/search.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/color.h"
#include "cli/width.h"
#include "nodes.h"

#define FAILURES_SHOWN 8 /* of each kind */

static void count_failure(struct summary *s, enum failure_kind kind, uint32_t base, uint32_t what,
			  uint32_t count, uint32_t searched)
{
	for (uint32_t i = 0; i < s->failures_count; i++) {
		struct failure *f = &s->failures[i];

		if (f->kind == (uint32_t)kind && f->base == base && f->what == what) {
			f->count += count;
			if (searched > f->searched)
				f->searched = searched;
			return;
		}
	}
	if (s->failures_count == FAILURES_MAX) {
		s->failures_beyond += count;
		return;
	}
	s->failures[s->failures_count++] = (struct failure){ base, what, count, kind, searched };
}

static void note_failure(struct summary *s, const struct first_failure *failure)
{
	if (!s->first_failure.ts_ns || failure->ts_ns < s->first_failure.ts_ns)
		s->first_failure = *failure;
}

/* What was tried, with the reason where the error alone misleads. */
static uint32_t keep_tried(struct summary *s, const struct begat_event *ev)
{
	struct begat_str name = label_given(ev, BEGAT_F_FILENAME, ev->filename);
	const struct begat_str *missing = &ev->missing_interpreter;
	char text[BASE_BYTES * 2];
	int len;

	if (!begat_event_has(ev, BEGAT_F_MISSING))
		return label_keep(s, name, LABEL_BYTES);
	len = snprintf(text, sizeof(text), "%.*s [interpreter %.*s is missing]",
		       (int)(name.len < BASE_BYTES ? name.len : BASE_BYTES), name.data,
		       (int)(missing->len < BASE_BYTES / 2 ? missing->len : BASE_BYTES / 2),
		       missing->data);
	name = (struct begat_str){ text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1 };
	return label_keep(s, name, BASE_BYTES * 2);
}

void failures_end_search(const struct begat_search *search, void *ctx)
{
	struct summary *s = ctx;
	const struct begat_event *ev = search->event;
	uint32_t index = summary_find(s, ev->id);

	if (search->is_found) {
		s->path_misses += search->attempts;
		return;
	}
	uint32_t name = keep_tried(s, ev);
	uint32_t count = search->attempts < UINT32_MAX ? (uint32_t)search->attempts : UINT32_MAX;

	/* One file again and again is no search. */
	count_failure(s, FAILURE_EXEC, name, (uint32_t)ev->error,
		      search->directories > 1 ? 1 : count, search->directories);
	if (index) {
		struct first_failure failure = { ev->ts_ns, index, name, (uint32_t)ev->error,
						 FAILURE_EXEC };

		note_failure(s, &failure);
		s->nodes[index].tried = name;
		s->nodes[index].tried_error = (uint16_t)ev->error;
	}
}

void failures_take_exit(struct summary *s, uint32_t index, uint64_t ts_ns)
{
	const struct node *node = &s->nodes[index];
	enum failure_kind kind = node->flags & NODE_SIGNALLED ? FAILURE_SIGNAL : FAILURE_EXIT;
	struct first_failure failure = { ts_ns, index, node->label ?: node->base, node->status,
					 kind };

	count_failure(s, kind, node->base, node->status, 1, 0);
	note_failure(s, &failure);
}

void failures_print_reason(enum failure_kind kind, uint32_t what, uint32_t searched, FILE *out)
{
	const char *error = begat_errno_name((int)what);

	if (kind == FAILURE_SIGNAL)
		fprintf(out, "SIG%s", short_signal((int)what));
	else if (kind == FAILURE_EXIT)
		fprintf(out, "%" PRIu32, what);
	else
		fputs(error ? error : "?", out);
	if (searched > 1)
		fprintf(out, ", searched %" PRIu32 " directories", searched);
}

static int by_count(const void *a, const void *b)
{
	const struct failure *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->base < y->base ? -1 : x->base > y->base;
}

static void print_kind(const struct summary *s, const struct summary_style *style,
		       enum failure_kind kind, const struct failure *sorted, FILE *out)
{
	static const char *const titles[] = { "killed", "failed", "not run" };
	uint32_t shown = 0;
	uint64_t beyond = 0;

	for (uint32_t i = 0; i < s->failures_count; i++) {
		const struct failure *f = &sorted[i];
		const char *name = strings_get(&s->strings, f->base);

		if (f->kind != (uint32_t)kind)
			continue;
		if (shown == FAILURES_SHOWN) {
			beyond += f->count;
			continue;
		}
		if (!shown++)
			fprintf(out, " %s%s:%s ", style->has_color ? COLOR_RED : "", titles[kind],
				style->has_color ? COLOR_RESET : "");
		else
			fputs(", ", out);
		if (f->count > 1)
			fprintf(out, "%" PRIu32 " x ", f->count);
		fputs(*name ? name : "?", out);
		fputs(" (", out);
		failures_print_reason(kind, f->what, f->searched, out);
		fputs(")", out);
	}
	if (beyond)
		fprintf(out, ", and %" PRIu64 " more", beyond);
}

void failures_print(const struct summary *s, const struct summary_style *style, FILE *out)
{
	struct failure sorted[FAILURES_MAX];

	memcpy(sorted, s->failures, sizeof(sorted));
	qsort(sorted, s->failures_count, sizeof(*sorted), by_count);
	for (enum failure_kind kind = FAILURE_SIGNAL; kind <= FAILURE_EXEC; kind++) {
		char *line = NULL;
		size_t size = 0;
		FILE *memory = open_memstream(&line, &size);

		if (!memory)
			return;
		print_kind(s, style, kind, sorted, memory);
		if (!fclose(memory) && size)
			width_wrap(out, line, style->columns);
		free(line);
	}
	if (s->failures_beyond)
		fprintf(out, " and %" PRIu64 " failures of further kinds\n", s->failures_beyond);
}
