/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/lives.c - the critical path of lives that are not in a recording.
 *
 * Owns:    begat_critical_path().
 * Not:     the path itself (path.c).
 * Called:  once a run, at its end.
 */
#include <begat/report.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"
#include "base/api.h"

/* The id of lives[i] in the model: its rows are sorted, and an id of 0 is none. */
static uint64_t id_of(size_t i)
{
	return i + 1;
}

static int add_lives(struct model *m, const struct begat_life *lives, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const struct begat_life *life = &lives[i];
		struct model_process process = {
			.id = id_of(i),
			.parent_id = life->parent < count ? id_of(life->parent) : 0,
			.start_ns = life->start_ns + 1, /* 0 would be an unknown one */
			.end_ns = life->end_ns + 1,
			.flags = MODEL_ENDED,
		};

		err = model_add_process(m, &process);
	}
	return err;
}

static int walk(const struct model *m, uint64_t *ret_own_ns)
{
	struct analysis a = { .model = m };
	int err = analysis_critical_path(&a);

	for (size_t i = 0; i < a.path.segments_count && !err; i++) {
		const struct analysis_segment *s = &a.path.segments[i];

		if (s->process != MODEL_NONE)
			ret_own_ns[m->processes[s->process].id - 1] += s->to_ns - s->from_ns;
	}
	free(a.path.segments);
	free(a.path.visits);
	return err;
}

BEGAT_API int begat_critical_path(const struct begat_life *lives, size_t count, size_t root,
				  uint64_t *ret_own_ns)
{
	struct model *m = NULL;
	int err;

	if (root >= count)
		return -EINVAL;
	memset(ret_own_ns, 0, count * sizeof(*ret_own_ns));
	err = model_new(&m);
	if (!err)
		err = add_lives(m, lives, count);
	if (!err) {
		m->meta.root_id = id_of(root);
		err = model_finish(m);
	}
	if (!err)
		err = walk(m, ret_own_ns);
	model_free(m);
	return err;
}
