/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/feed.h - made-up processes through the product's own emitters, maps and settings.
 *
 * Owns:  loading bench/feed.bpf.o with a tracer's maps in place of its own. One feed for each
 *        thread: what it has reached is in its object.
 */
#ifndef BEGAT_BENCH_FEED_H
#define BEGAT_BENCH_FEED_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "source/bpf.h"
#include "tracer/tracer.h"

struct feed_state { /* as in feed.bpf.c */
	uint64_t next, number, alive, what, stopped, keep_free, ring_bytes;
	char filename[64];
	uint64_t binprm[64];
};

struct feed {
	struct bpf_object *object;
	struct feed_state *state;
	int program_fd;
};

/* @b must have been opened with opts.follow and follow nobody: only what is fed passes. */
void feed_open(struct feed *feed, const struct begat *b, const struct bpf_config *config);
void feed_close(struct feed *feed);

/* One bpf_prog_test_run(): @count rounds of fork, exec and exit, on the calling CPU. */
void feed_run(struct feed *feed, uint64_t count);

/* The settings that the tracer was loaded with. */
struct bpf_config feed_config(const struct begat *b);

#endif
