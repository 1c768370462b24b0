/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/tree.c - draws the summary's tree: one line a process, or for all that are alike.
 *
 * Owns:  columns, cutting to the width, notes.
 * Not:   which lines there are (fold.c), numbers and branches of any tree (cli/tree_line.c).
 *
 * Invariants
 *  (1) No line is wider than the style's columns (if there are at least 24).
 *  (2) Escapes for colors are never part of what is counted as width.
 *  (3) No recursion.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/color.h"
#include "cli/tree_line.h"
#include "cli/width.h"
#include "nodes.h"

#define COLUMNS_DEFAULT 100
#define COLUMNS_MIN 24
#define NUMBER_WIDTH 9
#define EXIT_WIDTH 4
#define ROOM_MIN 6
#define COMMAND_LEAST 8 /* columns; on a narrow terminal a note that leaves less is left out */
#define DEPTH_MAX 16 /* deeper ones are drawn at this depth, or less on a narrow terminal */
#define TEXT_BYTES 640
#define NOTE_BYTES 128

struct drawing {
	const struct summary *summary;
	const struct folds *folds;
	const struct summary_style *style;
	const struct tree_marks *marks;
	FILE *out;
	uint32_t columns;
	uint32_t numbers; /* of wall, cpu and rss: how many there is room for */
	uint32_t exit_width;
	uint32_t note_column; /* where notes start, counted from the command's own start */
};

/*
 * Writes @text, cut in its middle to @room columns: a command's name is at its start, what it works
 * on often at its end. Returns the columns that it took.
 */
static uint32_t put_cut(const struct drawing *d, const char *text, uint32_t room)
{
	uint32_t width = width_of(text), cut = width_of(d->marks->cut), columns;

	if (width <= room)
		return width_put_head(d->out, text, room);
	if (room < cut)
		return 0;
	uint32_t tail = room < 20 ? 0 : (room - cut) * 2 / 5;
	uint32_t used = width_put_head(d->out, text, room - cut - tail);

	fputs(d->marks->cut, d->out);
	for (; width > tail; width -= columns)
		text += width_character(text, &columns);
	return used + cut + width_put_head(d->out, text, tail);
}

static const char *exit_text(const struct node *node, char out[UNITS_BYTES])
{
	if (!(node->flags & NODE_HAS_STATUS))
		snprintf(out, UNITS_BYTES, "-");
	else if (node->flags & NODE_SIGNALLED)
		snprintf(out, UNITS_BYTES, "%s", short_signal(node->status));
	else
		snprintf(out, UNITS_BYTES, "%u", node->status);
	return out;
}

static void command_text(const struct summary *s, uint32_t index, char out[TEXT_BYTES])
{
	const struct node *node = &s->nodes[index];
	char command[LABEL_BYTES];

	if (node->flags & NODE_EXECED) {
		label_command(s, index, command);
		snprintf(out, TEXT_BYTES, "%s", command);
	} else {
		snprintf(out, TEXT_BYTES, "(fork of %s)", summary_string(s, node->base));
	}
	if (node->tried_error) {
		size_t used = strlen(out);
		const char *error = begat_errno_name(node->tried_error);

		snprintf(out + used, TEXT_BYTES - used, " could not exec %s: %s",
			 summary_string(s, node->tried), error ? error : "?");
	}
}

/* How the process ended, if that is worth a word. */
static const char *end_text(const struct node *node)
{
	if (!(node->flags & NODE_EXITED))
		return "still running";
	if (node->flags & NODE_OOM)
		return "out of memory";
	if (node->flags & NODE_CORE)
		return "core dumped";
	if (node->flags & NODE_SIGNALLED)
		return "killed";
	return node_is_failed(node) ? "failed" : "";
}

#define COMMAND_ENOUGH 22 /* columns; a command is not cut below this for a longer note */

/* The note behind the command, shorter if it is more than @room columns; "" for most. */
static void note_text(const struct node *node, const struct fold *fold, uint32_t room,
		      char out[NOTE_BYTES])
{
	char cpu[UNITS_BYTES], rss[UNITS_BYTES];
	const char *end = end_text(node), *space = *end ? " " : "";

	snprintf(out, NOTE_BYTES, "%s", end);
	if (!fold->like)
		return;
	units_duration(cpu, fold->like_cpu_ns);
	units_size(rss, (uint64_t)fold->like_rss_kib << 10);
	snprintf(out, NOTE_BYTES, "(%" PRIu32 " like it: %s cpu, %s max)%s%s", fold->like, cpu, rss,
		 space, end);
	if (strlen(out) > room)
		snprintf(out, NOTE_BYTES, "(%" PRIu32 " like it: %s cpu)%s%s", fold->like, cpu,
			 space, end);
	if (strlen(out) > room)
		snprintf(out, NOTE_BYTES, "(+%" PRIu32 ")%s%s", fold->like, space, end);
}

