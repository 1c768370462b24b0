/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/json_summary.c - what closes a stream, from the tracer's counters.
 */
#include "sink/json_summary.h"

#include "sink/balance.h"
#include "base/json.h"

static void put_number(struct outbuf *out, const char *name, uint64_t value)
{
	char *at;

	outbuf_puts(out, ",\"");
	outbuf_puts(out, name);
	at = JSON_LITERAL(outbuf_room(out, 64), "\":");
	outbuf_end(out, json_u64(at, value));
}

static void put_text(struct outbuf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	outbuf_puts(out, ",\"");
	outbuf_puts(out, name);
	outbuf_puts(out, "\":");
	json_string(out, value, strlen(value));
}

static void put_kinds(struct outbuf *out, const char *name, const uint64_t *counts)
{
	outbuf_puts(out, ",\"");
	outbuf_puts(out, name);
	outbuf_puts(out, "\":");
	for (int i = 0; i < BALANCE_KINDS; i++) {
		char *at;

		outbuf_puts(out, i ? ",\"" : "{\"");
		outbuf_puts(out, begat_event_name(balance_kinds[i]));
		at = JSON_LITERAL(outbuf_room(out, 64), "\":");
		outbuf_end(out, json_u64(at, counts[balance_kinds[i]]));
	}
	outbuf_puts(out, "}");
}

void json_summary(struct outbuf *out, const struct begat_stats *stats)
{
	struct balance balance = balance_of(stats);
	char *at;

	put_number(out, "duration_ns",
		   stats->now_ns > stats->started_ns ? stats->now_ns - stats->started_ns : 0);
	put_number(out, "forks", stats->generated[BEGAT_FORK]);
	put_number(out, "execs", stats->generated[BEGAT_EXEC]);
	put_number(out, "exec_failures", stats->generated[BEGAT_EXEC_FAILED]);
	put_number(out, "exits", stats->generated[BEGAT_EXIT]);
	outbuf_puts(out, balance.complete ? ",\"complete\":true" : ",\"complete\":false");
	put_kinds(out, "received", stats->received);
	put_kinds(out, "delivered", stats->delivered);
	put_kinds(out, "lost", stats->lost);
	at = JSON_LITERAL(outbuf_room(out, 64), ",\"balance\":");
	outbuf_end(out, json_i64(at, balance.unaccounted));
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
