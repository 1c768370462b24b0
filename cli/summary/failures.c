/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/failures.c - what failed in a run: noted as it happens, listed at its end.
 *
 * Owns:  which failures are one and the same, which was the first, the words for a reason.
 */
#include <begat/search.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/units.h"
#include "cli/color.h"
#include "cli/width.h"
#include "nodes.h"

#define FAILURES_SHOWN 8 /* of each kind */
#define COMMAND_COLUMNS 60

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

/* What was tried, with the reason where the error alone misleads. */
static uint32_t keep_tried(struct summary *s, const struct begat_event *ev)
{
	struct begat_str name =
		begat_event_has(ev, BEGAT_F_FILENAME) ? ev->filename : (struct begat_str){ "", 0 };
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

	if (search->is_found) {
		s->path_misses += search->attempts;
		return;
	}
	uint32_t name = keep_tried(s, ev);
	uint32_t count = search->attempts < UINT32_MAX ? (uint32_t)search->attempts : UINT32_MAX;

	/* One file again and again is no search. */
	count_failure(s, FAILURE_EXEC, name, (uint32_t)ev->error,
		      search->directories > 1 ? 1 : count, search->directories);
	if (array_grow(&s->not_run, s->not_run_count, &s->not_run_room, sizeof(*s->not_run)) < 0)
		s->is_out_of_memory = true;
	else
		s->not_run[s->not_run_count++] =
			(struct not_run){ ev->id, ev->ts_ns, name, ev->error };
}

/* The node of what could not be run; 0 = not known. */
static uint32_t node_of(const struct summary *s, const struct not_run *n)
{
	return begat_trace_find(s->trace, n->id) + 1;
}

/* A later image is what the process is, whatever it tried before. */
static bool has_image_after(const struct summary *s, uint32_t index, uint64_t ts_ns)
{
	uint32_t last = s->table->processes[index - 1].exec_last;

	return last != BEGAT_TRACE_NONE && s->table->execs[last].ts_ns > ts_ns;
}

void failures_take_nodes(struct summary *s)
{
	for (uint32_t i = 1; i < s->count; i++) {
		const struct node *node = &s->nodes[i];

		if (node_is_failed(node))
			count_failure(s, node_failure_kind(node), node->base, node->status, 1, 0);
	}
	for (uint32_t i = 0; i < s->not_run_count; i++) {
		const struct not_run *n = &s->not_run[i];
		uint32_t index = node_of(s, n);

		if (!index || has_image_after(s, index, n->ts_ns))
			continue;
		s->nodes[index].tried = n->name;
		s->nodes[index].tried_error = (uint16_t)n->error;
	}
}

static void print_reason(enum failure_kind kind, uint32_t what, uint32_t searched, FILE *out)
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

void failures_print_first(const struct summary *s, FILE *out)
{
	const struct not_run *not_run = NULL;
	uint64_t first_ns = UINT64_MAX;
	uint32_t index = 0;
	char command[LABEL_BYTES], after[UNITS_BYTES];

	for (uint32_t i = 1; i < s->count; i++) {
		const struct node *node = &s->nodes[i];

		if (node_is_failed(node) && node->start_ns + node->wall_ns < first_ns) {
			index = i;
			first_ns = node->start_ns + node->wall_ns;
		}
	}
	for (uint32_t i = 0; i < s->not_run_count; i++)
		if (s->not_run[i].ts_ns < first_ns && node_of(s, &s->not_run[i])) {
			not_run = &s->not_run[i];
			index = node_of(s, not_run);
			first_ns = not_run->ts_ns;
		}
	if (!index) {
		fputs(" failed first: nothing failed", out);
		return;
	}
	const struct node *node = &s->nodes[index], *root = &s->nodes[s->root];

	label_command(s, index, command);
	fputs(" failed first: ", out);
	width_put_cut(out, not_run ? summary_string(s, not_run->name) : command, COMMAND_COLUMNS);
	fputs(not_run ? " (not run: " : " (", out);
	if (not_run)
		print_reason(FAILURE_EXEC, (uint32_t)not_run->error, 0, out);
	else
		print_reason(node_failure_kind(node), node->status, 0, out);
	fprintf(out, "), pid %" PRIu32, node->tgid);
	if (s->root && first_ns > root->start_ns)
		fprintf(out, ", after %s", units_duration(after, first_ns - root->start_ns));
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
		const char *name = summary_string(s, f->base);

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
		print_reason(kind, f->what, f->searched, out);
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
