/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/floor.h - what bench/floor.bpf.c and its readers agree on, and how they open it
 * (FLOOR_READER). The includer has __u64.
 */
#ifndef BEGAT_BENCH_FLOOR_H
#define BEGAT_BENCH_FLOOR_H

#ifdef FLOOR_READER
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <stddef.h>
#endif

#define FLOOR_BYTES 256 /* about what a short exec's record has */

enum floor_kind {
	FLOOR_EMPTY = 0,
	FLOOR_RECORD = 1,
	FLOOR_WAKE = 2,
	FLOOR_KINDS = 3,
};

enum floor_what {
	FLOOR_FORK = 0,
	FLOOR_EXEC = 1,
	FLOOR_FAILED = 2,
	FLOOR_EXIT = 3,
	FLOOR_WHATS = 4,
};

struct floor_record {
	__u64 ts_ns, pid_tgid, what;
	__u64 rest[FLOOR_BYTES / 8 - 3];
};

/* The program's constants, in its order. */
struct floor_settings {
	__u32 kind; /* enum floor_kind */
	__u32 is_load_only; /* records of bench/load alone */
};

#ifdef FLOOR_READER
struct floor {
	struct bpf_object *object;
	struct bpf_link *links[8];
	size_t link_count;
	struct ring_buffer *ring;
	unsigned long long *lost;
};

/* Ends the program with a sentence if it cannot. @take is called as libbpf's ring readers do. */
void floor_open(struct floor *floor, const struct floor_settings *settings,
		ring_buffer_sample_fn take, void *ctx);
void floor_close(struct floor *floor);
#endif

#endif
