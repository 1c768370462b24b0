/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/perfetto.c - a timeline for ui.perfetto.dev and trace_processor.
 *
 * Owns:    the messages: one packet an event, on tracks below one group; field numbers are those
 *          of Perfetto's public protos (tests/golden/perfetto.proto lists the ones used).
 * Not:     which slice is where (layout.c), the wire format (proto.c).
 * Called:  by export.c.
 *
 * Invariants
 *  (1) Packets are in the order of time; the clock is the boot clock, as Perfetto's default.
 *  (2) A flow is one `flow_ids` on the parent's side and one `terminating_flow_ids` of the same
 *      id on the child's, not before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "layout.h"
#include "proto.h"

#define FLUSH_BYTES (1 << 20)
#define SEQUENCE 1 /* all packets are of one writer */

enum { TRACE_PACKET = 1 };
enum {
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TIMESTAMP_CLOCK = 58,
	PACKET_TRACK_DESCRIPTOR = 60,
};
enum { CLOCK_SNAPSHOT_CLOCKS = 1, CLOCK_SNAPSHOT_PRIMARY = 2 };
enum { CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { BUILTIN_REALTIME = 1, BUILTIN_BOOTTIME = 6 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { COUNTER_UNIT = 3, COUNTER_UNIT_NAME = 6, UNIT_COUNT = 2 };
enum {
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,
	EVENT_CATEGORY = 22,
	EVENT_NAME = 23,
	EVENT_COUNTER = 30,
	EVENT_COUNTER_DOUBLE = 44,
	EVENT_FLOW = 47,
	EVENT_FLOW_END = 48,
};
enum { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };
enum { NOTE_UINT = 3, NOTE_INT = 4, NOTE_STRING = 6, NOTE_NAME = 10 };

/* Numbers of tracks; the timeline's own begin at UUID_FIRST. */
enum { UUID_GROUP = 1, UUID_RUNNING = 2, UUID_BUSY = 3, UUID_LOST = 4, UUID_FIRST = 16 };

struct writer {
	struct export *ex;
	struct layout layout;
	struct proto p;
	size_t packet; /* where the open one begins */
	int err;
};

static void flush(struct writer *w, size_t beyond)
{
	if (w->p.is_broken)
		w->err = -ENOMEM;
	if (w->err || w->p.len <= beyond)
		return;
	if (fwrite(w->p.data, 1, w->p.len, w->ex->out) != w->p.len)
		w->err = errno ? -errno : -EIO;
	w->p.len = 0;
}

static void begin_packet(struct writer *w)
{
	w->packet = proto_begin(&w->p, TRACE_PACKET);
	proto_varint(&w->p, PACKET_SEQUENCE_ID, SEQUENCE);
}

static void end_packet(struct writer *w)
{
	proto_end(&w->p, w->packet);
	flush(w, FLUSH_BYTES);
}

static void put_clock(struct writer *w, uint64_t id, uint64_t ns)
{
	size_t clock = proto_begin(&w->p, CLOCK_SNAPSHOT_CLOCKS);

	proto_varint(&w->p, CLOCK_ID, id);
	proto_varint(&w->p, CLOCK_TIMESTAMP, ns);
	proto_end(&w->p, clock);
}

static void put_clocks(struct writer *w)
{
	uint64_t boot_ns = w->ex->table->first_ns;
	size_t snapshot;

	begin_packet(w);
	proto_varint(&w->p, PACKET_SEQUENCE_FLAGS, 1); /* nothing before this is needed */
	proto_varint(&w->p, PACKET_TIMESTAMP, boot_ns);
	snapshot = proto_begin(&w->p, PACKET_CLOCK_SNAPSHOT);
	put_clock(w, BUILTIN_BOOTTIME, boot_ns);
	put_clock(w, BUILTIN_REALTIME, boot_ns + (uint64_t)w->ex->table->realtime_offset_ns);
	proto_varint(&w->p, CLOCK_SNAPSHOT_PRIMARY, BUILTIN_BOOTTIME);
	proto_end(&w->p, snapshot);
	end_packet(w);
}

static void put_track(struct writer *w, uint64_t uuid, const char *name, const char *unit)
{
	size_t track;

	begin_packet(w);
	track = proto_begin(&w->p, PACKET_TRACK_DESCRIPTOR);
	proto_varint(&w->p, TRACK_UUID, uuid);
	if (uuid != UUID_GROUP)
		proto_varint(&w->p, TRACK_PARENT, UUID_GROUP);
	proto_string(&w->p, TRACK_NAME, name, strlen(name));
	if (unit) {
		size_t counter = proto_begin(&w->p, TRACK_COUNTER);

		proto_varint(&w->p, COUNTER_UNIT, UNIT_COUNT);
		proto_string(&w->p, COUNTER_UNIT_NAME, unit, strlen(unit));
		proto_end(&w->p, counter);
	}
	proto_end(&w->p, track);
	end_packet(w);
}

static void put_tracks(struct writer *w)
{
	const char *host = begat_trace_meta(w->ex->trace, "host");
	char name[64];

	put_track(w, UUID_GROUP, host ? host : "begat", NULL);
	put_track(w, UUID_RUNNING, "processes", "processes");
	put_track(w, UUID_BUSY, "busy cores (mean of each process)", "cores");
	if (w->ex->table->losses_count)
		put_track(w, UUID_LOST, "lost events", NULL);
	for (uint32_t i = 0; i < w->layout.tracks_count; i++) {
		snprintf(name, sizeof(name), "track %u", i + 1);
		put_track(w, UUID_FIRST + i, name, NULL);
	}
}

/* Opens a packet with an event; returns where the event begins, for end_event(). */
static size_t begin_event(struct writer *w, uint64_t ns, int type, uint64_t track)
{
	size_t event;

	begin_packet(w);
	proto_varint(&w->p, PACKET_TIMESTAMP, ns);
	proto_varint(&w->p, PACKET_TIMESTAMP_CLOCK, BUILTIN_BOOTTIME);
	event = proto_begin(&w->p, PACKET_TRACK_EVENT);
	proto_varint(&w->p, EVENT_TYPE, (uint64_t)type);
	proto_varint(&w->p, EVENT_TRACK, track);
	return event;
}

static void end_event(struct writer *w, size_t event)
{
	proto_end(&w->p, event);
	end_packet(w);
}

static void note_uint(struct writer *w, const char *name, uint64_t value)
{
	size_t note = proto_begin(&w->p, EVENT_ANNOTATION);

	proto_bytes(&w->p, NOTE_NAME, name, strlen(name));
	proto_varint(&w->p, NOTE_UINT, value);
	proto_end(&w->p, note);
}

static void note_int(struct writer *w, const char *name, int64_t value)
{
	size_t note = proto_begin(&w->p, EVENT_ANNOTATION);

	proto_bytes(&w->p, NOTE_NAME, name, strlen(name));
	proto_varint(&w->p, NOTE_INT, (uint64_t)value);
	proto_end(&w->p, note);
}

static void note_text(struct writer *w, const char *name, const char *data, size_t len)
{
	size_t note;

	if (!len)
		return;
	note = proto_begin(&w->p, EVENT_ANNOTATION);
	proto_bytes(&w->p, NOTE_NAME, name, strlen(name));
	proto_string(&w->p, NOTE_STRING, data, len);
	proto_end(&w->p, note);
}

static void note_argv(struct writer *w, uint32_t number)
{
	struct begat_strv argv = begat_trace_strings(w->ex->trace, number);
	char *joined = argv.count ? malloc(argv.bytes) : NULL;

	if (!joined) {
		w->err = argv.count ? -ENOMEM : w->err;
		return;
	}
	memcpy(joined, argv.data, argv.bytes);
	for (size_t i = 0; i + 1 < argv.bytes; i++)
		if (!joined[i])
			joined[i] = ' ';
	note_text(w, "command", joined, argv.bytes - 1);
	free(joined);
}

static void note_end(struct writer *w, const struct begat_trace_process *p)
{
	const char *signal = p->signal ? begat_signal_name(p->signal) : NULL;

	if (p->has_status && signal)
		note_text(w, "signal", signal, strlen(signal));
	else if (p->has_status && !p->signal)
		note_int(w, "exit_code", p->exit_code);
	if (p->has_cpu) {
		note_uint(w, "utime_ns", p->utime_ns);
		note_uint(w, "stime_ns", p->stime_ns);
	}
	if (p->has_rss)
		note_uint(w, "max_rss_bytes", p->max_rss_bytes);
	if (p->has_io) {
		note_uint(w, "read_bytes", p->read_bytes);
		note_uint(w, "write_bytes", p->write_bytes);
	}
}

static void note_process(struct writer *w, const struct layout_slice *s)
{
	const struct begat_trace_process *p = &w->ex->table->processes[s->process];
	uint32_t image = s->exec != BEGAT_TRACE_NONE ? s->exec : p->exec_last;
	char id[17];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)p->id);
	note_text(w, "id", id, 16);
	note_uint(w, "pid", p->tgid);
	note_uint(w, "ppid", p->parent_tgid);
	if (image != BEGAT_TRACE_NONE) {
		const struct begat_trace_exec *e = &w->ex->table->execs[image];
		struct begat_str exe = begat_trace_string(w->ex->trace, e->exe);
		struct begat_str cwd = begat_trace_string(w->ex->trace, e->cwd);

		note_text(w, "exe", exe.data, exe.len);
		note_argv(w, e->argv);
		note_text(w, "cwd", cwd.data, cwd.len);
	}
	if (s->exec == BEGAT_TRACE_NONE)
		note_end(w, p);
}

