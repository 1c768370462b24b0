/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/local_file.h - open a file only where no program can delay that.
 *
 * Owns:    looking a name up without asking a file system that somebody serves (FUSE, NFS).
 * Not:     what the file holds.
 *
 * Whoever waits for such a server cannot even be killed: the tracer must never begin to.
 */
#ifndef BEGAT_ENRICH_LOCAL_FILE_H
#define BEGAT_ENRICH_LOCAL_FILE_H

#include <stdint.h>

/*
 * A descriptor of the regular file @path below @root, to be read. @proc_pid: a process with that root,
 * by its number in /proc; 0 = this one.
 * -ENOENT: no such file. Any other negative errno: it cannot be known without the risk of waiting.
 * Linux 5.12; before, always -ENOTSUP.
 */
int local_file_open(int root, uint32_t proc_pid, const char *path);

/* The same for a file that the caller may wait for. */
int local_file_open_waiting(int root, const char *path);

#endif
