/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi/config.h - the settings of the kernel side, and the memory that both sides share.
 *
 * Owns:  struct bpf_config (fixed before load and read-only in the kernel, so that the verifier
 *        removes the code for what is not asked for), the reader's flag, the per-CPU counters, the
 *        process-cache entry and the graves.
 * Not:   records (record.h).
 */
#ifndef BEGAT_ABI_CONFIG_H
#define BEGAT_ABI_CONFIG_H

#include "record.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

enum config_transport {
	CONFIG_RINGBUF = 0,
	CONFIG_PERFBUF = 1,
};

/* Numbered as enum begat_latency, which asks for it. */
enum config_wake {
	CONFIG_WAKE_SLEEPER = 0, /* balanced: only a reader that says it sleeps */
	CONFIG_WAKE_NEVER = 1, /* low: the reader spins */
	CONFIG_WAKE_VOLUME = 2, /* batch: the reader's timer, or a ring that is a quarter full */
};

/* struct bpf_config.admit; no bit = every process of the machine */
enum config_admit {
	CONFIG_ADMIT_TREE = 1 << 0, /* processes marked PROC_FOLLOWED and their descendants */
	CONFIG_ADMIT_UID = 1 << 1,
	CONFIG_ADMIT_CGROUP = 1 << 2, /* in one of these cgroups or below */
	CONFIG_ADMIT_UID_LATER = 1 << 3, /* with _UID: also processes that may switch to one */
};

/* struct bpf_config.want: fields that cost something to capture */
enum config_want {
	CONFIG_WANT_NS = 1 << 0,
	CONFIG_WANT_CGROUP = 1 << 1,
	CONFIG_WANT_IDS = 1 << 2, /* sid pgid tty caps loginuid */
	CONFIG_WANT_PIDS = 1 << 3,
	CONFIG_WANT_EXE = 1 << 4,
	CONFIG_WANT_CWD = 1 << 5,
	CONFIG_WANT_ARGV = 1 << 6,
	CONFIG_WANT_ENV = 1 << 7,
	CONFIG_WANT_USAGE = 1 << 8, /* CPU, RSS, I/O, faults, switches */
	CONFIG_WANT_KILLER = 1 << 9,
	CONFIG_WANT_FOLDER = 1 << 10, /* of a failed exec: where its name was looked up */
};

struct bpf_config {
	__u64 short_lived_window_ns;
	__u64 wake_bytes; /* so much in the ring wakes any sleeper */
	__u64 cgroup_ids[CONFIG_CGROUPS_MAX];
	__u32 uids[CONFIG_UIDS_MAX];
	__u32 roots[CONFIG_ROOTS_MAX]; /* a process that gets such a tgid is followed too */
	__u32 cgroup_count;
	__u32 uid_count;
	__u32 admit; /* enum config_admit */
	__u32 want; /* enum config_want */
	__u32 emit; /* 1 << enum rec_class: records to send; others are not assembled */
	__u32 transport; /* enum config_transport */
	__u32 wake; /* enum config_wake */
	__u32 max_args_bytes; /* argv and env each are cut after this; 0xffffffff = never */
	__u32 has_boot_clock; /* bpf_ktime_get_boot_ns(), kernel 5.8 */
	__u32 has_group_dead; /* sched_process_exit says whether the group is dead */
	__u32 own_tgid; /* begat itself: its self-test is not reported */
	__u32 page_bytes;
	__u32 has_global_functions; /* verified once, not at each call: kernel 5.6 */
	__u32 has_task_btf; /* bpf_get_current_task_btf(), kernel 5.11 */
	__u32 root_count;
	__u32 skip_classes; /* 1 << enum rec_class: not sent from a cgroup in cgroups_skipped */
	__u32 proc_levels_up; /* from the reader's PID namespace to that of its /proc */
	__u32 reserved;
};

/* One value in a memory-mapped array: does the reader sleep, and which root has it? */
struct reader_state {
	/* 0 = it does not; else 1 << enum rec_class: a fork wakes it only if its class is among them */
	__u32 sleeping;
	__u32 reserved;
	/* The reader's own root, seen at its self-test: kernel addresses, only compared. */
	__u64 root_dentry;
	__u64 root_mount;
	__u32 reserved_line[10]; /* alone on its cache line */
};

/* Hooks that have copies of their program: see bpf/preempt.h */
enum hook {
	HOOK_FORK = 0,
	HOOK_EXIT = 1,
	HOOK_EXEC = 2,
	HOOK_EXECVE = 3, /* from here on: of the tracepoint backend */
	HOOK_EXECVEAT = 4,
	HOOK_RETURN = 5,
	HOOK_COUNT = 6,
};

