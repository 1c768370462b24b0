/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/lib/choices.h - what bench/choices.bpf.c and bench/choices.c agree on. */
#ifndef BEGAT_BENCH_CHOICES_H
#define BEGAT_BENCH_CHOICES_H

#define CHOICES_RING_BYTES (8 << 20)
#define CHOICES_BYTES_MAX 32768
#define CHOICES_FIXED_BYTES 320 /* about an exec's record without its argv */
#define CHOICES_CHUNK_BYTES 64 /* what a chunk has besides its bytes */
#define CHOICES_ARGV_MAX 28672 /* REC_CHUNK_BYTES_MAX */
#define CHOICES_RESERVE_ARGV 8192 /* REC_INLINE_BYTES_MAX: what a reservation would have to hold */

struct choices_record {
	unsigned char fixed[CHOICES_FIXED_BYTES];
	unsigned char argv[CHOICES_BYTES_MAX - CHOICES_FIXED_BYTES];
};

#endif