/* An arrow from the parent, if it is on another track. */
static bool has_flow(const struct writer *w, const struct layout_slice *s)
{
	const struct begat_trace_process *p = &w->ex->table->processes[s->process];

	return s->exec == BEGAT_TRACE_NONE && p->has_fork && p->parent != BEGAT_TRACE_NONE &&
	       w->layout.slices[w->layout.by_process[p->parent]].track != s->track;
}

static void put_fork(struct writer *w, const struct layout_slice *s)
{
	const struct begat_trace_process *p = &w->ex->table->processes[s->process];
	uint32_t track = w->layout.slices[w->layout.by_process[p->parent]].track;
	size_t event = begin_event(w, s->start_ns, INSTANT, UUID_FIRST + track);

	proto_bytes(&w->p, EVENT_NAME, "fork", 4);
	proto_bytes(&w->p, EVENT_CATEGORY, "fork", 4);
	proto_fixed64(&w->p, EVENT_FLOW, s->process + 1ull);
	note_uint(w, "child", p->tgid);
	end_event(w, event);
}

static void put_begin(struct writer *w, const struct layout_slice *s)
{
	struct begat_str name = export_program(w->ex, s->process);
	size_t event;

	if (has_flow(w, s))
		put_fork(w, s);
	if (s->exec != BEGAT_TRACE_NONE)
		name = begat_trace_string(w->ex->trace, w->ex->table->execs[s->exec].comm);
	event = begin_event(w, s->start_ns, SLICE_BEGIN, UUID_FIRST + s->track);
	proto_string(&w->p, EVENT_NAME, name.data, name.len);
	if (s->exec == BEGAT_TRACE_NONE)
		proto_bytes(&w->p, EVENT_CATEGORY, "process", 7);
	else
		proto_bytes(&w->p, EVENT_CATEGORY, "image", 5);
	if (has_flow(w, s))
		proto_fixed64(&w->p, EVENT_FLOW_END, s->process + 1ull);
	note_process(w, s);
	end_event(w, event);
}