/* The lines from a root to @line, which is at the end. */
struct way {
	const struct fold *all;
	const uint32_t *path;
	uint32_t line, drawn;
};

static bool has_more(const void *ctx, uint32_t level)
{
	const struct way *way = ctx;
	uint32_t owner = level == way->drawn ? way->line : way->path[level];

	for (uint32_t i = way->all[owner].next; i; i = way->all[i].next)
		if (way->all[i].is_shown)
			return true;
	return false;
}

/* The branch of @line: what leads to it from the left. @path: the lines above, roots first. */
static void branch_text(const struct drawing *d, const uint32_t *path, uint32_t depth,
			uint32_t line, char out[TEXT_BYTES])
{
	uint32_t room = d->columns - (d->numbers * NUMBER_WIDTH + EXIT_WIDTH + 4);
	uint32_t depth_max = tree_depth(room, DEPTH_MAX);
	struct way way = { d->folds->all, path, line, depth < depth_max ? depth : depth_max };
	size_t used = tree_branch(out, TEXT_BYTES, d->marks, way.drawn, has_more, &way);

	if (depth > way.drawn)
		snprintf(out + used, TEXT_BYTES - used, "(%" PRIu32 " deep) ", depth);
}

static const char *or_dash(bool has, const char *text)
{
	return has ? text : "-";
}

/* For branches, commands and notes: what the columns of numbers leave. */
static uint32_t room_of(const struct drawing *d)
{
	uint32_t taken = d->numbers * NUMBER_WIDTH + d->exit_width + 1 + 2;

	return d->columns > taken + ROOM_MIN ? d->columns - taken : ROOM_MIN;
}

static void put_color(const struct drawing *d, const char *color)
{
	if (d->style->has_color)
		fputs(color, d->out);
}

/* Everything of a line that is text. */
struct texts {
	char branch[TEXT_BYTES], command[TEXT_BYTES], note[NOTE_BYTES];
};

static void make_texts(const struct drawing *d, const uint32_t *path, uint32_t depth, uint32_t line,
		       struct texts *ret)
{
	const struct node *node = &d->summary->nodes[line];

	branch_text(d, path, depth, line, ret->branch);
	command_text(d->summary, line, ret->command);
	uint32_t command = width_of(ret->command);
	uint32_t taken =
		width_of(ret->branch) + 2 + (command < COMMAND_ENOUGH ? command : COMMAND_ENOUGH);
	uint32_t room = room_of(d);

	note_text(node, &d->folds->all[line], room > taken ? room - taken : 0, ret->note);
}

/*
 * Branch, command and note. Notes have a column of their own as long as the command leaves
 * it free; a longer command pushes its note to the right, and is cut once that has no room left.
 */
static void draw_command(const struct drawing *d, const struct texts *texts, const char *note_color)
{
	uint32_t room = room_of(d), note_width = width_of(texts->note), limit = room;
	uint32_t least = d->numbers < TREE_NUMBERS ? COMMAND_LEAST : 1;
	bool has_note = note_width && note_width + 2 + least <= room;

	if (has_note)
		limit = room - note_width - 2;
	put_color(d, COLOR_DIM);
	uint32_t used = put_cut(d, texts->branch, limit);

	put_color(d, COLOR_RESET);
	if (texts->command[0] == '(') /* a fork, not a command */
		put_color(d, COLOR_DIM);
	used += put_cut(d, texts->command, limit - used);
	put_color(d, COLOR_RESET);
	if (has_note) {
		uint32_t note_at = d->note_column;

		if (note_at < used + 2)
			note_at = used + 2;
		if (note_at > room - note_width)
			note_at = room - note_width;
		fprintf(d->out, "%*s", (int)(note_at - used), "");
		put_color(d, note_color);
		fputs(texts->note, d->out);
		put_color(d, COLOR_RESET);
	}
	fputc('\n', d->out);
}

