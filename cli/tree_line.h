/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/tree_line.h - what a line of a process tree is made of, for `run` and for `show --tree`.
 *
 * Owns:  the columns of numbers, the branches, how deep a line is indented.
 * Not:   which lines there are and their numbers (summary/tree.c, show_tree.c).
 */
#ifndef BEGAT_CLI_TREE_LINE_H
#define BEGAT_CLI_TREE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_NUMBERS 3

extern const char *const tree_headings[TREE_NUMBERS]; /* wall, cpu, rss */

struct tree_marks {
	const char *inner,
		*last; /* in front of a process: others follow below its parent, or not */
	const char *pass, *blank; /* the same of an ancestor, to the left of those */
	const char *cut; /* text was left out */
};

const struct tree_marks *tree_marks(bool has_utf8);

/*
 * How many numbers a terminal has room for. On a narrow one first rss goes, then cpu, then wall: the
 * command keeps two fifths of the line.
 * @number_width: columns of each.  @fixed_width: of what is always there.
 */
uint32_t tree_numbers(uint32_t columns, uint32_t number_width, uint32_t fixed_width);

/* How deep lines are indented, at most @max, if @room columns are left beside the numbers. */
uint32_t tree_depth(uint32_t room, uint32_t max);

/*
 * The branch of a line that is drawn at @depth, into @out.
 * @has_more: does another process follow the line's ancestor at @level, or the line itself at @depth?
 *            NULL: none does.
 * Returns its length.
 */
size_t tree_branch(char *out, size_t size, const struct tree_marks *marks, uint32_t depth,
		   bool (*has_more)(const void *ctx, uint32_t level), const void *ctx);

#endif
