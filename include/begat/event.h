/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/event.h - one event about one process.
 *
 * struct begat_event is made by the library only and grows at its end only: a program built
 * against an older header keeps working. Never allocate one or take its sizeof; begat_event_dup()
 * copies. A member is meaningful only if begat_event_has(ev, its field) says so: what a kernel or
 * a backend cannot tell is absent, never zero.
 *
 * Lifetime: pointers in an event are valid until the callback returns.
 */
#ifndef BEGAT_EVENT_H
#define BEGAT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum begat_event_type {
	BEGAT_FORK = 1, /* the child of a fork: a new process, not a thread */
	BEGAT_EXEC = 2, /* the image after a successful exec */
	BEGAT_EXEC_FAILED = 3, /* an exec that returned an error */
	BEGAT_EXIT = 4, /* the end of a process, once, when its last thread goes */
	BEGAT_LOST = 5, /* a gap: what could not be delivered, at its place in the stream */
	BEGAT_SNAPSHOT = 6, /* a process that was there before the tracer */
	BEGAT_SUMMARY = 7, /* closes a stream */
};

/** A mask of event types: BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXIT) */
#define BEGAT_EVENT_BIT(type) (1u << (type))
#define BEGAT_EVENTS_ALL 0xfeu

/** Fields that may be absent, or are captured only on demand. Numbers never change. */
enum begat_field {
	BEGAT_F_EVENT = 0,
	BEGAT_F_TIME = 1,
	BEGAT_F_TS_NS = 2,
	BEGAT_F_SEQ = 3,
	BEGAT_F_CPU = 4,
	BEGAT_F_ID = 5,
	BEGAT_F_PID = 6,
	BEGAT_F_TID = 7,
	BEGAT_F_PPID = 8,
	BEGAT_F_PARENT_ID = 9,
	BEGAT_F_COMM = 10,
	BEGAT_F_UID = 11,
	BEGAT_F_GID = 12,
	BEGAT_F_EUID = 13,
	BEGAT_F_EGID = 14,
	BEGAT_F_LOGINUID = 15,
	BEGAT_F_CAPS = 16,
	BEGAT_F_SID = 17,
	BEGAT_F_PGID = 18,
	BEGAT_F_TTY = 19,
	BEGAT_F_PIDS = 20,
	BEGAT_F_NS = 21,
	BEGAT_F_CGROUP = 22,
	BEGAT_F_CONTAINER_ID = 23,
	BEGAT_F_CONTAINER_RUNTIME = 24,
	BEGAT_F_POD_UID = 25,
	BEGAT_F_SHORT_LIVED = 26,
	BEGAT_F_SYNTHETIC = 27,
	BEGAT_F_FORKED_BY = 28,
	BEGAT_F_FILENAME = 29,
	BEGAT_F_EXE = 30,
	BEGAT_F_INTERPRETER = 31,
	BEGAT_F_ARGV = 32,
	BEGAT_F_ARGC = 33,
	BEGAT_F_ARGV_BYTES = 34,
	BEGAT_F_ARGV_TRUNCATED = 35,
	BEGAT_F_CWD = 36,
	BEGAT_F_ENV = 37,
	BEGAT_F_ENVC = 38,
	BEGAT_F_ENV_BYTES = 39,
	BEGAT_F_ENV_TRUNCATED = 40,
	BEGAT_F_DEV = 41,
	BEGAT_F_INODE = 42,
	BEGAT_F_START_CODE = 43,
	BEGAT_F_END_CODE = 44,
	BEGAT_F_OLD_TID = 45,
	BEGAT_F_FORK_TO_EXEC = 46,
	BEGAT_F_EXEC_NS = 47,
	BEGAT_F_ERRNO = 48,
	BEGAT_F_REPEATS = 49,
	BEGAT_F_EXIT_CODE = 50,
	BEGAT_F_SIGNAL = 51,
	BEGAT_F_CORE_DUMPED = 52,
	BEGAT_F_KILLED_BY = 53,
	BEGAT_F_DURATION = 54,
	BEGAT_F_UTIME = 55,
	BEGAT_F_STIME = 56,
	BEGAT_F_MAX_RSS = 57,
	BEGAT_F_READ_BYTES = 58,
	BEGAT_F_WRITE_BYTES = 59,
	BEGAT_F_MINOR_FAULTS = 60,
	BEGAT_F_MAJOR_FAULTS = 61,
	BEGAT_F_VOLUNTARY_SWITCHES = 62,
	BEGAT_F_INVOLUNTARY_SWITCHES = 63,
	BEGAT_F_CHILDREN_UTIME = 64,
	BEGAT_F_CHILDREN_STIME = 65,
	BEGAT_F_CHILDREN_MAX_RSS = 66,
	BEGAT_F_EXECS = 67,
	BEGAT_F_COUNT = 68, /* lost */
	BEGAT_F_CLASS = 69, /* lost */
	BEGAT_F_FD_PATH = 70,
	BEGAT_F_MISSING = 71,
	BEGAT_F_ARGV_REWRITTEN = 72,
	BEGAT_F_FS_DEV = 73,
	BEGAT_F_SEARCHED = 74,
	BEGAT_FIELD_COUNT = 75,
};

