/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/json.c - the analysis as one JSON object; the page reads the same.
 *
 * Owns:    its members, which docs/analysis.md lists.
 * Not:     rows for each process in the page (columns.c).
 *
 * Invariants
 *  (1) The output is valid UTF-8: other bytes become U+FFFD.
 *  (2) It holds no '<', '>' or '&' inside strings, so a page may contain it as it is.
 *  (3) Times are nanoseconds after trace.begin_ns.
 */
#include "report.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/json_print.h"
#include "base/units.h"

static void put_plain(FILE *out, const char *text)
{
	json_print_for_page(out, text, strlen(text));
}

static void put_text(FILE *out, const char *key, const struct analysis_base *b, uint32_t number)
{
	struct begat_str text = base_text(b, number);

	fprintf(out, ",\"%s\":", key);
	if (number)
		json_print_for_page(out, text.data, text.len);
	else
		fputs("null", out);
}

static void put_vector(FILE *out, const char *key, const struct analysis_base *b, uint32_t number)
{
	struct begat_str text = base_text(b, number);
	const char *at = text.data, *end = at + text.len;

	fprintf(out, ",\"%s\":[", key);
	while (at < end) {
		const char *nul = memchr(at, '\0', end - at);
		size_t len = nul ? (size_t)(nul - at) : (size_t)(end - at);

		if (at > text.data)
			putc(',', out);
		json_print_for_page(out, at, len);
		at += len + 1;
	}
	putc(']', out);
}

static void put_u64(FILE *out, const char *key, uint64_t value)
{
	/* Readers take 63 bits; only a damaged recording has more. */
	fprintf(out, ",\"%s\":%" PRIu64, key, value <= INT64_MAX ? value : (uint64_t)INT64_MAX);
}

static void put_process(FILE *out, const char *key, const struct analysis_base *b, uint32_t i)
{
	if (i == ANALYSIS_NONE) {
		fprintf(out, ",\"%s\":null", key);
		return;
	}
	fprintf(out,
		",\"%s\":{\"index\":%" PRIu32 ",\"pid\":%" PRIu32 ",\"id\":\"%016" PRIx64 "\"}",
		key, i, base_row(b, i)->tgid, base_row(b, i)->id);
}

static void put_time(FILE *out, const char *key, const struct analysis_base *b, uint64_t ts_ns)
{
	uint64_t ns = ts_ns + b->meta.realtime_offset_ns;
	time_t seconds = ns / 1000000000;
	struct tm tm;
	char text[40];

	if (!b->meta.realtime_offset_ns || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)) {
		fprintf(out, ",\"%s\":null", key);
		return;
	}
	fprintf(out, ",\"%s\":\"%s.%09uZ\"", key, text, (unsigned)(ns % 1000000000));
}

static void put_open_time(FILE *out, const char *key, const struct analysis_base *b, uint64_t ts_ns)
{
	if (ts_ns)
		put_time(out, key, b, ts_ns);
	else
		fprintf(out, ",\"%s\":null", key);
}

static void put_ending(const struct analysis *a, FILE *out)
{
	struct report_ending e;

	report_find_ending(a, &e);
	if (!e.has_command) {
		fputs(",\"ending\":null", out);
		return;
	}
	fputs(",\"ending\":{\"sentence\":", out);
	json_print_for_page(out, e.sentence, strlen(e.sentence));
	fprintf(out, ",\"failed\":%s,\"running\":%s", e.has_failed ? "true" : "false",
		e.is_running ? "true" : "false");
	if (e.has_status && !e.signal)
		fprintf(out, ",\"exit_code\":%" PRId32 ",\"signal\":null}", e.exit_code);
	else if (e.has_status)
		fprintf(out, ",\"exit_code\":null,\"signal\":%" PRId32 "}", e.signal);
	else
		fputs(",\"exit_code\":null,\"signal\":null}", out);
}

/* What the report was narrowed to, or null. */
static void put_narrowing(const struct analysis_base *b, FILE *out)
{
	const struct analysis_narrowing *n = &b->meta.narrowing;
	struct begat_str pids = base_text(b, n->pids), text = base_text(b, n->sentence);

	if (!n->whole) {
		fputs(",\"narrowed\":null", out);
		return;
	}
	fputs(",\"narrowed\":{\"sentence\":", out);
	json_print_for_page(out, text.data, text.len);
	fputs(",\"pids\":[", out);
	for (size_t at = 0; at < pids.len; at += strlen(pids.data + at) + 1)
		fprintf(out, "%s%s", at ? "," : "", pids.data + at);
	putc(']', out);
	put_text(out, "where", b, n->where);
	put_open_time(out, "since", b, n->from_ns);
	put_open_time(out, "until", b, n->to_ns);
	put_u64(out, "of_processes", n->whole->count);
	putc('}', out);
}

