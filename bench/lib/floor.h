/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/floor.h - what bench/floor.bpf.c and floor.c agree on. The includer has __u64.
 */
#ifndef BEGAT_BENCH_FLOOR_H
#define BEGAT_BENCH_FLOOR_H

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
};

#endif
