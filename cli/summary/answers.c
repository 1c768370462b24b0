/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/answers.c - three lines below the tree: what took the CPU, what bounded the wall time, what
 * failed first.
 *
 * Owns:  sums by name, how many names are worth a word.
 * Not:   the critical path (begat_critical_path()), the first failure (failures.c).
 */
#include <begat/report.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/units.h"
#include "cli/width.h"
#include "nodes.h"

#define NAMES_SHOWN 4
#define NAME_COLUMNS 24

/* What all processes of one name have of something, in ns. */
struct share {
	uint32_t base; /* string */
	uint64_t ns;
};

static int by_base(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

static int by_size(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return by_base(a, b);
}

/* Those of one name become one; the largest first. Returns how many are left. */
static size_t sum_up(struct share *shares, size_t count)
{
	size_t names = 0;

	qsort(shares, count, sizeof(*shares), by_base);
	for (size_t i = 0; i < count; i++) {
		if (names && shares[names - 1].base == shares[i].base)
			shares[names - 1].ns += shares[i].ns;
		else
			shares[names++] = shares[i];
	}
	qsort(shares, names, sizeof(*shares), by_size);
	return names;
}

static const char *percent_text(char out[UNITS_BYTES], uint64_t part_ns, uint64_t whole_ns)
{
	double percent = 100.0 * (double)part_ns / (double)whole_ns;

	snprintf(out, UNITS_BYTES, percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
	return out;
}

/* "cc1 61 %, as 12 %, 3 more 9.0 %" of @whole_ns, which is not 0. */
static void print_shares(const struct summary *s, const struct share *shares, size_t names,
			 uint64_t whole_ns, FILE *out)
{
	char percent[UNITS_BYTES];
	uint64_t rest_ns = 0, rest = 0;

	for (size_t i = 0; i < names && shares[i].ns; i++) {
		if (i >= NAMES_SHOWN) {
			rest_ns += shares[i].ns;
			rest++;
			continue;
		}
		fputs(i ? ", " : "", out);
		width_put_cut(out, summary_string(s, shares[i].base), NAME_COLUMNS);
		fprintf(out, " %s", percent_text(percent, shares[i].ns, whole_ns));
	}
	if (rest)
		fprintf(out, ", %" PRIu64 " more %s", rest,
			percent_text(percent, rest_ns, whole_ns));
}

static void print_cpu(const struct summary *s, struct share *shares, FILE *out)
{
	char total[UNITS_BYTES];

	if (!s->cpu_ns) {
		fputs(" most CPU time: none was used", out);
		return;
	}
	for (uint32_t i = 1; i < s->count; i++)
		shares[i - 1] = (struct share){ s->nodes[i].base, s->nodes[i].cpu_ns };
	fprintf(out, " most CPU time (%s): ", units_duration(total, s->cpu_ns));
	print_shares(s, shares, sum_up(shares, s->count - 1), s->cpu_ns, out);
}

/* Node 0 is nobody: lives[i] is node i + 1. */
static int find_path(const struct summary *s, struct share *shares)
{
	size_t count = s->count - 1;
	struct begat_life *lives = calloc(count, sizeof(*lives));
	uint64_t *own_ns = calloc(count, sizeof(*own_ns));
	int err = lives && own_ns ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++) {
		const struct node *node = &s->nodes[i + 1];

		lives[i] = (struct begat_life){
			.start_ns = node->start_ns,
			.end_ns = node->start_ns + node->wall_ns,
			.parent = node->parent ? node->parent - 1 : BEGAT_LIFE_NO_PARENT,
		};
	}
	if (!err)
		err = begat_critical_path(lives, count, s->root - 1, own_ns);
	for (size_t i = 0; i < count && !err; i++)
		shares[i] = (struct share){ s->nodes[i + 1].base, own_ns[i] };
	free(lives);
	free(own_ns);
	return err;
}

static int print_wall(const struct summary *s, struct share *shares, FILE *out)
{
	const struct node *root = &s->nodes[s->root];
	char wall[UNITS_BYTES];
	int err;

	if (!s->root || !root->wall_ns) {
		fputs(" most wall time: not known, the end of the command was not seen", out);
		return 0;
	}
	err = find_path(s, shares);
	if (err)
		return err;
	fprintf(out, " most wall time (%s): ", units_duration(wall, root->wall_ns));
	print_shares(s, shares, sum_up(shares, s->count - 1), root->wall_ns, out);
	return 0;
}

int answers_print(const struct summary *s, const struct summary_style *style, FILE *out)
{
	struct share *shares = calloc(s->count, sizeof(*shares));
	int err = shares ? 0 : -ENOMEM;

	for (int i = 0; i < 3 && !err; i++) {
		char *line = NULL;
		size_t size = 0;
		FILE *memory = open_memstream(&line, &size);

		if (!memory) {
			err = -ENOMEM;
			break;
		}
		if (i == 0)
			print_cpu(s, shares, memory);
		else if (i == 1)
			err = print_wall(s, shares, memory);
		else
			failures_print_first(s, memory);
		if (fclose(memory))
			err = -ENOMEM;
		if (!err)
			width_wrap(out, line, style->columns);
		free(line);
	}
	free(shares);
	return err;
}
