/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/schema.h - the columns of every table, once, in their order.
 *
 * Owns:    names and numbers of columns; what context.flags means.
 * Not:     views and indexes (schema.c); which field of an event a column holds (slots.def).
 */
#ifndef BEGAT_TRACE_STORE_SCHEMA_H
#define BEGAT_TRACE_STORE_SCHEMA_H

/* 'bgat': tells file(1) and the reader that this is a recording, not just any database. */
#define SCHEMA_APPLICATION_ID 1650942324

#define SCHEMA_KEY " INTEGER PRIMARY KEY"

/*
 * F (the first) and X (the others): (prefix of the enum, name, declaration). What most rows lack
 * comes last, so that it can be left out of an INSERT: see rows.c. Append only.
 */
#define SCHEMA_STRING(F, X) F(STRING, id, SCHEMA_KEY) X(STRING, text, "")

/* clang-format off */
#define SCHEMA_CONTEXT(F, X)                                                                       \
	F(CONTEXT, id, SCHEMA_KEY) X(CONTEXT, fields_low, "") X(CONTEXT, fields_high, "")          \
	X(CONTEXT, uid, "") X(CONTEXT, gid, "") X(CONTEXT, euid, "") X(CONTEXT, egid, "")          \
	X(CONTEXT, loginuid, "") X(CONTEXT, sid, "") X(CONTEXT, pgid, "")                          \
	X(CONTEXT, ns_pid, "") X(CONTEXT, ns_mnt, "") X(CONTEXT, ns_net, "")                       \
	X(CONTEXT, ns_user, "") X(CONTEXT, ns_uts, "") X(CONTEXT, ns_ipc, "")                      \
	X(CONTEXT, ns_cgroup, "") X(CONTEXT, caps, "") X(CONTEXT, cgroup_id, "")                   \
	X(CONTEXT, tty, "") X(CONTEXT, cgroup, "") X(CONTEXT, container_id, "")                    \
	X(CONTEXT, container_runtime, "") X(CONTEXT, pod_uid, "") X(CONTEXT, flags, "")

#define SCHEMA_PROCESS(F, X)                                                                       \
	F(PROCESS, row, SCHEMA_KEY) X(PROCESS, id, "") X(PROCESS, pid, "")                         \
	X(PROCESS, parent_id, "") X(PROCESS, ppid, "") X(PROCESS, fork_n, "")                      \
	X(PROCESS, fork_ts_ns, "") X(PROCESS, fork_clock_ns, "") X(PROCESS, fork_seq, "")          \
	X(PROCESS, fork_cpu, "") X(PROCESS, fork_context, "") X(PROCESS, fork_comm, "")            \
	X(PROCESS, exit_n, "") X(PROCESS, exit_ts_ns, "") X(PROCESS, exit_clock_ns, "")            \
	X(PROCESS, exit_seq, "") X(PROCESS, exit_cpu, "") X(PROCESS, exit_context, "")             \
	X(PROCESS, exit_comm, "") X(PROCESS, exe, "") X(PROCESS, argv, "")                         \
	X(PROCESS, exit_code, "") X(PROCESS, signal, "") X(PROCESS, duration_ns, "")               \
	X(PROCESS, utime_ns, "") X(PROCESS, stime_ns, "") X(PROCESS, max_rss_bytes, "")            \
	X(PROCESS, read_bytes, "") X(PROCESS, write_bytes, "")                                     \
	X(PROCESS, minor_faults, "") X(PROCESS, major_faults, "")                                  \
	X(PROCESS, voluntary_switches, "") X(PROCESS, involuntary_switches, "")                    \
	X(PROCESS, children_utime_ns, "") X(PROCESS, children_stime_ns, "")                        \
	X(PROCESS, children_max_rss_bytes, "") X(PROCESS, execs, "") X(PROCESS, pids, "")          \
	X(PROCESS, fork_extra, "") X(PROCESS, forked_by_id, "")                                    \
	X(PROCESS, forked_by_pid, "") X(PROCESS, exit_extra, "")                                   \
	X(PROCESS, exit_parent_id, "") X(PROCESS, exit_ppid, "") X(PROCESS, argc, "")              \
	X(PROCESS, argv_bytes, "") X(PROCESS, killed_by_id, "")                                    \
	X(PROCESS, killed_by_pid, "") X(PROCESS, killed_by_comm, "")

