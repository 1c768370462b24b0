/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs/procfs.h - what /proc tells of the processes that run, and of this machine's CPU time.
 *
 * Owns:    reading /proc. Nothing else in the library does, apart from single files about begat
 *          itself.
 * Not:     what the facts are used for (tracer/), CPU time as the task iterator has it (source/).
 *
 * Invariants
 *  (1) All facts of one call are about one process, even if its pid is reused meanwhile.
 *  (2) What cannot be read is absent: data is NULL.
 */
#ifndef BEGAT_PROCFS_PROCFS_H
#define BEGAT_PROCFS_PROCFS_H

#include <begat/event.h>

/*
 * What /proc tells of one process: comm, exe, argv (up to 4 KiB), cwd, uid, gid, parent, start in
 * clock ticks. Strings live in @buf. Returns 0, -ESRCH, -EIO.
 */
struct procfs_facts {
	uint32_t tgid, parent_tgid;
	uint32_t uid, gid, euid, egid, sid, pgid;
	uint64_t start_ns; /* boot clock, rounded down to a clock tick */
	struct begat_str comm, exe, cwd;
	struct begat_strv argv;
	bool argv_truncated; /* there is more than 4 KiB of it */
	bool argv_rewritten; /* argv is a title that the process has put there */
};
int procfs_read(uint32_t tgid, char *buf, size_t size, struct procfs_facts *ret_facts);

/* Calls @callback for each process that /proc lists now. Stops at non-zero and returns it. */
int procfs_list(int (*callback)(void *ctx, uint32_t tgid), void *ctx);

/* CPU time of a process, its threads that are gone included, in clock ticks. 0, -ESRCH, -EIO. */
int procfs_read_usage(uint32_t tgid, uint64_t *ret_utime_ns, uint64_t *ret_stime_ns);

/*
 * CPU time that this machine has used since it was started: user, system and interrupts of all
 * CPUs, not what they idled, waited or were denied by a hypervisor. 0 = not known: there is no
 * /proc/stat, or a container's file system replaces it.
 */
uint64_t procfs_read_machine(void);

#endif
