/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/balance.c - was the stream complete? One answer for every sink.
 */
#include "sink/balance.h"

const enum begat_event_type balance_kinds[BALANCE_KINDS] = {
#define EVENT(type, name) BEGAT_##type,
#include "event/records.def"
};

struct balance balance_of(const struct begat_stats *stats)
{
	struct balance balance = { 0 };

	for (int i = 0; i < BALANCE_KINDS; i++) {
		enum begat_event_type kind = balance_kinds[i];

		balance.lost += stats->lost[kind];
		balance.unaccounted += (int64_t)(stats->generated[kind] - stats->received[kind] -
						 stats->lost[kind]);
	}
	balance.complete = !balance.lost && !balance.unaccounted && !stats->lost_chunks &&
			   !stats->missed && !stats->malformed;
	return balance;
}
