/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/folded.c - stacks of programs for flame graphs: "make;sh;cc;cc1 84120".
 *
 * Owns:    which time is a process's own: CPU is its own anyway; of wall time what none of its
 *          children covered. Weights are microseconds.
 *
 * Same stacks are one line: a tree of frames, one node for each program below each node.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "export.h"

#define NONE BEGAT_TRACE_NONE

struct frame {
	uint32_t parent; /* NONE = the root */
	struct begat_str name;
	uint64_t weight_ns;
	uint32_t next; /* of the same hash, or NONE */
};

struct frames {
	struct frame *all;
	uint32_t count;
	uint32_t *heads;
	uint32_t mask;
};

static uint32_t hash(uint32_t parent, struct begat_str name)
{
	uint64_t h = hash_bytes(HASH_BEGIN ^ parent, name.data, name.len);

	return (uint32_t)(h ^ h >> 32);
}

/* There are at most as many frames as processes: room for all is made at the start. */
static uint32_t find_frame(struct frames *f, uint32_t parent, struct begat_str name)
{
	uint32_t *head = &f->heads[hash(parent, name) & f->mask];

	for (uint32_t i = *head; i != NONE; i = f->all[i].next)
		if (f->all[i].parent == parent && f->all[i].name.len == name.len &&
		    (!name.len || !memcmp(f->all[i].name.data, name.data, name.len)))
			return i;
	f->all[f->count] = (struct frame){ .parent = parent, .name = name, .next = *head };
	*head = f->count;
	return f->count++;
}

/* Wall time that no child covered; children are in the order of their start. */
static uint64_t own_wall(const struct begat_trace_table *t, const struct begat_trace_process *p)
{
	uint64_t covered = 0, until = p->start_ns;

	for (uint32_t c = p->first_child; c != NONE; c = t->processes[c].next_sibling) {
		const struct begat_trace_process *child = &t->processes[c];
		uint64_t from = child->start_ns > until ? child->start_ns : until;
		uint64_t to = child->end_ns < p->end_ns ? child->end_ns : p->end_ns;

		if (to > from) {
			covered += to - from;
			until = to;
		}
	}
	return p->end_ns - p->start_ns - covered;
}

/* A frame's name ends at a semicolon, a weight begins after a space. */
static void put_name(FILE *out, struct begat_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		putc(c == ';' || c <= ' ' || c == 0x7f ? '_' : c, out);
	}
	if (!name.len)
		putc('?', out);
}

static void put_stack(FILE *out, const struct frames *f, uint32_t frame, uint32_t *path)
{
	uint32_t depth = 0;

	for (uint32_t i = frame; i != NONE; i = f->all[i].parent)
		path[depth++] = i;
	while (depth) {
		put_name(out, f->all[path[--depth]].name);
		if (depth)
			putc(';', out);
	}
}

static int run(struct export *ex)
{
	const struct begat_trace_table *t = ex->table;
	size_t room = (size_t)t->processes_count + 1;
	uint32_t *frame_of = calloc(room, sizeof(*frame_of));
	uint32_t *path = calloc(room, sizeof(*path));
	struct frames f = { .all = calloc(room, sizeof(*f.all)), .mask = 1023 };
	int err = -ENOMEM;

	while (f.mask < t->processes_count)
		f.mask = f.mask * 2 + 1;
	f.heads = malloc(((size_t)f.mask + 1) * sizeof(*f.heads));
	if (frame_of && path && f.all && f.heads) {
		memset(f.heads, 0xff, ((size_t)f.mask + 1) * sizeof(*f.heads));
		for (uint32_t i = 0; i < t->processes_count; i++) {
			const struct begat_trace_process *p = &t->processes[i];
			uint32_t parent = p->parent == NONE ? NONE : frame_of[p->parent];

			frame_of[i] = find_frame(&f, parent, export_program(ex, i));
			f.all[frame_of[i]].weight_ns +=
				ex->opts.cpu ? p->utime_ns + p->stime_ns : own_wall(t, p);
		}
		for (uint32_t i = 0; i < f.count; i++) {
			if (f.all[i].weight_ns < 500)
				continue;
			put_stack(ex->out, &f, i, path);
			fprintf(ex->out, " %llu\n",
				(unsigned long long)((f.all[i].weight_ns + 500) / 1000));
		}
		err = 0;
	}
	free(frame_of);
	free(path);
	free(f.all);
	free(f.heads);
	return err;
}

const struct export_ops export_folded = { .needs_table = true, .run = run };
