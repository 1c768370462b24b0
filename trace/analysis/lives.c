/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/lives.c - the critical path of lives that are not in a recording.
 *
 * Owns:    begat_critical_path().
 * Not:     the path itself (path.c).
 */
#include <begat/report.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/api.h"

static void add_lives(struct analysis_base *b, const struct begat_life *lives, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct begat_life *life = &lives[i];

		b->processes[b->count++] = (struct analysis_process){
			.start_ns = life->start_ns,
			.end_ns = life->end_ns < life->start_ns ? life->start_ns : life->end_ns,
			.row = i,
			.parent = life->parent < count ? (uint32_t)life->parent : ANALYSIS_NONE,
			.flags = ANALYSIS_ENDED,
		};
	}
}

static int walk(const struct analysis_base *b, uint64_t *ret_own_ns)
{
	struct analysis a = { .base = b };
	int err = analysis_critical_path(&a);

	for (size_t i = 0; i < a.path.segments_count && !err; i++) {
		const struct analysis_segment *s = &a.path.segments[i];

		if (s->process != ANALYSIS_NONE)
			ret_own_ns[b->processes[s->process].row] += s->to_ns - s->from_ns;
	}
	free(a.path.segments);
	free(a.path.visits);
	return err;
}

BEGAT_API int begat_critical_path(const struct begat_life *lives, size_t count, size_t root,
				  uint64_t *ret_own_ns)
{
	struct analysis_base *b;
	int err = -ENOMEM;

	if (root >= count || count >= INT32_MAX)
		return -EINVAL;
	memset(ret_own_ns, 0, count * sizeof(*ret_own_ns));
	b = analysis_base_new(NULL, NULL);
	if (!b)
		return err;
	b->processes = calloc(count, sizeof(*b->processes));
	if (b->processes) {
		add_lives(b, lives, count);
		if (model_cut_rings(&b->processes[0].parent, sizeof(*b->processes), b->count) !=
		    ANALYSIS_NONE)
			err = analysis_base_link(b);
	}
	for (uint32_t i = 0; i < b->count && !err; i++)
		if (b->processes[i].row == root)
			b->root = i;
	if (!err)
		err = walk(b, ret_own_ns);
	analysis_base_free(b);
	return err;
}