static void put_counters(struct writer *w, uint64_t ns, uint64_t running, double busy)
{
	size_t event = begin_event(w, ns, COUNTER, UUID_RUNNING);

	proto_varint(&w->p, EVENT_COUNTER, running);
	end_event(w, event);
	event = begin_event(w, ns, COUNTER, UUID_BUSY);
	proto_double(&w->p, EVENT_COUNTER_DOUBLE, busy < 0 ? 0 : busy);
	end_event(w, event);
}

static double cores_of(const struct begat_trace_process *p)
{
	if (!p->has_cpu || p->end_ns == p->start_ns)
		return 0;
	return (double)(p->utime_ns + p->stime_ns) / (double)(p->end_ns - p->start_ns);
}

static void put_loss(struct writer *w, const struct begat_trace_loss *loss)
{
	const char *name = begat_event_name((enum begat_event_type)loss->class_type);
	size_t event = begin_event(w, loss->ts_ns, INSTANT, UUID_LOST);

	proto_bytes(&w->p, EVENT_NAME, "lost", 4);
	note_text(w, "class", name ? name : "?", name ? strlen(name) : 1);
	note_uint(w, "count", loss->count);
	end_event(w, event);
}

static void put_edges(struct writer *w)
{
	const struct begat_trace_table *t = w->ex->table;
	uint64_t running = 0;
	uint32_t loss = 0;
	double busy = 0;

	for (size_t i = 0; i < (size_t)w->layout.slices_count * 2 && !w->err; i++) {
		const struct layout_edge *edge = &w->layout.edges[i];
		const struct layout_slice *s = &w->layout.slices[edge->slice];
		uint64_t ns = edge->is_end ? s->end_ns : s->start_ns;

		while (loss < t->losses_count && t->losses[loss].ts_ns <= ns)
			put_loss(w, &t->losses[loss++]);
		if (edge->is_end)
			end_event(w, begin_event(w, ns, SLICE_END, UUID_FIRST + s->track));
		else
			put_begin(w, s);
		if (s->exec != BEGAT_TRACE_NONE)
			continue;
		running += edge->is_end ? (uint64_t)-1 : 1;
		busy += edge->is_end ? -cores_of(&t->processes[s->process])
				     : cores_of(&t->processes[s->process]);
		put_counters(w, ns, running, busy);
	}
	while (loss < t->losses_count)
		put_loss(w, &t->losses[loss++]);
}

static int run(struct export *ex)
{
	struct writer w = { .ex = ex };
	int err = layout_make(ex->table, &w.layout);

	if (err < 0)
		return err;
	put_clocks(&w);
	put_tracks(&w);
	put_edges(&w);
	flush(&w, 0);
	proto_done(&w.p);
	layout_done(&w.layout);
	return w.err;
}

const struct export_ops export_perfetto = { .needs_table = true, .run = run };