static void put_trace(const struct analysis *a, FILE *out)
{
	static const char *const classes[ANALYSIS_LOST_CLASSES] = {
		[1] = "fork", [2] = "exec", [3] = "exec_failed", [4] = "exit", [6] = "snapshot"
	};
	const struct analysis_base *b = a->base;

	fprintf(out, "\"trace\":{\"complete\":%s", b->meta.is_incomplete ? "false" : "true");
	put_text(out, "host", b, b->meta.host);
	put_text(out, "kernel", b, b->meta.kernel);
	put_text(out, "version", b, b->meta.version);
	put_text(out, "backend", b, b->meta.backend);
	put_text(out, "transport", b, b->meta.transport);
	put_vector(out, "command", b, b->meta.command);
	put_time(out, "begin_time", b, a->totals.begin_ns);
	put_time(out, "end_time", b, a->totals.end_ns);
	put_u64(out, "begin_ns", a->totals.begin_ns);
	put_u64(out, "span_ns", a->totals.end_ns - a->totals.begin_ns);
	put_u64(out, "cpus", b->meta.cpus);
	put_u64(out, "corrected_times", b->odd_clocks);
	put_process(out, "root", b, b->root);
	put_ending(a, out);
	put_narrowing(b, out);
	fputs(",\"lost\":{", out);
	for (size_t i = 0, n = 0; i < ANALYSIS_LOST_CLASSES; i++) {
		if (b->meta.lost[i])
			fprintf(out, "%s\"%s\":%" PRIu64, n++ ? "," : "",
				classes[i] ? classes[i] : "other", b->meta.lost[i]);
	}
	fputs("}}", out);
}

static void put_totals(const struct analysis *a, FILE *out)
{
	const struct analysis_totals *t = &a->totals;
	char none[NONE_BYTES];

	fprintf(out, ",\"totals\":{\"parallelism\":%.4f", t->parallelism);
	put_u64(out, "wall_ns", t->wall_ns);
	put_u64(out, "cpu_ns", t->cpu_ns);
	put_u64(out, "utime_ns", t->utime_ns);
	put_u64(out, "stime_ns", t->stime_ns);
	put_u64(out, "older_cpu_ns", t->older_cpu_ns);
	if (t->machine_cpu_ns)
		put_u64(out, "machine_cpu_ns", t->machine_cpu_ns);
	else
		fputs(",\"machine_cpu_ns\":null", out);
	put_u64(out, "max_rss_bytes", t->max_rss_bytes);
	put_u64(out, "read_bytes", t->read_bytes);
	put_u64(out, "write_bytes", t->write_bytes);
	put_u64(out, "processes", t->processes);
	put_u64(out, "fork_only", t->fork_only);
	put_u64(out, "older", t->older);
	put_u64(out, "running_at_end", t->running_at_end);
	put_u64(out, "execs", t->execs);
	put_u64(out, "failed_execs", t->failed_execs);
	put_u64(out, "path_misses", t->path_misses);
	put_u64(out, "failed_exits", t->failed_exits);
	put_u64(out, "signalled", t->signalled);
	put_u64(out, "short_lived", t->short_lived);
	put_u64(out, "short_cpu_ns", t->short_cpu_ns);
	put_u64(out, "peak_alive", t->peak_alive);
	put_u64(out, "peak_active", t->peak_active);
	put_u64(out, "lost", t->lost);
	put_u64(out, "ended", t->ended);
	put_u64(out, "with_status", t->with_status);
	put_u64(out, "with_cpu", t->with_cpu);
	fputs(",\"none_started\":", out);
	if (t->processes)
		fputs("null", out);
	else
		put_plain(out, none_started(none, a));
	fputs(",\"none_failed\":", out);
	if (t->failed_exits + t->signalled + t->failed_execs > t->path_misses)
		fputs("null", out);
	else
		put_plain(out, none_failed(none, a));
	putc('}', out);
}

enum { BUCKETS = 240 };

