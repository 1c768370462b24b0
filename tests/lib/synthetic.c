/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/synthetic.c - events of processes that never ran.
 *
 * Owns:    how single events are filled in, like the real ones: same fields, same relations.
 * Not:     whole stories (synthetic_stories.c).
 */
#include "synthetic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARGV_MAX 8192

static const enum begat_field always[] = {
	BEGAT_F_EVENT,	  BEGAT_F_TIME, BEGAT_F_TS_NS,	BEGAT_F_SEQ,	     BEGAT_F_CPU,
	BEGAT_F_ID,	  BEGAT_F_PID,	BEGAT_F_TID,	BEGAT_F_PPID,	     BEGAT_F_PARENT_ID,
	BEGAT_F_COMM,	  BEGAT_F_UID,	BEGAT_F_GID,	BEGAT_F_EUID,	     BEGAT_F_EGID,
	BEGAT_F_LOGINUID, BEGAT_F_CAPS, BEGAT_F_SID,	BEGAT_F_PGID,	     BEGAT_F_TTY,
	BEGAT_F_PIDS,	  BEGAT_F_NS,	BEGAT_F_CGROUP, BEGAT_F_SHORT_LIVED, BEGAT_F_SYNTHETIC,
};

static const enum begat_field of_exec[] = {
	BEGAT_F_FILENAME,   BEGAT_F_EXE,	BEGAT_F_ARGV,
	BEGAT_F_ARGC,	    BEGAT_F_ARGV_BYTES, BEGAT_F_ARGV_TRUNCATED,
	BEGAT_F_CWD,	    BEGAT_F_DEV,	BEGAT_F_INODE,
	BEGAT_F_START_CODE, BEGAT_F_END_CODE,	BEGAT_F_FORK_TO_EXEC,
	BEGAT_F_EXEC_NS,
};

static const enum begat_field of_exit[] = {
	BEGAT_F_EXE,
	BEGAT_F_ARGV,
	BEGAT_F_ARGC,
	BEGAT_F_ARGV_BYTES,
	BEGAT_F_SIGNAL,
	BEGAT_F_CORE_DUMPED,
	BEGAT_F_DURATION,
	BEGAT_F_UTIME,
	BEGAT_F_STIME,
	BEGAT_F_MAX_RSS,
	BEGAT_F_READ_BYTES,
	BEGAT_F_WRITE_BYTES,
	BEGAT_F_MINOR_FAULTS,
	BEGAT_F_MAJOR_FAULTS,
	BEGAT_F_VOLUNTARY_SWITCHES,
	BEGAT_F_INVOLUNTARY_SWITCHES,
	BEGAT_F_CHILDREN_UTIME,
	BEGAT_F_CHILDREN_STIME,
	BEGAT_F_CHILDREN_MAX_RSS,
	BEGAT_F_EXECS,
};

#define ADD_ALL(ev, list)                                                        \
	do {                                                                     \
		for (size_t i_ = 0; i_ < sizeof(list) / sizeof((list)[0]); i_++) \
			begat_fields_add(&(ev)->has, (list)[i_]);                \
	} while (0)

static struct begat_str str(const char *text)
{
	return (struct begat_str){ text, strlen(text) };
}

static struct begat_strv strv(const char *const *words, char *buf)
{
	struct begat_strv v = { .data = buf };

	for (; *words; words++, v.count++) {
		size_t len = strlen(*words) + 1;

		if (v.bytes + len > ARGV_MAX)
			break;
		memcpy(buf + v.bytes, *words, len);
		v.bytes += len;
	}
	return v;
}

void synthetic_init(struct synthetic *s, begat_callback callback, void *ctx)
{
	*s = (struct synthetic){
		.callback = callback,
		.ctx = ctx,
		.now_ns = 1000000000000ull,
		.realtime_offset_ns = 1767225600000000000ull, /* 2026-01-01 */
		.random = 0x853c49e6748fea9bull,
		.next_pid = 1000,
	};
}

/* The fields that every event of a process has. */
static void start(struct synthetic *s, const struct synthetic_process *p,
		  enum begat_event_type type, struct begat_event *ev)
{
	uint32_t cpu = p->pid & 3;

