/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/text.c - the analysis for a terminal.
 *
 * Owns:    sections, columns, how many rows of each are worth a screen.
 * Not:     the figures; --format json has all rows.
 *
 * Invariant: text of a recording is escaped: it cannot forge a line or move a cursor.
 */
#include "report.h"

#include <begat/sink.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

enum { TOP_PROGRAMS = 15, TOP_CHURN = 10, TOP_FAILURES = 12, TOP_STRETCHES = 10, TOP_TREE = 40 };

struct page {
	const struct analysis *a;
	const struct analysis_base *b;
	FILE *out;
	size_t columns; /* 0 = do not cut */
	const char *bold, *dim, *red, *plain;
	bool has_utf8;
};

static void heading(const struct page *p, const char *title)
{
	fprintf(p->out, "\n%s%s%s\n", p->bold, title, p->plain);
}

/* The rest of a line that already has @used columns. */
static void put_rest(const struct page *p, size_t used, const char *text)
{
	size_t room = p->columns > used + 20 ? p->columns - used - 1 : p->columns ? 20 : SIZE_MAX;

	if (strlen(text) <= room) {
		fprintf(p->out, "%s\n", text);
		return;
	}
	for (room -= 3; room && ((unsigned char)text[room] >> 6) == 2;)
		room--; /* not in the middle of a character */
	fprintf(p->out, "%.*s...\n", (int)room, text);
}

static const char *name_of(const struct page *p, uint32_t string, char *out, size_t size)
{
	struct begat_str text = base_text(p->b, string);

	if (string)
		begat_escape(out, size, text.data, text.len, false);
	else
		snprintf(out, size, "(unknown)");
	return out;
}

static void put_share(const struct page *p, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * part / whole : 0;

	fprintf(p->out, percent >= 9.95 || percent == 0 ? " %4.0f %%" : " %4.1f %%", percent);
}

/* What was left out, if anything was. */
static void put_narrowing(const struct page *p)
{
	const struct analysis_narrowing *n = &p->b->meta.narrowing;
	char text[1200], b1[UNITS_BYTES], b2[UNITS_BYTES];

	if (!n->whole)
		return;
	name_of(p, n->sentence, text, sizeof(text));
	fprintf(p->out, "narrowed to %s: %s of %s processes\n", text, units_count(b1, p->b->count),
		units_count(b2, n->whole->count));
}

/* How much of what the machine did is in the recording: what is not there cannot be seen in it. */
static void put_account(const struct page *p)
{
	const struct analysis_totals *t = &p->a->totals;
	double cpu = t->cpu_ns / 1e9, machine = t->machine_cpu_ns / 1e9;

	if (!t->machine_cpu_ns)
		return;
	/* The machine's figure is counted in ticks, ours is exact. */
	if (t->cpu_ns >= t->machine_cpu_ns)
		fprintf(p->out, "  accounts for all %.1f CPU seconds that this machine used\n",
			cpu);
	else
		fprintf(p->out, "  accounts for %.1f of %.1f CPU seconds that this machine used\n",
			cpu, machine);
}

