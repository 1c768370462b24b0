/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/narrow.c - a part of a recording: processes, an expression, a span of time.
 *
 * Owns:    which processes are left, and the sentence that says so in each format.
 * Not:     reading options (cli/), cutting lives (analysis/base.c).
 *
 * Invariant: a process is left if it is below one of the pids, has an event that matches, and lived in the
 * span: all of what was asked for.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct choice {
	struct begat_trace *trace;
	bool *wanted;
	uint32_t count;
};

static int choose(const struct begat_event *ev, void *ctx)
{
	struct choice *c = ctx;
	uint32_t index;

	if (ev->type == BEGAT_LOST || ev->type == BEGAT_SUMMARY)
		return 0;
	index = begat_trace_find(c->trace, ev->id);
	if (index < c->count)
		c->wanted[index] = true;
	return 0;
}

/* By pids and expression, as begat_trace_replay() selects events. */
static int find_wanted(struct begat_trace *trace, const struct begat_report_options *opts,
		       bool **ret_wanted)
{
	struct begat_trace_query query = {
		.size = sizeof(query),
		.pids = opts->pids,
		.pids_count = opts->pids_count,
		.where = opts->where,
	};
	const struct begat_trace_table *table;
	struct choice c = { .trace = trace };
	int64_t n = begat_trace_load(trace, &table);

	if (n < 0)
		return (int)n;
	c.count = table->processes_count;
	c.wanted = calloc((size_t)c.count + 1, sizeof(*c.wanted));
	if (!c.wanted)
		return -ENOMEM;
	n = begat_trace_replay(trace, &query, choose, &c);
	if (n < 0) {
		free(c.wanted);
		return (int)n;
	}
	*ret_wanted = c.wanted;
	return 0;
}

static void put_pids(const struct begat_report_options *opts, FILE *out)
{
	fputs(opts->pids_count > 1 ? "processes" : "process", out);
	for (uint32_t i = 0; i < opts->pids_count; i++)
		fprintf(out, "%s %d", i ? "," : "", (int)opts->pids[i]);
	fputs(opts->pids_count > 1 ? " and all that they begot" : " and all that it begot", out);
}

/* "process 41 and all that it begot; from 2026-11-26 10:00:00 UTC" */
static void put_sentence(const struct analysis_base *b, const struct begat_report_options *opts,
			 FILE *out)
{
	const struct analysis_narrowing *n = &b->meta.narrowing;
	char time[FORMAT_TIME_BYTES];
	const char *between = "";

	if (opts->pids_count) {
		put_pids(opts, out);
		between = "; ";
	}
	if (opts->where) {
		fprintf(out, "%sprocesses with an event that matches %s", between,
			opts->where_text ? opts->where_text : "an expression");
		between = "; ";
	}
	if (n->from_ns || n->to_ns)
		fprintf(out, "%swhat lived ", between);
	if (n->from_ns)
		fprintf(out, "from %s%s", format_time(time, b, n->from_ns), n->to_ns ? " " : "");
	if (n->to_ns)
		fprintf(out, "until %s", format_time(time, b, n->to_ns));
}

static int name_narrowing(struct analysis_base *b, const struct begat_report_options *opts)
{
	struct analysis_narrowing *n = &b->meta.narrowing;
	char *text = NULL, pid[16];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err = out ? 0 : -ENOMEM;

	/* As asked for, even if the machine had not started then: the clocks' difference is added again. */
	if (opts->since_ns)
		n->from_ns = opts->since_ns - (uint64_t)b->meta.realtime_offset_ns;
	if (opts->until_ns)
		n->to_ns = opts->until_ns - (uint64_t)b->meta.realtime_offset_ns;
	if (out) {
		put_sentence(b, opts, out);
		err = fclose(out) == EOF ? -ENOMEM
					 : model_add_text(b->model, text, len, &n->sentence);
		free(text);
	}
	if (err == 0 && opts->where_text)
		err = model_add_text(b->model, opts->where_text, strlen(opts->where_text),
				     &n->where);
	text = NULL;
	out = err == 0 && opts->pids_count ? open_memstream(&text, &len) : NULL;
	for (uint32_t i = 0; out && i < opts->pids_count; i++)
		fwrite(pid, 1, (size_t)snprintf(pid, sizeof(pid), "%d", (int)opts->pids[i]) + 1,
		       out);
	if (out) {
		err = fclose(out) == EOF ? -ENOMEM : model_add_text(b->model, text, len, &n->pids);
		free(text);
	}
	return err;
}

/* Wall clock to boot clock; 0 stays open, a moment before the machine started is its first one. */
static uint64_t boot_ns(const struct analysis_base *b, uint64_t wall_ns)
{
	int64_t ns = (int64_t)wall_ns - b->meta.realtime_offset_ns;

	return !wall_ns ? 0 : ns < 1 ? 1 : (uint64_t)ns;
}

int narrow_load(struct begat_trace *trace, const struct begat_report_options *opts,
		struct analysis_base **ret_whole, struct analysis_base **ret_base)
{
	struct analysis_selection s = { 0 };
	struct analysis_base *whole = NULL, *b = NULL;
	bool *wanted = NULL;
	int err = analysis_base_load(trace, NULL, &whole);

	if (err < 0)
		return err;
	if (!opts->pids_count && !opts->where && !opts->since_ns && !opts->until_ns) {
		*ret_whole = *ret_base = whole;
		return 0;
	}
	s.whole = whole;
	s.from_ns = boot_ns(whole, opts->since_ns);
	s.to_ns = boot_ns(whole, opts->until_ns);
	if (opts->pids_count || opts->where)
		err = find_wanted(trace, opts, &wanted);
	s.wanted = wanted;
	if (err == 0)
		err = analysis_base_load(trace, &s, &b);
	if (err == 0)
		err = name_narrowing(b, opts);
	free(wanted);
	if (err < 0) {
		analysis_base_free(b);
		analysis_base_free(whole);
		return err;
	}
	*ret_whole = whole;
	*ret_base = b;
	return 0;
}
