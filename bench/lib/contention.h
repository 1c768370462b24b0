/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/lib/contention.h - what bench/contention.bpf.c and contention.c agree on.
 */
#ifndef BEGAT_BENCH_CONTENTION_H
#define BEGAT_BENCH_CONTENTION_H

#define CONTENTION_BUFFER_BYTES (64 << 20)
#define CONTENTION_RECORD_BYTES 320 /* as feed.bpf.c's, on average */

#endif