static void put_header(const struct page *p)
{
	const struct analysis_totals *t = &p->a->totals;
	const struct analysis_meta *meta = &p->b->meta;
	struct report_ending ending;
	char text[400], kernel[100], b1[UNITS_BYTES], b2[UNITS_BYTES];
	char from[FORMAT_TIME_BYTES], to[FORMAT_TIME_BYTES];

	format_time(from, p->b, t->begin_ns);
	format_time(to, p->b, t->end_ns);
	if (meta->command)
		format_argv(p->b, meta->command, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "the whole machine");
	report_find_ending(p->a, &ending);
	if (*ending.sentence)
		fprintf(p->out, "%s%s%s\n", ending.has_failed ? p->red : p->bold, ending.sentence,
			p->plain);
	fputs(p->bold, p->out);
	put_rest(p, 0, text);
	fprintf(p->out, "%son %s, Linux %s%s\n", p->plain,
		name_of(p, meta->host, text, sizeof(text)),
		name_of(p, meta->kernel, kernel, sizeof(kernel)),
		meta->is_incomplete ? "; the recording is incomplete" : "");
	if (*from)
		fprintf(p->out, "%s to %s\n", from, to);
	put_narrowing(p);
	fprintf(p->out, "\n  wall %s", units_duration(b1, t->wall_ns));
	if (t->with_cpu) {
		fprintf(p->out, ", cpu %s", units_duration(b2, t->cpu_ns));
		fprintf(p->out, " (%s user, %s system), %.2f busy cores",
			units_duration(b1, t->utime_ns), units_duration(b2, t->stime_ns),
			t->parallelism);
	} else {
		fputs(", cpu not recorded", p->out);
	}
	if (meta->cpus && t->with_cpu)
		fprintf(p->out, " of %" PRIu32, meta->cpus);
	putc('\n', p->out);
	put_account(p);
	fprintf(p->out, "  %s processes", units_count(b1, t->processes));
	fprintf(p->out, ", %s execs", units_count(b1, t->execs));
	if (t->with_status)
		fprintf(p->out, ", %s failed", units_count(b1, t->failed_exits + t->signalled));
	fprintf(p->out, ", %s failed execs", units_count(b1, t->failed_execs));
	fprintf(p->out, " (%s PATH misses)", units_count(b1, t->path_misses));
	fprintf(p->out, ", %s lost\n", units_count(b1, t->lost));
	fprintf(p->out, "  at most %" PRIu64 " alive at once, %" PRIu64 " of them active",
		t->peak_alive, t->peak_active);
	if (t->running_at_end)
		fprintf(p->out, "; %" PRIu64 " still ran at the end", t->running_at_end);
	putc('\n', p->out);
	if (!t->processes) {
		char none[NONE_BYTES];

		fprintf(p->out, "  %s\n", none_started(none, p->a));
	}
}

/* Busy cores over time, a character a bucket, scaled to the cores that there are. */
static void put_chart(const struct page *p)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char ascii[] = " ..::-=+#";
	enum { WIDTH = 64 };
	struct analysis_bucket b[WIDTH];
	double most = p->b->meta.cpus;
	char end[UNITS_BYTES];

	analysis_fill_buckets(p->a, b, WIDTH);
	for (size_t i = 0; !p->b->meta.cpus && i < WIDTH; i++)
		most = b[i].cores > most ? b[i].cores : most;
	heading(p, "Busy cores over time");
	fputs("  0 |", p->out);
	for (size_t i = 0; i < WIDTH; i++) {
		double level = most > 0 ? b[i].cores / most * 8 + 0.5 : 0;
		size_t step = level > 8 ? 8 : level;

		if (p->has_utf8)
			fputs(blocks[step], p->out);
		else
			putc(ascii[step], p->out);
	}
	fprintf(p->out, "| %s, full height is %.3g\n",
		units_duration(end, p->a->totals.end_ns - p->a->totals.begin_ns), most);
}

static void put_programs(const struct page *p)
{
	char b[6][UNITS_BYTES], name[600];

	heading(p, "Programs, by CPU time");
	fprintf(p->out,
		"%s       cpu  share     runs       wall     median    max rss  failed"
		"  program%s\n",
		p->dim, p->plain);
	for (size_t i = 0; i < p->a->programs_count && i < TOP_PROGRAMS; i++) {
		const struct analysis_program *prog = &p->a->programs[i];
		bool is_older = !prog->runs && !prog->forks; /* all of it ran before */

		fprintf(p->out, "%10s", units_duration(b[0], prog->cpu_ns));
		put_share(p, prog->cpu_ns, p->a->totals.cpu_ns);
		fprintf(p->out, " %8s %10s %10s %10s ", units_count(b[1], prog->runs + prog->forks),
			is_older ? "-" : units_duration(b[2], prog->wall_ns),
			is_older ? "-" : units_duration(b[3], prog->median_wall_ns),
			prog->max_rss_bytes ? units_size(b[4], prog->max_rss_bytes) : "-");
		fprintf(p->out, "%s%7s%s  ", prog->failures ? p->red : "",
			units_count(b[5], prog->failures), prog->failures ? p->plain : "");
		put_rest(p, 69, name_of(p, prog->name, name, sizeof(name)));
	}
	if (p->a->programs_count > TOP_PROGRAMS)
		fprintf(p->out, "%s           ... and %zu more%s\n", p->dim,
			p->a->programs_count - TOP_PROGRAMS, p->plain);
}