#define SCHEMA_EXEC(F, X)                                                                          \
	F(EXEC, n, SCHEMA_KEY) X(EXEC, event, "") X(EXEC, process, "") X(EXEC, ts_ns, "")          \
	X(EXEC, clock_ns, "") X(EXEC, seq, "") X(EXEC, cpu, "") X(EXEC, context, "")               \
	X(EXEC, comm, "") X(EXEC, filename, "") X(EXEC, exe, "") X(EXEC, cwd, "")                  \
	X(EXEC, argv, "") X(EXEC, dev, "") X(EXEC, inode, "") X(EXEC, start_code, "")              \
	X(EXEC, end_code, "") X(EXEC, fork_to_exec_ns, "") X(EXEC, exec_ns, "")                    \
	X(EXEC, interpreter, "") X(EXEC, parent_id, "") X(EXEC, ppid, "")                          \
	X(EXEC, argc, "") X(EXEC, argv_bytes, "") X(EXEC, env, "") X(EXEC, envc, "")               \
	X(EXEC, env_bytes, "") X(EXEC, old_tid, "") X(EXEC, errno_number, "")                      \
	X(EXEC, repeats, "") X(EXEC, extra, "")

#define SCHEMA_LOST(F, X)                                                                          \
	F(LOST, n, SCHEMA_KEY) X(LOST, ts_ns, "") X(LOST, clock_ns, "") X(LOST, seq, "")           \
	X(LOST, cpu, "") X(LOST, context, "") X(LOST, lost_cpu, "") X(LOST, class, "")             \
	X(LOST, count, "") X(LOST, extra, "")
/* clang-format on */

/* Names in the enum keep the columns' lower case: PROCESS_exit_n is column exit_n. */
#define SCHEMA_ENUM(table, name, declaration) table##_##name,
enum schema_string { SCHEMA_STRING(SCHEMA_ENUM, SCHEMA_ENUM) STRING_COLUMNS };
enum schema_context { SCHEMA_CONTEXT(SCHEMA_ENUM, SCHEMA_ENUM) CONTEXT_COLUMNS };
enum schema_process { SCHEMA_PROCESS(SCHEMA_ENUM, SCHEMA_ENUM) PROCESS_COLUMNS };
enum schema_exec { SCHEMA_EXEC(SCHEMA_ENUM, SCHEMA_ENUM) EXEC_COLUMNS };
enum schema_lost { SCHEMA_LOST(SCHEMA_ENUM, SCHEMA_ENUM) LOST_COLUMNS };

enum schema_table {
	TABLE_STRING,
	TABLE_CONTEXT,
	TABLE_PROCESS,
	TABLE_EXEC,
	TABLE_LOST,
	TABLE_COUNT,
};

/* context.flags */
enum schema_flags {
	SCHEMA_SHORT_LIVED = 1 << 0,
	SCHEMA_SYNTHETIC = 1 << 1,
	SCHEMA_CORE_DUMPED = 1 << 2,
	SCHEMA_KILLED_BY_OOM = 1 << 3,
	SCHEMA_ARGV_TRUNCATED = 1 << 4,
	SCHEMA_ENV_TRUNCATED = 1 << 5,
	SCHEMA_ARGV_REWRITTEN = 1 << 6,
};

/* The tables of users and of groups: id and name. */
#define SCHEMA_NAME_BYTES 256 /* with the NUL; a longer name is none */
extern const char *const schema_accounts[2];

struct schema_table_info {
	const char *name;
	const char *columns; /* "id, text" */
	const char *const *names; /* one by one */
	int count;
	int common; /* columns before those that most rows lack */
	int first; /* columns of begat 0.1: no recording lacks them */
};

extern const struct schema_table_info schema_tables[TABLE_COUNT];

extern const char *const schema_create[]; /* statements; ended by NULL */
extern const char *const schema_upgrade[]; /* the views, for a file of an older begat */
extern const char schema_indexes[];

#endif
