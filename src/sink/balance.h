/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/balance.h - was the stream complete? One answer for every sink.
 */
#ifndef BEGAT_SINK_BALANCE_H
#define BEGAT_SINK_BALANCE_H

#include <begat/begat.h>

/* The kinds that are counted in the kernel, in the order of the summary. */
enum {
#define EVENT(type, name) +1
	BALANCE_KINDS = 0
#include "event/records.def"
};

struct balance {
	uint64_t lost; /* events that could not be sent */
	int64_t unaccounted; /* generated but neither received nor counted as lost; 0 or a bug */
	bool complete; /* nothing was lost, skipped, broken or unaccounted */
};

extern const enum begat_event_type balance_kinds[BALANCE_KINDS];

struct balance balance_of(const struct begat_stats *stats);

#endif