/*
 * One value for each CPU in a memory-mapped array; only that CPU writes it. Each send reads the
 * first members, which share a cache line.
 */
struct cpu_counters {
	__u64 seq; /* next sequence number */
	__u64 unreported; /* dropped records of all classes that no REC_LOST has reported */
	__u64 cgroup_sent; /* the last cgroup that was looked up: its path has been sent */
	__u64 cgroup_until_ns; /* until then, cgroups_sent has it for certain */
	__u64 generated[REC_CLASS_COUNT]; /* admitted records, sent or dropped */
	__u64 dropped[REC_CLASS_COUNT]; /* of these, not sent: the buffer was full */
	__u64 reported[REC_CLASS_COUNT]; /* of the dropped, those that a REC_LOST has reported */
	__u64 cache_full; /* processes that found no room in the process cache */
	__u64 attempts_full; /* execs that found no room among the attempts: no exec_ns */
	__u64 graves_full; /* cache entries reclaimed before their window was over */
	__u64 cache_added;
	__u64 cache_removed;
	__u64 clock_base_ns; /* scheduler's clock minus this CPU's cpu-clock count; 0 = unknown */
	__u64 hook_runs[HOOK_COUNT]; /* of the first program at a hook, not of its copies */
	__u64 hook_firsts[HOOK_COUNT]; /* events that a program or one of its copies has handled */
	__u64 own_attempts; /* failed execs of begat itself: its self-test, not sent */
	__u64 is_stopped; /* set by user space, for good: this CPU records no more events */
	__u64 reserved[6]; /* whole cache lines */
};

enum proc_flags {
	PROC_FOLLOWED = 1 << 0, /* in the tree that is followed */
	PROC_EXITED = 1 << 1,
	PROC_NO_IO_BEFORE = 1 << 2, /* its fork was not seen, but none of its I/O was missed */
	PROC_REPORTED = 1 << 3, /* its fork or an exec was sent: its exit must be sent too */
};

enum attempt_flags {
	ATTEMPT_COMPAT = 1 << 0, /* a 32-bit system call */
	ATTEMPT_HAS_FD = 1 << 1, /* execveat with a descriptor, not AT_FDCWD */
	ATTEMPT_EMPTY_PATH = 1 << 2, /* AT_EMPTY_PATH: an empty name means the descriptor itself */
};

/* An exec under way: see bpf/attempt_store.h. */
struct attempt {
	__u64 ts_ns;
	__u64 filename; /* user addresses */
	__u64 argv;
	__u64 task; /* the address of the task that made the call; 0 = none */
	__u64 file; /* the address of what fd was open on at the entry; 0 = nothing */
	__u32 flags; /* enum attempt_flags */
	__s32 fd;
};

/* Process cache: key is the tgid (__u32). */
struct proc_entry {
	__u64 start_ns; /* 0 = added by user space, not seen yet */
	__u64 fork_ts_ns; /* 0 = not seen */
	__u64 exec_ts_ns; /* last exec; 0 = none seen */
	__u64 killer_start_ns;
	__u64 threads_read_bytes; /* of threads that ended before the process */
	__u64 threads_write_bytes;
	__u32 parent_tgid;
	__u32 flags; /* enum proc_flags */
	__u32 execs;
	__u32 killer_tgid;
	__u32 killer_signal; /* 0 = none seen */
	__u32 reserved;
	char killer_comm[REC_COMM_BYTES];
	struct attempt attempt; /* of a process with one thread */
};

/* The processes that ended on a CPU, oldest first: their entries are removed after the window. */
struct grave {
	__u64 start_ns;
	__u64 exit_ts_ns;
	__u32 tgid;
	__u32 reserved;
};

struct graveyard {
	__u64 head; /* next to remove */
	__u64 tail; /* next free */
	struct grave graves[GRAVES_PER_CPU];
};

_Static_assert(sizeof(struct bpf_config) == 344, "bpf_config");
_Static_assert(sizeof(struct reader_state) == 64, "reader_state");
_Static_assert(sizeof(struct cpu_counters) == 384, "cpu_counters");
_Static_assert(sizeof(struct attempt) == 48, "attempt");
_Static_assert(sizeof(struct proc_entry) == 136, "proc_entry");
_Static_assert(sizeof(struct grave) == 24, "grave");

#pragma GCC diagnostic pop

#endif