	*ev = (struct begat_event){
		.size = sizeof(*ev),
		.type = type,
		.time_ns = s->now_ns + s->realtime_offset_ns,
		.ts_ns = s->now_ns,
		.seq = s->seq[cpu]++,
		.id = p->id,
		.parent_id = p->parent_id,
		.cpu = cpu,
		.tgid = p->pid,
		.tid = p->pid,
		.parent_tgid = p->ppid,
		.uid = p->uid,
		.gid = p->uid,
		.euid = p->uid,
		.egid = p->uid,
		.loginuid = 1000,
		.sid = 900,
		.pgid = 1000,
		.pids = &ev->tgid,
		.pids_count = 1,
		.ns = { 4026531836, 4026531841, 4026531840, 4026531837, 4026531838, 4026531839,
			4026531835 },
		.cgroup_id = 4321,
		.comm = str(p->comm),
		.tty = str("pts/0"),
		.cgroup = str("/user.slice/user-1000.slice/session-2.scope"),
	};
	ADD_ALL(ev, always);
}

static void send(struct synthetic *s, const struct begat_event *ev)
{
	s->sent++;
	s->callback(ev, s->ctx);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void image(struct begat_event *ev, const char *exe, const char *const *argv, char *buf)
{
	ev->exe = str(exe);
	ev->argv = strv(argv, buf);
	ev->argc = ev->argv.count;
	ev->argv_bytes = ev->argv.bytes;
}

void synthetic_snapshot(struct synthetic *s, struct synthetic_process *p, const char *exe,
			const char *const *argv)
{
	static const enum begat_field of_snapshot[] = { BEGAT_F_EXE, BEGAT_F_ARGV, BEGAT_F_ARGC,
							BEGAT_F_ARGV_BYTES, BEGAT_F_CWD };
	struct begat_event ev;
	char buf[ARGV_MAX];

	p->exe = exe;
	p->argv = argv;
	p->comm = base_name(exe);
	start(s, p, BEGAT_SNAPSHOT, &ev);
	image(&ev, exe, argv, buf);
	ev.cwd = str("/home/a");
	ADD_ALL(&ev, of_snapshot);
	send(s, &ev);
}

void synthetic_fork(struct synthetic *s, uint64_t after_ns, const struct synthetic_process *parent,
		    struct synthetic_process *ret_child)
{
	struct begat_event ev;

	s->now_ns += after_ns;
	*ret_child = (struct synthetic_process){
		/* Ids are hashes: spread over all 64 bits, the top one too. */
		.id = (s->next_pid ^ s->now_ns << 24) * 0x9e3779b97f4a7c15ull,
		.parent_id = parent->id,
		.start_ns = s->now_ns,
		.pid = s->next_pid++,
		.ppid = parent->pid,
		.uid = parent->uid,
		.comm = parent->comm,
		.exe = parent->exe,
		.argv = parent->argv,
	};
	start(s, ret_child, BEGAT_FORK, &ev);
	send(s, &ev);
}

void synthetic_exec(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
		    const char *exe, const char *const *argv)
{
	struct begat_event ev;
	char buf[ARGV_MAX];

	s->now_ns += after_ns;
	p->exe = exe;
	p->argv = argv;
	p->comm = base_name(exe);
	p->execs++;
	start(s, p, BEGAT_EXEC, &ev);
	image(&ev, exe, argv, buf);
	ev.filename = str(exe);
	ev.cwd = str("/home/a/project");
	ev.dev = 0xfe00;
	ev.inode = strlen(exe) * 1000;
	ev.start_code = 0x55d0c0000000ull + ((uint64_t)p->pid << 12);
	ev.end_code = ev.start_code + 0x21000;
	ev.fork_to_exec_ns = s->now_ns - p->start_ns;
	ev.exec_ns = 180000 + p->pid % 1000;
	ADD_ALL(&ev, of_exec);
	send(s, &ev);
}

void synthetic_exec_failed(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
			   const char *filename, const char *const *argv, int error)
{
	static const enum begat_field of_failed[] = { BEGAT_F_FILENAME,	      BEGAT_F_ARGV,
						      BEGAT_F_ARGC,	      BEGAT_F_ARGV_BYTES,
						      BEGAT_F_ARGV_TRUNCATED, BEGAT_F_ERRNO,
						      BEGAT_F_EXEC_NS };
	struct begat_event ev;
	char buf[ARGV_MAX];

	s->now_ns += after_ns;
	start(s, p, BEGAT_EXEC_FAILED, &ev);
	image(&ev, "", argv, buf);
	ev.filename = str(filename);
	ev.error = error;
	ev.exec_ns = 2100;
	ADD_ALL(&ev, of_failed);
	send(s, &ev);
}

void synthetic_exit(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
		    int exit_code, int signal, uint64_t cpu_ns)
{
	struct begat_event ev;
	char buf[ARGV_MAX];

	s->now_ns += after_ns;
	start(s, p, BEGAT_EXIT, &ev);
	ADD_ALL(&ev, of_exit);
	if (p->exe)
		image(&ev, p->exe, p->argv, buf);
	else
		for (int f = BEGAT_F_EXE; f <= BEGAT_F_ARGV_BYTES; f++)
			ev.has.bits[0] &= ~(1ull << f);
	ev.signal = signal;
	ev.exit_code = exit_code;
	if (!signal)
		begat_fields_add(&ev.has, BEGAT_F_EXIT_CODE);
	if (signal) {
		begat_fields_add(&ev.has, BEGAT_F_KILLED_BY);
		ev.core_dumped = signal == 11;
		ev.killed_by_tgid = p->ppid;
		ev.killed_by_id = p->parent_id;
		ev.killed_by_comm = str("sh");
	}
	ev.duration_ns = s->now_ns - p->start_ns;
	ev.short_lived = ev.duration_ns < 10000000;
	ev.utime_ns = cpu_ns / 10 * 8;
	ev.stime_ns = cpu_ns - ev.utime_ns;
	ev.max_rss_bytes = 4096 * (1000 + cpu_ns / 50000);
	ev.read_bytes = 0;
	ev.write_bytes = cpu_ns / 4000 & ~511ull;
	ev.minor_faults = 150 + cpu_ns / 100000;
	ev.major_faults = p->pid % 7 == 0;
	ev.voluntary_switches = 2 + p->pid % 5;
	ev.involuntary_switches = cpu_ns / 4000000;
	ev.execs = p->execs;
	send(s, &ev);
}

void synthetic_lost(struct synthetic *s, enum begat_event_type class_type, uint64_t count)
{
	static const enum begat_field of_lost[] = { BEGAT_F_EVENT, BEGAT_F_TIME,     BEGAT_F_TS_NS,
						    BEGAT_F_SEQ,   BEGAT_F_CPU,	     BEGAT_F_COUNT,
						    BEGAT_F_CLASS, BEGAT_F_SYNTHETIC };
	struct begat_event ev = {
		.size = sizeof(ev),
		.type = BEGAT_LOST,
		.time_ns = s->now_ns + s->realtime_offset_ns,
		.ts_ns = s->now_ns,
		.seq = s->seq[1]++,
		.cpu = 1,
		.lost_cpu = 1,
		.count = count,
		.class_type = class_type,
	};

	ADD_ALL(&ev, of_lost);
	send(s, &ev);
}

void synthetic_summary(struct synthetic *s)
{
	struct begat_stats stats = {
		.size = sizeof(stats),
		.backend = "tracepoint",
		.transport = "ringbuf",
		.latency = "balanced",
		.fallback = "",
		.generated = { 0, 10, 20, 30, 40 },
		.received = { 0, 10, 20, 30, 40 },
		.delivered = { 0, 10, 20, 30, 40 },
		.latency_p50_ns = 900,
		.latency_p99_ns = 9000,
		.latency_max_ns = 90000,
		.latency_count = s->sent,
		.buffer_bytes = 8 << 20,
		.started_ns = 1000000000000ull,
		.now_ns = s->now_ns,
		.cpus = 4,
	};
	struct begat_event ev = {
		.size = sizeof(ev),
		.type = BEGAT_SUMMARY,
		.time_ns = s->now_ns + s->realtime_offset_ns,
		.ts_ns = s->now_ns,
		.stats = &stats,
	};

	begat_fields_add(&ev.has, BEGAT_F_EVENT);
	begat_fields_add(&ev.has, BEGAT_F_TIME);
	begat_fields_add(&ev.has, BEGAT_F_TS_NS);
	send(s, &ev);
}
