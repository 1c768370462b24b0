/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs/argv.h - argv of a process, for procfs.c alone. */
#ifndef BEGAT_PROCFS_ARGV_H
#define BEGAT_PROCFS_ARGV_H

#include "procfs/procfs.h"

/* Where a process has its arguments, from /proc/PID/stat; 0 = not told. */
struct procfs_argv_area {
	uint64_t stack; /* where it began: argc, then the pointers of argv */
	uint64_t start, end;
	uint64_t env_start; /* equal to end, as the kernel makes it */
};

/* Sets argv and what is known of it; facts->exe is known already. Returns bytes used of @buf. */
size_t procfs_read_argv(int dir, const struct procfs_argv_area *area, char *buf, size_t size,
			struct procfs_facts *facts);

#endif
