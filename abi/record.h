/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi/record.h - the records that travel from the kernel side to the user side.
 *
 * Owns:  the byte layout of every record. Headers only, no includes: a file that includes this
 *        defines the fixed-width types __u8 .. __u64 and __s32 first (<linux/types.h>, kernel.h).
 * Not:   what a field means to users (docs/events.md), settings (config.h).
 *
 * Invariants
 *  (1) Every record starts with struct rec_header, is a multiple of 8 bytes long and at most
 *      REC_BYTES_MAX; header.size is the whole length, in bytes. If it is about a process, struct
 *      rec_identity is next.
 *  (2) A record is its fixed struct and then its variable bytes. A struct rec_span or rec_path
 *      points into those variable bytes by an offset from the start of the record; 0 bytes mean
 *      absent, whatever the offset says.
 *  (3) Numbers in enums are explicit and append-only; a retired number is not used again.
 *  (4) There is no implicit padding (-Wpadded is an error) and no packed struct. The layout is the
 *      same on every 64-bit architecture; both sides assert the sizes below.
 *  (5) Chunks come before the record that they belong to, from the same CPU, with nothing of
 *      the same CPU and class between them except REC_LOST; all chunks of one exec have the
 *      same ts_ns, not before its attempt_ts_ns.
 */
#ifndef BEGAT_ABI_RECORD_H
#define BEGAT_ABI_RECORD_H

#include "limits.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

enum rec_type {
	REC_FORK = 1,
	REC_EXEC = 2,
	REC_EXEC_FAILED = 3,
	REC_EXIT = 4,
	REC_LOST = 5,
	REC_CHUNK = 6, /* a part of a long argv or env; its REC_EXEC or REC_EXEC_FAILED follows */
	REC_CGROUP = 7, /* a cgroup's path, once, ahead of the first record that names its id */
	REC_SNAPSHOT = 8, /* from the task iterator, never in the buffer */
	REC_SNAPSHOT_THREAD = 9, /* the same, of a thread that is not its process's leader */
};

/* What a drop is counted under; indexes of struct rec_lost.count and the counters. */
enum rec_class {
	REC_CLASS_FORK = 0,
	REC_CLASS_EXEC = 1,
	REC_CLASS_EXEC_FAILED = 2,
	REC_CLASS_EXIT = 3,
	REC_CLASS_CHUNK = 4, /* not an event: its exec says what is missing */
	REC_CLASS_CGROUP = 5, /* not an event: sent again with the next record that needs it */
	REC_CLASS_COUNT = 6,
};

struct rec_header {
	__u32 size; /* bytes, whole record, multiple of 8 */
	__u16 type; /* enum rec_type */
	__u16 flags; /* zero; reserved */
	__u64 ts_ns; /* boot clock (monotonic unless config.has_boot_clock) */
	__u64 seq; /* per CPU, from 0: counts events, dropped ones too, and each REC_LOST */
	__u32 cpu;
	__u32 tid; /* the thread that the record is about: the forked, execing or exiting one */
};

struct rec_span {
	__u32 offset; /* from the start of the record */
	__u32 bytes;
};

/*
 * A path as the kernel walks it: names from the file up to the root, each with its NUL.
 * "usr/bin/cc" travels as "cc\0bin\0usr\0".
 */
enum rec_path_flags {
	REC_PATH_DELETED = 1 << 0, /* the file is unlinked: " (deleted)" */
	REC_PATH_UNREACHABLE = 1 << 1, /* the walk ended at a root that is not the process's root */
	REC_PATH_TRUNCATED = 1 << 2, /* names nearest the root are missing */
};

struct rec_path {
	__u32 offset;
	__u32 bytes;
	__u32 flags; /* enum rec_path_flags */
	__u32 components;
};

/* Order of struct rec_identity.ns */
enum rec_ns {
	REC_NS_PID = 0,
	REC_NS_MNT = 1,
	REC_NS_NET = 2,
	REC_NS_USER = 3,
	REC_NS_UTS = 4,
	REC_NS_IPC = 5,
	REC_NS_CGROUP = 6,
	REC_NS_COUNT = 7,
};

/* Which groups of struct rec_identity are filled in: without its bit, a group is absent. */
enum rec_identity_valid {
	REC_IDENTITY_NS = 1 << 0,
	REC_IDENTITY_CGROUP = 1 << 1,
	REC_IDENTITY_IDS = 1 << 2, /* sid, pgid, tty, caps */
	REC_IDENTITY_LOGINUID = 1 << 3,
	REC_IDENTITY_PARENT = 1 << 4,
};

