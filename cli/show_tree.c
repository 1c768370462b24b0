/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/show_tree.c - every process of a recording under its parent, with what it cost.
 *
 * Owns:  the lines of `begat show --tree`.
 * Not:   folding alike lines: `run` and `report` do that; this shows all.
 *
 * Invariants
 *  (1) What is printed of a command passes begat_escape(): no argv can move the cursor.
 *  (2) No recursion: a chain of a million processes is just long.
 */
#include "show_tree.h"

#include <begat/sink.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli.h"
#include "color.h"
#include "tree_line.h"
#include "width.h"

#define LINE_MAX_BYTES 65536
#define DEPTH_SHOWN 100 /* deeper ones are not indented further; on a terminal less */
#define NUMBER_WIDTH 10
#define FIXED_WIDTH 16 /* exit and pid */

struct line {
	char *text; /* LINE_MAX_BYTES */
	size_t len;
};

static void add_escaped(struct line *line, const char *data, size_t len, bool shell)
{
	size_t room = LINE_MAX_BYTES - line->len;
	size_t n = begat_escape(line->text + line->len, room, data, len, shell);

	line->len += n < room ? n : room - 1;
}

static void add_text(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (len < LINE_MAX_BYTES - line->len) {
		memcpy(line->text + line->len, text, len + 1);
		line->len += len;
	}
}

static void add_command(struct line *line, const struct begat_trace *trace,
			const struct begat_trace_process *p)
{
	struct begat_strv argv = begat_trace_strings(trace, p->argv);
	struct begat_str comm = begat_trace_string(trace, p->comm);

	if (!argv.count) {
		add_text(line, "(");
		add_escaped(line, comm.data, comm.len, false);
		add_text(line, ")");
		return;
	}
	for (size_t i = 0; i < argv.bytes && line->len < LINE_MAX_BYTES - 8;) {
		size_t len = strlen(argv.data + i);

		if (i)
			add_text(line, " ");
		add_escaped(line, argv.data + i, len, true);
		i += len + 1;
	}
}

static void add_result(char out[24], const struct begat_trace_process *p)
{
	const char *name = p->signal ? begat_signal_name(p->signal) : NULL;

	if (!p->has_exit)
		snprintf(out, 24, "runs");
	else if (!p->has_status)
		snprintf(out, 24, "-");
	else if (p->signal)
		snprintf(out, 24, "%s", name ? name + 3 : "signal");
	else
		snprintf(out, 24, "%d", p->exit_code);
}

/* What a line has room for. */
struct layout {
	uint32_t columns; /* 0 = any length */
	uint32_t numbers; /* of wall, cpu and rss */
	unsigned depth_shown;
};

static struct layout choose_layout(const struct output *output)
{
	struct layout layout = { .numbers = TREE_NUMBERS, .depth_shown = DEPTH_SHOWN };
	uint32_t columns = output->is_terminal ? output->columns : 0;

	if (!columns)
		return layout;
	layout.columns = columns;
	layout.numbers = tree_numbers(columns, NUMBER_WIDTH, FIXED_WIDTH);
	uint32_t taken = layout.numbers * NUMBER_WIDTH + FIXED_WIDTH;

	layout.depth_shown = tree_depth(columns > taken ? columns - taken : 0, DEPTH_SHOWN);
	return layout;
}

