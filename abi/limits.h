/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi/limits.h - the sizes that kernel side and user side agree on.
 *
 * Owns: bounds of records and maps. Not: layouts (record.h), settings (config.h).
 *
 * A record never exceeds REC_BYTES_MAX: the largest value that the kernel allows in a per-CPU
 * array, and small enough for a perf sample.
 */
#ifndef BEGAT_ABI_LIMITS_H
#define BEGAT_ABI_LIMITS_H

#define REC_BYTES_MAX 32768 /* one assembly slot, one record */
#define REC_PATH_BYTES_MAX 4096 /* PATH_MAX; a path in a record never holds more */
#define REC_PATH_COMPONENTS_MAX 2048 /* names from a file up to its root */
#define REC_CGROUP_COMPONENTS_MAX 128
#define REC_INLINE_BYTES_MAX 8192 /* an argv or env up to this long is inside its record */
#define REC_CHUNK_BYTES_MAX 28672 /* a longer one is in chunks of at most this */
#define REC_CHUNKS_MAX 224 /* 6 MiB, the kernel's own limit of argv and env together */
#define REC_FAILED_CHUNKS_MAX 256 /* argv of a failed exec */
#define REC_FAILED_PIECES_MAX 16384 /* strings, or pieces of long ones, in one chunk */
#define REC_PID_LEVELS_MAX 33 /* MAX_PID_NS_LEVEL + 1 */
#define REC_THREADS_MAX 32768 /* linked threads that are summed at exit */
#define REC_COMM_BYTES 16 /* TASK_COMM_LEN */
#define REC_TTY_BYTES 16

/*
 * The same on kernels without bpf_loop() (before 5.17). There the verifier walks through each
 * round: these bounds keep it under its limit, and loading fast.
 */
#define UNROLLED_PATH_COMPONENTS_MAX 64 /* of each call */
#define UNROLLED_PATH_CALLS_MAX 32 /* 1 on 5.5, whose verifier walks through each call */
#define UNROLLED_CHUNKS_MAX 75 /* of each of three programs */
#define UNROLLED_CGROUP_COMPONENTS_MAX 24
#define UNROLLED_FAILED_CHUNKS_MAX 1
#define UNROLLED_FAILED_PIECES_MAX 96
#define UNROLLED_THREADS_MAX 32

#define CONFIG_UIDS_MAX 16
#define CONFIG_CGROUPS_MAX 16
#define CONFIG_ROOTS_MAX 16
#define GRAVES_PER_CPU 256 /* per CPU: exits whose cache entries are kept for a while */

#endif