static int by_path(const void *a, const void *b)
{
	const struct analysis_program *x = *(const struct analysis_program *const *)a;
	const struct analysis_program *y = *(const struct analysis_program *const *)b;

	return x->path_ns > y->path_ns ? -1 : x->path_ns < y->path_ns;
}

static int by_short_cost(const void *a, const void *b)
{
	const struct analysis_program *x = *(const struct analysis_program *const *)a;
	const struct analysis_program *y = *(const struct analysis_program *const *)b;

	if (x->short_runs != y->short_runs)
		return x->short_runs > y->short_runs ? -1 : 1;
	return x->short_cpu_ns > y->short_cpu_ns ? -1 : x->short_cpu_ns < y->short_cpu_ns;
}

/* Pointers into the programs in another order; NULL when out of memory. */
static const struct analysis_program **sort_programs(const struct page *p,
						     int (*compare)(const void *, const void *))
{
	const struct analysis_program **list = calloc(p->a->programs_count + 1, sizeof(*list));

	for (size_t i = 0; list && i < p->a->programs_count; i++)
		list[i] = &p->a->programs[i];
	if (list)
		qsort(list, p->a->programs_count, sizeof(*list), compare);
	return list;
}

static int by_length(const void *a, const void *b)
{
	const struct analysis_segment *x = a, *y = b;
	uint64_t xl = x->to_ns - x->from_ns, yl = y->to_ns - y->from_ns;

	if (xl != yl)
		return xl > yl ? -1 : 1;
	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/* Parts below this are folded into one line. */
static bool is_small(uint64_t part_ns, uint64_t whole_ns)
{
	return part_ns < whole_ns / 100;
}

/* The stretches that weigh, longest first. */
static int put_stretches(const struct page *p)
{
	const struct analysis_path *path = &p->a->path;
	size_t shown = path->segments_count < TOP_STRETCHES ? path->segments_count : TOP_STRETCHES;
	uint64_t whole_ns = path->to_ns - path->from_ns, rest_ns = 0;
	char clock[FORMAT_TIME_BYTES];
	struct analysis_segment *list = calloc(path->segments_count + 1, sizeof(*list));
	char b1[UNITS_BYTES], b2[UNITS_BYTES], command[600];

	if (!list)
		return -ENOMEM;
	memcpy(list, path->segments, path->segments_count * sizeof(*list));
	qsort(list, path->segments_count, sizeof(*list), by_length);
	while (shown > 1 && is_small(list[shown - 1].to_ns - list[shown - 1].from_ns, whole_ns))
		shown--;
	fprintf(p->out,
		"\n%s  Its longest stretches, longest first; clock in UTC\n       for         at   "
		"     "
		"clock      pid  command%s\n",
		p->dim, p->plain);
	for (size_t i = 0; i < shown; i++) {
		const struct analysis_segment *s = &list[i];
		bool is_idle = s->process == ANALYSIS_NONE;

		fprintf(p->out, "%10s %10s %12s ", units_duration(b1, s->to_ns - s->from_ns),
			units_duration(b2, s->from_ns - p->a->totals.begin_ns),
			*format_clock(clock, p->b, s->from_ns) ? clock : "-");
		if (is_idle)
			fprintf(p->out, "%8s  ", "-");
		else
			fprintf(p->out, "%8" PRIu32 "  ", base_row(p->b, s->process)->tgid);
		if (!is_idle)
			format_command(p->b, s->process, command, sizeof(command));
		put_rest(p, 45, is_idle ? "(nothing was running)" : command);
	}
	for (size_t i = shown; i < path->segments_count; i++)
		rest_ns += list[i].to_ns - list[i].from_ns;
	if (shown < path->segments_count)
		fprintf(p->out, "%s%10s in %s shorter ones%s\n", p->dim,
			units_duration(b1, rest_ns), units_count(b2, path->segments_count - shown),
			p->plain);
	free(list);
	return 0;
}

static int put_path(const struct page *p)
{
	uint64_t whole = p->a->path.to_ns - p->a->path.from_ns;
	const struct analysis_program **list = sort_programs(p, by_path);
	char b1[UNITS_BYTES], b2[UNITS_BYTES], name[600];
	uint64_t rest_ns = 0, rest = 0;
	int err;

	if (!list)
		return -ENOMEM;
	heading(p, "Critical path: what bounded the wall time");
	if (!p->a->totals.processes) {
		fputs("  none: no process started\n", p->out);
		free(list);
		return 0;
	}
	fprintf(p->out, "%s   on path  share  program%s\n", p->dim, p->plain);
	for (size_t i = 0; i < p->a->programs_count && list[i]->path_ns; i++) {
		if (i && (i >= 8 || is_small(list[i]->path_ns, whole))) {
			rest_ns += list[i]->path_ns;
			rest++;
			continue;
		}
		fprintf(p->out, "%10s", units_duration(b1, list[i]->path_ns));
		put_share(p, list[i]->path_ns, whole);
		fputs("  ", p->out);
		put_rest(p, 19, name_of(p, list[i]->name, name, sizeof(name)));
	}
	if (rest) {
		fprintf(p->out, "%s%10s", p->dim, units_duration(b1, rest_ns));
		put_share(p, rest_ns, whole);
		fprintf(p->out, "  %s more%s\n", units_count(b2, rest), p->plain);
	}
	err = put_stretches(p);
	free(list);
	return err;
}

static int put_churn(const struct page *p)
{
	const struct analysis_program **list = sort_programs(p, by_short_cost);
	const struct analysis_totals *t = &p->a->totals;
	char b[4][UNITS_BYTES], name[300], by[300];

	if (!list)
		return -ENOMEM;
	heading(p, "Short-lived processes (less than 10 ms)");
	fprintf(p->out, "  %s of %s processes, together ", units_count(b[0], t->short_lived),
		units_count(b[1], t->processes));
	fprintf(p->out, "%s of CPU\n", units_duration(b[0], t->short_cpu_ns));
	if (t->short_lived)
		fprintf(p->out, "%s     times        cpu       wall   peak/s  program%s\n", p->dim,
			p->plain);
	for (size_t i = 0; i < p->a->programs_count && i < TOP_CHURN && list[i]->short_runs; i++) {
		const struct analysis_program *prog = list[i];
		char line[700];

		fprintf(p->out, "%10s %10s %10s %8s  ", units_count(b[0], prog->short_runs),
			units_duration(b[1], prog->short_cpu_ns),
			units_duration(b[2], prog->short_wall_ns),
			units_count(b[3], prog->peak_per_second));
		name_of(p, prog->name, name, sizeof(name));
		if (prog->parent)
			snprintf(line, sizeof(line), "%s, started by %s", name,
				 name_of(p, prog->parent, by, sizeof(by)));
		put_rest(p, 43, prog->parent ? line : name);
	}
	free(list);
	return 0;
}

static void put_failure(const struct page *p, const struct analysis_failure *f)
{
	char count[UNITS_BYTES], value[UNITS_BYTES], name[300], other[300], line[700];

	name_of(p, f->program, name, sizeof(name));
	snprintf(line, sizeof(line), "%s", name);
	if (f->kind == ANALYSIS_PATH_MISS)
		snprintf(line, sizeof(line), "%s, found as %s", name,
			 name_of(p, f->filename, other, sizeof(other)));
	else if (f->kind == ANALYSIS_FAILED_EXEC && f->directories > 1)
		snprintf(line, sizeof(line), "%s, searched %" PRIu32 " directories", name,
			 f->directories);
	else if (f->kind == ANALYSIS_FAILED_EXEC)
		name_of(p, f->filename, line, sizeof(line));
	else if (f->is_oom)
		snprintf(line, sizeof(line), "%s, out of memory", name);
	else if (f->has_killer && f->killed_by_tgid)
		snprintf(line, sizeof(line), "%s, sent by %s (%" PRIu32 ")", name,
			 name_of(p, f->killed_by_comm, other, sizeof(other)), f->killed_by_tgid);
	else if (f->has_killer)
		snprintf(line, sizeof(line), "%s, sent by the kernel", name);
	fprintf(p->out, "%10s  %-10s %-12s ", units_count(count, f->count),
		f->kind == ANALYSIS_PATH_MISS	  ? "path miss"
		: f->kind == ANALYSIS_FAILED_EXEC ? "not run"
						  : failure_kind_name(f->kind),
		failure_value(value, f));
	put_rest(p, 36, line);
}

static void put_failures(const struct page *p)
{
	size_t shown[4] = { 0 }, hidden = 0;
	char none[NONE_BYTES];
	const struct analysis_totals *t = &p->a->totals;

	heading(p, "Failures");
	if (t->failed_exits + t->signalled + t->failed_execs == t->path_misses)
		fprintf(p->out, "  %s\n", none_failed(none, p->a));
	for (size_t i = 0; i < p->a->failures_count; i++) {
		const struct analysis_failure *f = &p->a->failures[i];

		/* A few misses are enough to know them by. */
		if (++shown[f->kind] > (f->kind == ANALYSIS_PATH_MISS ? 4 : TOP_FAILURES))
			hidden++;
		else
			put_failure(p, f);
	}
	if (hidden)
		fprintf(p->out, "%s            ... and %zu more%s\n", p->dim, hidden, p->plain);
}

struct branch {
	uint32_t process;
	uint64_t weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct branch *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

/* The heaviest subtrees, in tree order: an ancestor weighs at least as much as what is below. */
static int put_tree(const struct page *p)
{
	const struct analysis_base *base = p->b;
	struct branch *all = calloc(base->count + 1, sizeof(*all));
	bool *is_shown = calloc(base->count + 1, sizeof(*is_shown));
	char b[4][UNITS_BYTES], command[600];

	if (!all || !is_shown) {
		free(all);
		free(is_shown);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < base->count; i++)
		all[i] = (struct branch){ i, p->a->nodes[i].subtree_cpu_ns };
	qsort(all, base->count, sizeof(*all), by_weight);
	for (size_t i = 0, left = TOP_TREE; i < base->count && left; i++) {
		for (uint32_t k = all[i].process; k != ANALYSIS_NONE && !is_shown[k] && left;
		     k = base->processes[k].parent) {
			is_shown[k] = true;
			left--;
		}
	}
	heading(p, "Tree: the heaviest branches");
	fprintf(p->out, "%s      wall        cpu  with below  processes      pid  command%s\n",
		p->dim, p->plain);
	for (size_t k = 0; k < base->count; k++) {
		uint32_t i = base->order[k];
		const struct analysis_node *n = &p->a->nodes[i];
		size_t indent = n->depth < 24 ? n->depth * 2 : 48;

		if (!is_shown[i])
			continue;
		fprintf(p->out, "%10s %10s  %10s %10s %8" PRIu32 "  %*s",
			units_duration(b[0], base_wall(&base->processes[i])),
			units_duration(b[1], base_cpu(&base->processes[i])),
			units_duration(b[2], n->subtree_cpu_ns),
			units_count(b[3], n->subtree_count), base_row(base, i)->tgid, (int)indent,
			"");
		format_command(base, i, command, sizeof(command));
		put_rest(p, 55 + indent, command);
	}
	free(all);
	free(is_shown);
	return 0;
}

int report_text(const struct analysis *a, const struct begat_report_options *opts, FILE *out)
{
	struct page p = {
		.a = a,
		.b = a->base,
		.out = out,
		.columns = opts->columns,
		.has_utf8 = opts->has_utf8,
		.bold = opts->has_colour ? "\033[1m" : "",
		.dim = opts->has_colour ? "\033[2m" : "",
		.red = opts->has_colour ? "\033[31m" : "",
		.plain = opts->has_colour ? "\033[0m" : "",
	};
	int err;

	put_header(&p);
	put_chart(&p);
	put_programs(&p);
	err = put_path(&p);
	if (err == 0)
		err = put_churn(&p);
	put_failures(&p);
	if (err == 0)
		err = put_tree(&p);
	return err;
}
