/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/copies.c - a large recording out of a real one: its events again and again.
 *
 * Owns:    what differs between copies: ids, pids, times, and the last argument of each command, as
 *          commands of a real machine differ in their files.
 * Not:     the recording itself, the measurements (scale.py).
 *
 * usage: copies SOURCE TARGET PROCESSES
 * Copies follow each other without a gap. TARGET has at least PROCESSES processes.
 */
#include <begat/trace.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIDS 4194304u /* the kernel's limit */

struct copier {
	struct begat_recorder *rec;
	uint64_t copy; /* from 0 */
	uint64_t span_ns;
	uint64_t seqs; /* more than any CPU has */
	uint32_t processes;
	struct begat_event *summary;
	char *text; /* the arguments of the event */
	size_t room;
};

static uint32_t pid_of(const struct copier *c, uint32_t pid)
{
	return pid ? (uint32_t)((pid + c->copy * c->processes) % PIDS) : 0;
}

/* Ids are hashes: a step that is odd and large meets no other one's. */
static uint64_t id_of(const struct copier *c, uint64_t id)
{
	return id ? id + c->copy * 0x9e3779b97f4a7c15ull : 0;
}

/* The last argument gets the number of the copy behind it. */
static void change_argv(struct copier *c, struct begat_event *ev)
{
	struct begat_strv *argv = &ev->argv;

	if (!begat_event_has(ev, BEGAT_F_ARGV) || !argv->bytes || !c->copy)
		return;
	if (argv->bytes + 32 > c->room) {
		c->room = argv->bytes * 2 + 32;
		c->text = realloc(c->text, c->room);
		if (!c->text)
			err(1, "argv");
	}
	memcpy(c->text, argv->data, argv->bytes);
	size_t more =
		(size_t)sprintf(c->text + argv->bytes - 1, ".%llu", (unsigned long long)c->copy);

	argv->data = c->text;
	argv->bytes += more;
	ev->argv_bytes += more;
}

static int copy_event(const struct begat_event *original, void *ctx)
{
	struct copier *c = ctx;
	struct begat_event ev = *original;

	if (ev.type == BEGAT_SUMMARY) {
		if (!c->summary)
			c->summary = begat_event_dup(original);
		return 0;
	}
	ev.ts_ns += c->copy * c->span_ns;
	ev.time_ns += c->copy * c->span_ns;
	ev.seq += c->copy * c->seqs;
	ev.id = id_of(c, ev.id);
	ev.parent_id = id_of(c, ev.parent_id);
	ev.forked_by_id = id_of(c, ev.forked_by_id);
	ev.killed_by_id = id_of(c, ev.killed_by_id);
	ev.tgid = pid_of(c, ev.tgid);
	ev.tid = pid_of(c, ev.tid);
	ev.parent_tgid = pid_of(c, ev.parent_tgid);
	ev.forked_by_tgid = pid_of(c, ev.forked_by_tgid);
	ev.killed_by_tgid = pid_of(c, ev.killed_by_tgid);
	change_argv(c, &ev);
	if (begat_recorder_write(c->rec, &ev) < 0)
		errx(1, "%s", begat_recorder_error(c->rec));
	return 0;
}

/* The counters of the whole; delays are those of the original. */
static void write_summary(struct copier *c)
{
	struct begat_event ev;
	struct begat_stats stats;

	if (!c->summary || !c->summary->stats)
		return;
	ev = *c->summary;
	stats = *ev.stats;
	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++) {
		stats.generated[i] *= c->copy;
		stats.received[i] *= c->copy;
		stats.delivered[i] *= c->copy;
		stats.lost[i] *= c->copy;
	}
	ev.stats = &stats;
	ev.ts_ns += (c->copy - 1) * c->span_ns;
	ev.time_ns += (c->copy - 1) * c->span_ns;
	if (begat_recorder_write(c->rec, &ev) < 0)
		errx(1, "%s", begat_recorder_error(c->rec));
}

static void copy_meta(const struct copier *c, const struct begat_trace *from, const char *name)
{
	const char *value = begat_trace_meta(from, name);

	if (value && begat_recorder_set_meta(c->rec, name, value) < 0)
		errx(1, "%s", begat_recorder_error(c->rec));
}

int main(int argc, char **argv)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .overwrite = true };
	struct begat_trace_info info = { .size = sizeof(info) };
	struct begat_trace *from = NULL;
	struct copier c = { 0 };
	uint64_t wanted;

	if (argc != 4)
		errx(2, "usage: copies SOURCE TARGET PROCESSES");
	wanted = strtoull(argv[3], NULL, 10);
	if (begat_trace_open(argv[1], &from) < 0 || begat_trace_info(from, &info) < 0)
		errx(1, "%s", begat_trace_error(from));
	if (!info.processes)
		errx(1, "%s has no processes", argv[1]);
	if (begat_recorder_open(argv[2], &opts, &c.rec) < 0)
		errx(1, "%s", begat_recorder_error(c.rec));
	copy_meta(&c, from, "realtime_offset_ns");
	copy_meta(&c, from, "boot_id");
	copy_meta(&c, from, "cpus");
	c.span_ns = info.last_ns - info.first_ns + 1000;
	c.seqs = 1 << 20;
	c.processes = (uint32_t)info.processes;
	for (; c.copy * info.processes < wanted; c.copy++)
		if (begat_trace_replay(from, NULL, copy_event, &c) < 0)
			errx(1, "%s", begat_trace_error(from));
	write_summary(&c);
	if (begat_recorder_finish(c.rec) < 0)
		errx(1, "%s", begat_recorder_error(c.rec));
	printf("%llu\n", (unsigned long long)(c.copy * info.processes));
	begat_recorder_close(c.rec);
	begat_trace_close(from);
	begat_event_free(c.summary);
	free(c.text);
	return 0;
}