static void put_concurrency(const struct analysis *a, FILE *out)
{
	struct analysis_bucket b[BUCKETS];
	uint64_t span = a->totals.end_ns - a->totals.begin_ns;

	analysis_fill_buckets(a, b, BUCKETS);
	fprintf(out, ",\"concurrency\":{\"bucket_ns\":%.1f", (double)span / BUCKETS);
	fputs(",\"alive\":[", out);
	for (size_t i = 0; i < BUCKETS; i++)
		fprintf(out, "%s%.3g", i ? "," : "", b[i].alive);
	fputs("],\"active\":[", out);
	for (size_t i = 0; i < BUCKETS; i++)
		fprintf(out, "%s%.3g", i ? "," : "", b[i].active);
	fputs("],\"cores\":[", out);
	for (size_t i = 0; i < BUCKETS; i++)
		fprintf(out, "%s%.3g", i ? "," : "", b[i].cores);
	fputs("]}", out);
}

static void put_path(const struct analysis *a, bool for_page, FILE *out)
{
	const struct analysis_path *path = &a->path;
	uint64_t begin = a->totals.begin_ns, idle = 0;

	for (size_t i = 0; i < path->segments_count; i++) {
		if (path->segments[i].process == ANALYSIS_NONE)
			idle += path->segments[i].to_ns - path->segments[i].from_ns;
	}
	fprintf(out, ",\"critical_path\":{\"from_ns\":%" PRIu64, path->from_ns - begin);
	put_u64(out, "to_ns", path->to_ns - begin);
	put_u64(out, "idle_ns", idle);
	put_u64(out, "processes", path->visits_count);
	for (size_t i = 0; !for_page && i < path->visits_count; i++) {
		const struct analysis_visit *v = &path->visits[i];

		fputs(i ? ",{" : ",\"visits\":[{", out);
		fprintf(out, "\"depth\":%" PRIu32, v->depth);
		put_u64(out, "from_ns", v->from_ns - begin);
		put_u64(out, "to_ns", v->to_ns - begin);
		put_u64(out, "own_ns", v->own_ns);
		put_process(out, "process", a->base, v->process);
		if (v->process != ANALYSIS_NONE)
			put_text(out, "exe", a->base, a->base->processes[v->process].program);
		fputs(i + 1 == path->visits_count ? "}]" : "}", out);
	}
	for (size_t i = 0; !for_page && i < path->segments_count; i++) {
		const struct analysis_segment *s = &path->segments[i];

		fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRId64 "]%s",
			i ? "," : ",\"segments\":[", s->from_ns - begin, s->to_ns - begin,
			s->process == ANALYSIS_NONE ? -1 : (int64_t)s->process,
			i + 1 == path->segments_count ? "]" : "");
	}
	putc('}', out);
}

static void put_programs(const struct analysis *a, FILE *out)
{
	fputs(",\"programs\":[", out);
	for (size_t i = 0; i < a->programs_count; i++) {
		const struct analysis_program *p = &a->programs[i];

		fprintf(out, "%s{\"runs\":%" PRIu64, i ? "," : "", p->runs);
		put_text(out, "exe", a->base, p->name);
		put_u64(out, "forks", p->forks);
		put_u64(out, "wall_ns", p->wall_ns);
		put_u64(out, "median_wall_ns", p->median_wall_ns);
		put_u64(out, "max_wall_ns", p->max_wall_ns);
		put_u64(out, "cpu_ns", p->cpu_ns);
		put_u64(out, "max_rss_bytes", p->max_rss_bytes);
		put_u64(out, "read_bytes", p->read_bytes);
		put_u64(out, "write_bytes", p->write_bytes);
		put_u64(out, "failures", p->failures);
		put_u64(out, "path_ns", p->path_ns);
		put_u64(out, "short_runs", p->short_runs);
		put_u64(out, "short_wall_ns", p->short_wall_ns);
		put_u64(out, "short_cpu_ns", p->short_cpu_ns);
		put_u64(out, "peak_per_second", p->peak_per_second);
		put_text(out, "started_by", a->base, p->parent);
		put_u64(out, "started_by_count", p->parent_runs);
		put_process(out, "longest", a->base, p->example);
		putc('}', out);
	}
	putc(']', out);
}

