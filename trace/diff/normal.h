/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/normal.h - names that mean the same although they are written differently.
 *
 * Owns:  what of a path or an argument is accident: pids, times, hashes, temporary names.
 */
#ifndef BEGAT_TRACE_DIFF_NORMAL_H
#define BEGAT_TRACE_DIFF_NORMAL_H

#include "base/bytes.h"

/*
 * Adds @data with accidents as '*': runs of three digits and more, runs of eight hex digits and
 * more that hold a digit, what lies below /tmp, /var/tmp, /dev/shm and /run/user (the ending of
 * the name stays), " (deleted)". Version numbers stay: gcc-12 is not gcc-13. 0 or -ENOMEM.
 */
int normal_write(struct bytes *out, const char *data, size_t len);

/* Bytes that the searches for digits have read, by thread: a test bounds it by the length. */
size_t normal_bytes_read(void);

#endif
