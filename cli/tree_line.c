/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/tree_line.c - what a line of a process tree is made of, for `run` and for `show --tree`.
 *
 * Owns:  see tree_line.h.
 */
#include "tree_line.h"

#include <stdio.h>

#define LEVEL_ROOM 6 /* columns that a terminal has for each level that is indented */

const char *const tree_headings[TREE_NUMBERS] = { "wall", "cpu", "rss" };

const struct tree_marks *tree_marks(bool has_utf8)
{
	static const struct tree_marks ascii = { "|- ", "`- ", "|  ", "   ", "..." };
	static const struct tree_marks utf8 = { "├─ ", "└─ ", "│  ", "   ", "…" };

	return has_utf8 ? &utf8 : &ascii;
}

uint32_t tree_numbers(uint32_t columns, uint32_t number_width, uint32_t fixed_width)
{
	uint32_t numbers = TREE_NUMBERS, taken = fixed_width + TREE_NUMBERS * number_width;

	while (numbers && (columns < taken || (columns - taken) * 5 < columns * 2)) {
		numbers--;
		taken -= number_width;
	}
	return numbers;
}

uint32_t tree_depth(uint32_t room, uint32_t max)
{
	return room / LEVEL_ROOM < max ? room / LEVEL_ROOM : max;
}

size_t tree_branch(char *out, size_t size, const struct tree_marks *marks, uint32_t depth,
		   bool (*has_more)(const void *ctx, uint32_t level), const void *ctx)
{
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t level = 1; level <= depth && used < size; level++) {
		bool is_followed = has_more && has_more(ctx, level);
		const char *mark = level == depth ? (is_followed ? marks->inner : marks->last)
						  : (is_followed ? marks->pass : marks->blank);

		used += (size_t)snprintf(out + used, size - used, "%s", mark);
	}
	return used < size ? used : size - 1;
}