struct rec_identity {
	__u64 start_ns; /* the group leader's start, boot clock: with tgid, the identity */
	__u64 parent_start_ns;
	__u64 cap_effective;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 parent_tgid; /* real parent at this moment; 0 = none */
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 loginuid; /* 0xffffffff = not set */
	__u32 sid;
	__u32 pgid;
	__u32 valid; /* enum rec_identity_valid */
	__u32 ns[REC_NS_COUNT]; /* inode numbers */
	__u32 reserved;
	struct rec_span pids; /* __u32 each, outermost namespace first; absent = { tgid } */
	char comm[REC_COMM_BYTES];
	char tty[REC_TTY_BYTES]; /* the kernel's name ("pts0", "tty1"); "" = none */
};

struct rec_fork {
	struct rec_header header;
	struct rec_identity identity; /* of the child */
	__u64 forked_by_start_ns;
	__u32 forked_by_tgid; /* the process that called fork; differs from parent: CLONE_PARENT */
	__u32 reserved;
};

enum rec_exec_flags {
	REC_EXEC_IS_SCRIPT = 1 << 0, /* interpreter is set */
	REC_EXEC_ARGV_UNREADABLE = 1 << 1, /* a page was gone: less than argv_bytes was read */
	REC_EXEC_ENV_UNREADABLE = 1 << 2,
	REC_EXEC_ARGV_CUT = 1 << 3, /* by the limit that the user set */
	REC_EXEC_ENV_CUT = 1 << 4,
	REC_EXEC_DEV_DIFFERS = 1 << 5, /* stat(2) may show another device than dev */
};

struct rec_exec {
	struct rec_header header;
	struct rec_identity identity; /* after the exec: new comm, new credentials */
	__u64 attempt_ts_ns; /* syscall entry; 0 = unknown */
	__u64 fork_ts_ns; /* 0 = unknown */
	__u64 dev; /* kernel encoding: major << 20 | minor */
	__u64 inode;
	__u64 start_code;
	__u64 end_code;
	__u32 old_tid; /* tid before the exec; differs from tgid: a thread not the leader */
	__u32 argc;
	__u32 envc;
	__u32 argv_bytes; /* in the new image, NULs included */
	__u32 env_bytes;
	__u32 argv_chunk_bytes; /* sent before in chunks, from offset 0; then argv is empty */
	__u32 env_chunk_bytes;
	__u32 flags; /* enum rec_exec_flags */
	struct rec_span filename; /* as asked, NUL-terminated */
	struct rec_span interpreter;
	struct rec_path exe;
	struct rec_path cwd;
	struct rec_span argv; /* NUL-terminated strings in a row */
	struct rec_span env;
};

enum rec_failed_flags {
	REC_FAILED_ARGV_CUT = 1 << 0, /* more strings or bytes than are read for a failure */
	REC_FAILED_ARGV_UNREADABLE = 1 << 1, /* one or more strings were not resident: empty */
	REC_FAILED_FILENAME_UNREADABLE = 1 << 2,
	REC_FAILED_COMPAT = 1 << 3, /* a 32-bit system call */
	REC_FAILED_ARGV_LIMITED = 1 << 4, /* more was read than the user's limit allows */
	REC_FAILED_HAS_FD = 1 << 5, /* filename is relative to fd, unless it is absolute */
	REC_FAILED_EMPTY_PATH = 1 << 6, /* an empty filename means fd itself (AT_EMPTY_PATH) */
	REC_FAILED_FOLDER_IS_FD = 1 << 7, /* folder is what fd was open on; else the cwd */
	REC_FAILED_READER_ROOT = 1 << 8, /* the process has the same root as the reader */
};

struct rec_exec_failed {
	struct rec_header header;
	struct rec_identity identity;
	__u64 attempt_ts_ns;
	__s32 error; /* positive errno */
	__u32 flags; /* enum rec_failed_flags */
	__u32 argc; /* strings read; fewer may be kept */
	__u32 unreadable; /* of these, how many could not be read and are empty */
	__u32 argv_chunk_bytes; /* as in rec_exec */
	__u32 argv_bytes; /* read; the limit may have left fewer */
	__s32 fd;
	__u32 reserved;
	struct rec_span filename;
	struct rec_span argv;
	struct rec_path folder; /* of a filename that is not absolute */
};

enum rec_exit_flags {
	REC_EXIT_SHORT_LIVED = 1 << 0,
	REC_EXIT_OOM = 1 << 1, /* chosen by the OOM killer */
	REC_EXIT_HAS_KILLER = 1 << 2, /* killer_* are filled in */
	REC_EXIT_HAS_IO = 1 << 3,
	REC_EXIT_WAS_CACHED = 1 << 4, /* execs and fork_ts_ns come from the process cache */
	REC_EXIT_THREADS_CUT = 1 << 5, /* more than REC_THREADS_MAX threads: totals are low */
};

