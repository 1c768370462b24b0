/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/stats.h - struct begat_stats as names and values.
 *
 * Owns:    the list of its members, for the table summary.
 */
#ifndef BEGAT_TRACE_STORE_STATS_H
#define BEGAT_TRACE_STORE_STATS_H

#include <begat/begat.h>

enum stats_kind { STATS_U64, STATS_U32, STATS_TEXT };

/* Calls @callback for each member: "generated.fork", "cpus", "backend" ... */
int stats_for_each(struct begat_stats *stats,
		   int (*callback)(void *ctx, const char *name, enum stats_kind kind, void *member),
		   void *ctx);

#endif