static void draw_line(struct drawing *d, const uint32_t *path, uint32_t depth, uint32_t line)
{
	const struct node *node = &d->summary->nodes[line];
	const struct fold *fold = &d->folds->all[line];
	char wall[UNITS_BYTES], cpu[UNITS_BYTES], rss[UNITS_BYTES], end[UNITS_BYTES];
	struct texts texts;
	bool has_color = d->style->has_color, is_bad = node_is_failed(node);

	const char *const numbers[TREE_NUMBERS] = {
		or_dash(node->flags & NODE_HAS_WALL, units_duration(wall, node->wall_ns)),
		/* Of a group all of it, so that the column adds up. */
		or_dash(node->flags & NODE_HAS_CPU || fold->like_cpu_ns,
			units_duration(cpu, node->cpu_ns + fold->like_cpu_ns)),
		or_dash(node->flags & NODE_HAS_RSS, units_size(rss, (uint64_t)node->rss_kib << 10)),
	};

	for (uint32_t i = 0; i < d->numbers; i++)
		fprintf(d->out, " %8s", numbers[i]);
	fprintf(d->out, " %s%*s%s  ", has_color && is_bad ? COLOR_BOLD COLOR_RED : "",
		(int)d->exit_width, exit_text(node, end), has_color && is_bad ? COLOR_RESET : "");

	make_texts(d, path, depth, line, &texts);
	draw_command(d, &texts, is_bad ? COLOR_RED : fold->like ? COLOR_DIM : COLOR_YELLOW);
}

/* Calls @visit for each line that is shown, parents first. 0 or -ENOMEM. */
static int walk(struct drawing *d, void (*visit)(struct drawing *d, const uint32_t *path,
						 uint32_t depth, uint32_t line))
{
	const struct fold *all = d->folds->all;
	uint32_t room = 64, depth = 0;
	uint32_t *path = calloc(room, sizeof(*path)); /* path[0..depth]: the line at each level */
	uint32_t line = all[0].first_child;

	if (!path)
		return -ENOMEM;
	for (;;) {
		while (line && !all[line].is_shown)
			line = all[line].next;
		if (!line) {
			if (!depth)
				break;
			line = all[path[--depth]].next;
			continue;
		}
		path[depth] = line;
		visit(d, path, depth, line);
		if (!all[line].first_child) {
			line = all[line].next;
			continue;
		}
		if (++depth == room) {
			uint32_t *bigger = reallocarray(path, room *= 2, sizeof(*path));

			if (!bigger) {
				free(path);
				return -ENOMEM;
			}
			path = bigger;
		}
		line = all[line].first_child;
	}
	free(path);
	return 0;
}

/* First round: how wide do the columns have to be? */
static void measure(struct drawing *d, const uint32_t *path, uint32_t depth, uint32_t line)
{
	const struct node *node = &d->summary->nodes[line];
	struct texts texts;
	char end[UNITS_BYTES];
	uint32_t exit_width = width_of(exit_text(node, end));

	if (exit_width > d->exit_width)
		d->exit_width = exit_width;
	make_texts(d, path, depth, line, &texts);
	if (!texts.note[0])
		return;
	uint32_t width = width_of(texts.branch) + width_of(texts.command) + 2;
	/* Align the notes of short commands; a long one is cut to make room for its own. */
	uint32_t limit = room_of(d) / 2;

	if (width > limit)
		width = limit;
	if (width > d->note_column)
		d->note_column = width;
}

int tree_print(const struct summary *s, const struct folds *folds,
	       const struct summary_style *style, FILE *out)
{
	struct drawing d = {
		.summary = s,
		.folds = folds,
		.style = style,
		.marks = tree_marks(style->has_utf8),
		.out = out,
		.columns = style->columns ? style->columns : COLUMNS_DEFAULT,
		.exit_width = EXIT_WIDTH,
	};
	char cpu[UNITS_BYTES], text[128];

	if (!folds->lines)
		return 0;
	if (d.columns < COLUMNS_MIN)
		d.columns = COLUMNS_MIN;
	d.numbers = tree_numbers(d.columns, NUMBER_WIDTH, d.exit_width + 3);
	int r = walk(&d, measure);

	if (r)
		return r;
	fputs(style->has_color ? COLOR_BOLD : "", out);
	for (uint32_t i = 0; i < d.numbers; i++)
		fprintf(out, " %8s", tree_headings[i]);
	fprintf(out, " %*s  command%s\n", (int)d.exit_width, "exit",
		style->has_color ? COLOR_RESET : "");
	r = walk(&d, draw_line);
	if (folds->hidden) {
		snprintf(text, sizeof(text),
			 " %s and %" PRIu64 " more process%s (%s cpu): -v shows each", d.marks->cut,
			 folds->hidden, folds->hidden == 1 ? "" : "es",
			 units_duration(cpu, folds->hidden_cpu_ns));
		width_wrap(out, text, style->columns);
	}
	return r;
}