static void add_numbers(struct line *line, const struct layout *layout,
			const char *const numbers[TREE_NUMBERS], const char *result,
			const char *pid)
{
	char text[160];
	int len = 0;

	for (uint32_t i = 0; i < layout->numbers; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%9s ", numbers[i]);
	snprintf(text + len, sizeof(text) - (size_t)len, "%6s %7s  ", result, pid);
	add_text(line, text);
}

static void add_branch(struct line *line, const struct layout *layout, unsigned depth,
		       bool has_utf8)
{
	uint32_t drawn = depth < layout->depth_shown ? depth : layout->depth_shown;

	if (depth)
		line->len += tree_branch(line->text + line->len, LINE_MAX_BYTES - line->len,
					 tree_marks(has_utf8), drawn ? drawn : 1, NULL, NULL);
}

/* @color: NULL = none. */
static void put_line(const struct line *line, const struct layout *layout, const char *color,
		     FILE *out)
{
	uint32_t columns;
	size_t len =
		layout->columns ? width_head(line->text, layout->columns, &columns) : line->len;

	fprintf(out, "%s%.*s%s\n", color ? color : "", (int)len, line->text,
		color ? COLOR_RESET : "");
}

static void print_process(struct line *line, const struct begat_trace *trace,
			  const struct begat_trace_process *p, unsigned depth,
			  const struct layout *layout, const struct output *output, FILE *out)
{
	char wall[UNITS_BYTES], cpu[UNITS_BYTES] = "-", rss[UNITS_BYTES] = "-", result[24], pid[16];
	const char *const numbers[TREE_NUMBERS] = { wall, cpu, rss };
	bool is_failure = p->has_status && (p->exit_code || p->signal);

	units_duration(wall, p->end_ns - p->start_ns);
	if (p->has_cpu)
		units_duration(cpu, p->utime_ns + p->stime_ns);
	if (p->has_rss)
		units_size(rss, p->max_rss_bytes);
	add_result(result, p);
	snprintf(pid, sizeof(pid), "%u", p->tgid);
	line->len = 0;
	add_numbers(line, layout, numbers, result, pid);
	add_branch(line, layout, depth, output->has_utf8);
	add_command(line, trace, p);
	put_line(line, layout, is_failure && output->has_color ? COLOR_RED : NULL, out);
}

static bool is_asked_for(const struct begat_trace_query *query, uint32_t tgid)
{
	for (uint32_t i = 0; i < query->pids_count; i++)
		if ((uint32_t)query->pids[i] == tgid)
			return true;
	return false;
}

static void print_below(struct line *line, const struct layout *layout,
			const struct begat_trace *trace, const struct begat_trace_table *t,
			uint32_t root, struct traces_out *out)
{
	uint32_t at = root;
	unsigned depth = 0;

	for (;;) {
		const struct begat_trace_process *p = &t->processes[at];

		print_process(line, trace, p, depth, layout, &out->output, out->file);
		if (p->first_child != BEGAT_TRACE_NONE) {
			at = p->first_child;
			depth++;
			continue;
		}
		while (at != root && t->processes[at].next_sibling == BEGAT_TRACE_NONE) {
			at = t->processes[at].parent;
			depth--;
		}
		if (at == root)
			return;
		at = t->processes[at].next_sibling;
	}
}

/* Is an ancestor of it printed as a root of its own? Then it has been printed below it. */
static bool is_below_asked(const struct begat_trace_table *t, const struct begat_trace_query *query,
			   uint32_t index)
{
	for (uint32_t at = t->processes[index].parent; at != BEGAT_TRACE_NONE;
	     at = t->processes[at].parent)
		if (is_asked_for(query, t->processes[at].tgid))
			return true;
	return false;
}

int show_tree(struct begat_trace *trace, const struct begat_trace_query *query,
	      struct traces_out *out)
{
	const struct begat_trace_table *t;
	struct line line = { .text = malloc(LINE_MAX_BYTES) };
	struct layout layout;
	int err = line.text ? begat_trace_load(trace, &t) : -ENOMEM;

	if (err < 0) {
		if (line.text)
			traces_complain(trace);
		free(line.text);
		return err;
	}
	layout = choose_layout(&out->output);
	line.len = 0;
	add_numbers(&line, &layout, tree_headings, "exit", "pid");
	add_text(&line, "command");
	put_line(&line, &layout, NULL, out->file);
	for (uint32_t i = 0; i < t->processes_count && !out->error; i++) {
		bool is_root = t->processes[i].parent == BEGAT_TRACE_NONE;

		if (query->pids_count)
			is_root = is_asked_for(query, t->processes[i].tgid) &&
				  !is_below_asked(t, query, i);
		if (is_root)
			print_below(&line, &layout, trace, t, i, out);
	}
	free(line.text);
	err = begat_trace_check(trace);
	if (err < 0)
		traces_complain(trace);
	return err;
}
