/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/json_summary.c - what closes a stream, from the tracer's counters.
 */
#include "sink/json_summary.h"

#include "sink/balance.h"
#include "sink/json_write.h"

static void put_number(struct sink_out *out, const char *name, uint64_t value)
{
	char *at;

	sink_out_puts(out, ",\"");
	sink_out_puts(out, name);
	at = JSON_LITERAL(sink_out_room(out, 64), "\":");
	sink_out_end(out, json_u64(at, value));
}

static void put_text(struct sink_out *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	sink_out_puts(out, ",\"");
	sink_out_puts(out, name);
	sink_out_puts(out, "\":");
	json_string(out, value, strlen(value));
}

static void put_kinds(struct sink_out *out, const char *name, const uint64_t *counts)
{
	sink_out_puts(out, ",\"");
	sink_out_puts(out, name);
	sink_out_puts(out, "\":");
	for (int i = 0; i < BALANCE_KINDS; i++) {
		char *at;

		sink_out_puts(out, i ? ",\"" : "{\"");
		sink_out_puts(out, begat_event_name(balance_kinds[i]));
		at = JSON_LITERAL(sink_out_room(out, 64), "\":");
		sink_out_end(out, json_u64(at, counts[balance_kinds[i]]));
	}
	sink_out_puts(out, "}");
}

void json_summary(struct sink_out *out, const struct begat_stats *stats)
{
	struct balance balance = balance_of(stats);
	char *at;

	put_number(out, "duration_ns",
		   stats->now_ns > stats->started_ns ? stats->now_ns - stats->started_ns : 0);
	put_number(out, "forks", stats->generated[BEGAT_FORK]);
	put_number(out, "execs", stats->generated[BEGAT_EXEC]);
	put_number(out, "exec_failures", stats->generated[BEGAT_EXEC_FAILED]);
	put_number(out, "exits", stats->generated[BEGAT_EXIT]);
	sink_out_puts(out, balance.complete ? ",\"complete\":true" : ",\"complete\":false");
	put_kinds(out, "received", stats->received);
	put_kinds(out, "delivered", stats->delivered);
	put_kinds(out, "lost", stats->lost);
	at = JSON_LITERAL(sink_out_room(out, 64), ",\"balance\":");
	sink_out_end(out, json_i64(at, balance.unaccounted));
	put_number(out, "lost_chunks", stats->lost_chunks);
	put_number(out, "missed", stats->missed);
	put_number(out, "late", stats->late);
	put_number(out, "synthetic", stats->synthetic);
	put_number(out, "malformed", stats->malformed);
	if (stats->path_misses)
		put_number(out, "path_misses", stats->path_misses);
	if (stats->tested) {
		put_number(out, "tested", stats->tested);
		put_number(out, "matched", stats->matched);
		put_number(out, "undecided", stats->undecided);
	}
	put_text(out, "backend", stats->backend);
	put_text(out, "transport", stats->transport);
	put_text(out, "latency_mode", stats->latency);
	put_text(out, "fallback", stats->fallback);
	if (stats->latency_count) {
		put_number(out, "latency_p50_ns", stats->latency_p50_ns);
		put_number(out, "latency_p90_ns", stats->latency_p90_ns);
		put_number(out, "latency_p99_ns", stats->latency_p99_ns);
		put_number(out, "latency_max_ns", stats->latency_max_ns);
	}
}