/** A set of fields. */
struct begat_fields {
	uint64_t bits[2];
};

static inline void begat_fields_add(struct begat_fields *fields, enum begat_field field)
{
	fields->bits[field / 64] |= 1ull << (field % 64);
}

static inline bool begat_fields_has(const struct begat_fields *fields, enum begat_field field)
{
	return fields->bits[field / 64] >> (field % 64) & 1;
}

/** Bytes with their length; may hold any byte. data[len] is NUL. */
struct begat_str {
	const char *data;
	size_t len;
};

/** A vector of strings: NUL-terminated one after the other, count of them in bytes bytes. */
struct begat_strv {
	const char *data;
	size_t bytes; /* NULs included; data[bytes - 1] is NUL */
	uint32_t count;
	uint32_t reserved;
};

/** Order of begat_event.ns: inode numbers of the namespaces. */
enum begat_ns {
	BEGAT_NS_PID = 0,
	BEGAT_NS_MNT = 1,
	BEGAT_NS_NET = 2,
	BEGAT_NS_USER = 3,
	BEGAT_NS_UTS = 4,
	BEGAT_NS_IPC = 5,
	BEGAT_NS_CGROUP = 6,
	BEGAT_NS_COUNT = 7,
};

struct begat_stats;

struct begat_event {
	uint32_t size; /* of this struct, in the library's version */
	uint32_t type; /* enum begat_event_type */
	struct begat_fields has; /* which members are meaningful */

	uint64_t time_ns; /* wall clock, ns since 1970 UTC */
	uint64_t ts_ns; /* boot clock, ns */
	uint64_t seq; /* per CPU; a hole is a loss */
	uint64_t id; /* of this process: never used twice */
	uint64_t parent_id; /* of its parent at this moment */
	uint32_t cpu;
	uint32_t tgid; /* JSON: pid */
	uint32_t tid;
	uint32_t parent_tgid; /* JSON: ppid */
	uint32_t uid, gid, euid, egid;
	uint32_t loginuid; /* 0xffffffff = not set */
	uint32_t sid, pgid;
	uint32_t pids_count;
	const uint32_t *pids; /* at every PID-namespace level, outermost first */
	uint32_t ns[BEGAT_NS_COUNT];
	uint32_t lost_cpu; /* lost: the CPU that dropped */
	uint64_t cap_effective;
	uint64_t cgroup_id;
	struct begat_str comm;
	struct begat_str tty; /* "pts/0" */
	struct begat_str cgroup; /* path */
	struct begat_str container_id;
	struct begat_str container_runtime;
	struct begat_str pod_uid;
	bool short_lived, synthetic;
	bool argv_truncated, env_truncated;
	bool core_dumped;
	bool killed_by_oom;
	bool argv_rewritten; /* argv is a title that the process has put there */
	bool reserved_bools[1];