struct rec_exit {
	struct rec_header header;
	struct rec_identity identity;
	__u64 fork_ts_ns;
	__u64 exec_ts_ns; /* of the last exec seen; 0 = none */
	__u64 utime_ns; /* raw, as accounted in ticks where the kernel does so */
	__u64 stime_ns;
	__u64 runtime_ns; /* exact time on a CPU: splits into user and system as utime:stime */
	__u64 max_rss_bytes;
	__u64 read_bytes;
	__u64 write_bytes;
	__u64 minor_faults;
	__u64 major_faults;
	__u64 voluntary_switches;
	__u64 involuntary_switches;
	__u64 children_utime_ns; /* of children waited for, kept apart */
	__u64 children_stime_ns;
	__u64 children_max_rss_bytes;
	__u64 killer_start_ns;
	__u32 killer_tgid; /* 0 = the kernel */
	__u32 killer_signal;
	__u32 status; /* as wait(2) reports it */
	__u32 execs;
	__u32 flags; /* enum rec_exit_flags */
	__u32 reserved;
	char killer_comm[REC_COMM_BYTES];
};

/* In the stream where the gap is: what this CPU has dropped since its last REC_LOST. */
struct rec_lost {
	struct rec_header header;
	__u64 count[REC_CLASS_COUNT];
};

enum rec_chunk_what {
	REC_CHUNK_ARGV = 1,
	REC_CHUNK_ENV = 2,
};

struct rec_chunk {
	struct rec_header header;
	__u32 tgid;
	__u32 what; /* enum rec_chunk_what */
	__u32 offset; /* where in the whole block these bytes belong */
	__u32 total; /* bytes of the block that are sent in all; 0 = not known yet */
	struct rec_span bytes;
};

struct rec_cgroup {
	struct rec_header header;
	__u64 cgroup_id;
	struct rec_path path; /* from the hierarchy's root */
};

enum rec_snapshot_flags {
	REC_SNAPSHOT_EXITING = 1 << 0, /* in do_exit(): its exit may have been reported already */
	REC_SNAPSHOT_NEW = 1 << 1, /* in fork(): its fork may not have been reported yet */
	REC_SNAPSHOT_IN_EXEC = 1 << 2, /* in execve(): its exec may not have been reported yet */
};

/* A process that ran before begat, written by the task iterator; the size is fixed. */
struct rec_snapshot {
	struct rec_header header; /* tid = tgid; seq and cpu are 0 */
	struct rec_identity identity;
	__u64 utime_ns; /* as in rec_exit: of the leader and of the threads that have ended */
	__u64 stime_ns;
	__u64 runtime_ns;
	__u32 reader_pid; /* its pid in the reader's PID namespace; 0 = it has none there */
	__u32 proc_pid; /* its pid in the PID namespace of the reader's /proc */
	__u32 flags; /* enum rec_snapshot_flags */
	__u32 exec_id; /* another one after each exec */
	/* the identity's pids point here: variable bytes */
	__u32 pids[REC_PID_LEVELS_MAX + 1];
};

/* A living thread that is not the leader: a process's CPU time is the sum over all threads. */
struct rec_snapshot_thread {
	struct rec_header header; /* seq and cpu are 0 */
	__u64 start_ns; /* the leader's: with tgid, the identity of the process */
	__u64 utime_ns;
	__u64 stime_ns;
	__u64 runtime_ns;
	__u32 tgid;
	__u32 reserved;
};

_Static_assert(sizeof(struct rec_header) == 32, "rec_header");
_Static_assert(sizeof(struct rec_span) == 8, "rec_span");
_Static_assert(sizeof(struct rec_path) == 16, "rec_path");
_Static_assert(sizeof(struct rec_identity) == 144, "rec_identity");
_Static_assert(sizeof(struct rec_fork) == 192, "rec_fork");
_Static_assert(sizeof(struct rec_exec) == 320, "rec_exec");
_Static_assert(sizeof(struct rec_exec_failed) == 248, "rec_exec_failed");
_Static_assert(sizeof(struct rec_exit) == 344, "rec_exit");
_Static_assert(sizeof(struct rec_lost) == 80, "rec_lost");
_Static_assert(sizeof(struct rec_chunk) == 56, "rec_chunk");
_Static_assert(sizeof(struct rec_cgroup) == 56, "rec_cgroup");
_Static_assert(sizeof(struct rec_snapshot) == 352, "rec_snapshot");
_Static_assert(sizeof(struct rec_snapshot_thread) == 72, "rec_snapshot_thread");

#pragma GCC diagnostic pop

#endif
