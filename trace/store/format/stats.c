/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/stats.c - struct begat_stats as names and values.
 *
 * Owns:    the list of its members.
 */
#include "store/format/stats.h"

#include <stdio.h>

#define U64(member)                                                         \
	{                                                                   \
#member, STATS_U64, 1, offsetof(struct begat_stats, member) \
	}
#define U32(member)                                                         \
	{                                                                   \
#member, STATS_U32, 1, offsetof(struct begat_stats, member) \
	}
#define TEXT(member)                                                         \
	{                                                                    \
#member, STATS_TEXT, 1, offsetof(struct begat_stats, member) \
	}
#define BY_TYPE(member)                                                                    \
	{                                                                                  \
#member, STATS_U64, BEGAT_TYPE_SLOTS, offsetof(struct begat_stats, member) \
	}

static const struct {
	const char *name;
	enum stats_kind kind;
	unsigned count;
	size_t offset;
} members[] = {
	TEXT(backend),	     TEXT(transport),	  TEXT(latency),
	TEXT(fallback),	     BY_TYPE(generated),  BY_TYPE(received),
	BY_TYPE(delivered),  BY_TYPE(lost),	  U64(lost_chunks),
	U64(missed),	     U64(late),		  U64(synthetic),
	U64(malformed),	     U64(cache_entries),  U64(cache_full),
	U64(processes),	     U64(wakeups),	  U64(latency_p50_ns),
	U64(latency_p90_ns), U64(latency_p99_ns), U64(latency_p999_ns),
	U64(latency_max_ns), U64(latency_count),  U64(program_runs),
	U64(program_ns),     U64(buffer_bytes),	  U64(started_ns),
	U64(now_ns),	     U32(cpus),
};

int stats_for_each(struct begat_stats *stats,
		   int (*callback)(void *ctx, const char *name, enum stats_kind kind, void *member),
		   void *ctx)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char *member = (char *)stats + members[i].offset;

		for (unsigned slot = 0; slot < members[i].count; slot++) {
			const char *type = begat_event_name((enum begat_event_type)slot);
			char name[64];
			int err;

			if (members[i].count > 1 && type)
				snprintf(name, sizeof(name), "%s.%s", members[i].name, type);
			else if (members[i].count > 1)
				snprintf(name, sizeof(name), "%s.%u", members[i].name, slot);
			else
				snprintf(name, sizeof(name), "%s", members[i].name);
			err = callback(ctx, name, members[i].kind,
				       member + slot * sizeof(uint64_t));
			if (err)
				return err;
		}
	}
	return 0;
}