	/* fork */
	uint64_t forked_by_id;
	uint32_t forked_by_tgid;

	/* exec, exec_failed; exit repeats exe and argv of the last image (first 4 KiB) */
	uint32_t argc; /* strings that the program got; argv.count is how many are here */
	struct begat_str filename; /* as asked */
	struct begat_str exe; /* resolved, as the process's own root shows it */
	struct begat_str interpreter;
	struct begat_str cwd;
	struct begat_strv argv;
	struct begat_strv env;
	uint64_t argv_bytes; /* that the program got, NULs included; argv.bytes are here */
	uint64_t env_bytes;
	uint64_t dev; /* as stat(2)'s st_dev */
	uint64_t inode;
	uint64_t start_code, end_code;
	uint64_t fork_to_exec_ns;
	uint64_t exec_ns; /* syscall entry to new image, or to the error */
	uint32_t envc;
	uint32_t old_tid;
	int32_t error; /* exec_failed: positive errno */
	uint32_t repeats; /* exec_failed, when folded: identical ones beyond this */

	/* exit */
	int32_t exit_code; /* absent after a signal */
	int32_t signal; /* 0 = none */
	uint32_t killed_by_tgid; /* 0 = the kernel */
	uint32_t execs;
	uint64_t killed_by_id; /* 0 = not known */
	struct begat_str killed_by_comm;
	uint64_t duration_ns;
	uint64_t utime_ns, stime_ns;
	uint64_t max_rss_bytes;
	uint64_t read_bytes, write_bytes;
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t children_utime_ns, children_stime_ns, children_max_rss_bytes;

	/* lost */
	uint64_t count;
	uint32_t class_type; /* enum begat_event_type that was lost */
	uint32_t searched; /* exec_failed, of a folded search along PATH: directories */

	/* summary */
	const struct begat_stats *stats;

	/* exec_failed */
	struct begat_str fd_path; /* what the descriptor of execveat(2) was open on */
	struct begat_str missing_interpreter; /* ENOENT for a file that is there */

	/* exec */
	uint64_t fs_dev; /* of the file system, where dev is another one, or not known */
};

static inline bool begat_event_has(const struct begat_event *ev, enum begat_field field)
{
	return begat_fields_has(&ev->has, field);
}

/**
 * begat_event_dup() - a copy that outlives the callback, with everything it points to.
 * @ev: an event; a summary's stats are copied too.
 *
 * Return: the copy, one block, for begat_event_free(); NULL when out of memory.
 */
struct begat_event *begat_event_dup(const struct begat_event *ev);

/** begat_event_free() - free a copy; NULL is fine. */
void begat_event_free(struct begat_event *ev);

/** begat_event_name() - "fork", "exec", ...; NULL for an unknown type. */
const char *begat_event_name(enum begat_event_type type);

/** begat_event_by_name() - the type of "exec"; 0 if there is none. */
enum begat_event_type begat_event_by_name(const char *name);

/** begat_errno_name() - "ENOENT" for 2; NULL if unknown. */
const char *begat_errno_name(int error);

/** begat_signal_name() - "SIGKILL" for 9, "SIGRTMIN+3"; NULL if there is no such signal. */
const char *begat_signal_name(int signal);

/**
 * Names of users and groups, of this machine or of the one that a recording was made on. The
 * functions get ctx. Unknown: NULL, or -ENOENT.
 */
struct begat_accounts {
	size_t size; /* sizeof(struct begat_accounts) */
	const char *(*user_name)(void *ctx, uint32_t uid);
	const char *(*group_name)(void *ctx, uint32_t gid);
	int (*user_id)(void *ctx, const char *name, uint32_t *ret_uid);
	int (*group_id)(void *ctx, const char *name, uint32_t *ret_gid);
	void *ctx;
};

#ifdef __cplusplus
}
#endif
#endif
