/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/tracks.c - the row of each process of the run in a timeline.
 *
 * Owns:    analysis_node.track.
 * Not:     which rows there are (model/tracks.h), drawing.
 */
#include "analysis/analysis.h"
#include "model/tracks.h"

int analysis_tracks(struct analysis *a)
{
	const struct analysis_base *b = a->base;
	struct tracks tracks = { 0 };
	int err = 0;

	for (uint32_t i = 0; !err && i < b->count; i++) {
		const struct analysis_process *p = &b->processes[i];
		uint64_t end_ns = p->end_ns > p->start_ns ? p->end_ns : p->start_ns + 1;

		if (base_is_run(b, i))
			err = tracks_take(&tracks, p->start_ns, end_ns, &a->nodes[i].track);
	}
	a->tracks = tracks.count;
	tracks_done(&tracks);
	return err;
}