static void put_failures(const struct analysis *a, FILE *out)
{
	char value[UNITS_BYTES];

	fputs(",\"failures\":[", out);
	for (size_t i = 0; i < a->failures_count; i++) {
		const struct analysis_failure *f = &a->failures[i];

		fprintf(out, "%s{\"kind\":\"%s\"", i ? "," : "", failure_kind_name(f->kind));
		put_text(out, "program", a->base, f->program);
		fprintf(out, ",\"value\":%" PRId32 ",\"name\":\"%s\"", f->value,
			failure_value(value, f));
		put_u64(out, "count", f->count);
		put_u64(out, "processes", f->processes);
		put_process(out, "first", a->base, f->example);
		if (f->kind == ANALYSIS_FAILED_EXEC)
			put_text(out, "filename", a->base, f->filename);
		if (f->kind == ANALYSIS_FAILED_EXEC)
			fprintf(out, ",\"attempts\":%" PRIu64 ",\"directories\":%" PRIu32,
				f->attempts, f->directories);
		if (f->kind == ANALYSIS_PATH_MISS)
			put_text(out, "found", a->base, f->filename);
		if (f->kind == ANALYSIS_FAILED_SIGNAL)
			fprintf(out, ",\"core_dumped\":%s,\"oom\":%s",
				f->has_core ? "true" : "false", f->is_oom ? "true" : "false");
		if (f->has_killer) {
			fprintf(out, ",\"killed_by\":{\"pid\":%" PRIu32, f->killed_by_tgid);
			put_text(out, "comm", a->base, f->killed_by_comm);
			putc('}', out);
		}
		putc('}', out);
	}
	putc(']', out);
}

/* Members that may be absent: what this trace cannot tell is null, not zero. */
static void put_known(FILE *out, const char *key, uint64_t value, bool is_known)
{
	if (is_known)
		put_u64(out, key, value);
	else
		fprintf(out, ",\"%s\":null", key);
}

static void put_tree_row(const struct analysis *a, uint32_t i, FILE *out)
{
	const struct analysis_process *p = &a->base->processes[i];
	const struct begat_trace_process *row = base_row(a->base, i);
	const struct analysis_node *n = &a->nodes[i];
	bool has_ended = p->flags & ANALYSIS_ENDED;

	fprintf(out, "{\"index\":%" PRIu32 ",\"pid\":%" PRIu32 ",\"id\":\"%016" PRIx64 "\"", i,
		row->tgid, row->id);
	fprintf(out, ",\"parent\":%" PRId64 ",\"depth\":%" PRIu32 ",\"start_ns\":%" PRId64,
		p->parent == ANALYSIS_NONE ? -1 : (int64_t)p->parent, n->depth,
		(int64_t)(p->start_ns - a->totals.begin_ns));
	put_text(out, "exe", a->base, p->program);
	put_vector(out, "argv", a->base, report_argv(a->base, i));
	fprintf(out, ",\"older\":%s", p->flags & ANALYSIS_OLDER ? "true" : "false");
	put_known(out, "exit_code", row->exit_code, p->flags & ANALYSIS_HAS_STATUS && !row->signal);
	put_known(out, "signal", row->signal, p->flags & ANALYSIS_HAS_STATUS);
	put_u64(out, "wall_ns", base_wall(p));
	fprintf(out, ",\"running_at_end\":%s", has_ended ? "false" : "true");
	put_known(out, "cpu_ns", base_cpu(p), p->flags & ANALYSIS_HAS_CPU);
	put_known(out, "max_rss_bytes", row->max_rss_bytes, p->flags & ANALYSIS_HAS_RSS);
	put_known(out, "read_bytes", p->read_bytes, p->flags & ANALYSIS_HAS_IO);
	put_known(out, "write_bytes", p->write_bytes, p->flags & ANALYSIS_HAS_IO);
	put_u64(out, "own_wall_ns", n->own_wall_ns);
	put_u64(out, "subtree_wall_ns", n->subtree_wall_ns);
	put_u64(out, "subtree_cpu_ns", n->subtree_cpu_ns);
	put_u64(out, "subtree_max_rss_bytes", n->subtree_max_rss_bytes);
	put_u64(out, "subtree_read_bytes", n->subtree_read_bytes);
	put_u64(out, "subtree_write_bytes", n->subtree_write_bytes);
	put_u64(out, "subtree_processes", n->subtree_count);
	put_u64(out, "subtree_failed", n->subtree_failed);
	putc('}', out);
}

void json_analysis(const struct analysis *a, bool for_page, FILE *out)
{
	fputs("{\"report\":1,", out);
	put_trace(a, out);
	put_totals(a, out);
	put_concurrency(a, out);
	put_path(a, for_page, out);
	put_programs(a, out);
	put_failures(a, out);
	for (size_t k = 0; !for_page && k < a->base->count; k++) {
		fputs(k ? "," : ",\"tree\":[", out);
		put_tree_row(a, a->base->order[k], out);
	}
	if (!for_page)
		fputs(a->base->count ? "]" : ",\"tree\":[]", out);
	putc('}', out);
}

int report_json(const struct analysis *a, const struct begat_report_options *opts, FILE *out)
{
	json_analysis(a, false, out);
	putc('\n', out);
	return 0;
}
