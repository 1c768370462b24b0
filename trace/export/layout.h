/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/layout.h - processes as slices on tracks.
 *
 * Owns:  which track a process is on, the slices of its images, the order of begins and ends.
 * Not:   a format (perfetto.c, chrome.c).
 *
 * Invariants
 *  (1) On one track slices nest: one that begins inside another ends inside it.
 *  (2) A child lies on its parent's track if it fits in there, else on the lowest track that is
 *      free: so tracks are as many as processes run side by side, and parallelism shows.
 *  (3) In the order of begins and ends, every slice begins before it ends, and the inner ends
 *      before the outer, also where times are equal.
 */
#ifndef BEGAT_TRACE_EXPORT_LAYOUT_H
#define BEGAT_TRACE_EXPORT_LAYOUT_H

#include <begat/trace.h>

struct layout_slice {
	uint64_t start_ns, end_ns;
	uint32_t process; /* index */
	uint32_t exec; /* index of the image, or BEGAT_TRACE_NONE: the whole process */
	uint32_t track; /* from 0 */
	uint32_t depth; /* on its track */
};

struct layout_edge {
	uint32_t slice;
	bool is_end;
};

struct layout {
	struct layout_slice *slices;
	uint32_t slices_count, tracks_count;
	uint32_t *by_process; /* slice of a process */
	struct layout_edge *edges; /* two a slice, in order */
};

/* 0 or -ENOMEM. */
int layout_make(const struct begat_trace_table *table, struct layout *ret_layout);
void layout_done(struct layout *layout);

#endif
