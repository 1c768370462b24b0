/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/begat.h - trace every process of a Linux machine from a C program.
 *
 * A tracer is an opaque handle used by one thread at a time; several can coexist. The library
 * prints nothing, starts no thread and keeps no global state. Functions return 0 or more on
 * success and a negative errno on failure; begat_error() then has a sentence for people.
 *
 *	struct begat_options opts = { .size = sizeof(opts), .callback = print };
 *	struct begat *b = NULL;
 *	if (begat_open(&opts, &b) < 0)
 *		errx(125, "%s", begat_error(b));
 *	while (begat_poll(b, -1) >= 0)
 *		;
 *	begat_close(b);
 */
#ifndef BEGAT_BEGAT_H
#define BEGAT_BEGAT_H

#include <begat/event.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct begat; /* a tracer */
struct begat_filter; /* begat/filter.h */

/**
 * How fast against how cheap. A thread that sleeps in balanced is let in sooner if it asks the
 * scheduler for a short slice (sched_setattr(2), sched_runtime of 100 us, kernel 6.12), as the
 * command does; one that spins in low on a busy machine needs priority (nice(2)).
 */
enum begat_latency {
	/*
	 * Spin briefly after an event, then sleep; idle costs nothing. A fork may be delivered 20 ms
	 * late, if other events are asked for too.
	 */
	BEGAT_BALANCED = 0,
	BEGAT_LOW = 1, /* begat_poll() spins: takes a core, no wake-ups */
	BEGAT_BATCH = 2, /* wake on volume or every 100 ms: the least CPU */
};

enum begat_env {
	BEGAT_ENV_NONE = 0,
	BEGAT_ENV_ALL = 1,
	BEGAT_ENV_NAMES = 2, /* only those in begat_options.env_names */
};

/**
 * Called for each event, in stream order, from begat_poll() and begat_finish().
 * Return: 0 to go on; anything else makes begat_poll() return -ECANCELED.
 */
typedef int (*begat_callback)(const struct begat_event *ev, void *ctx);

/** Zero means the default for every member but size. The library copies what it needs. */
struct begat_options {
	size_t size; /* sizeof(struct begat_options) */
	begat_callback callback; /* NULL: events are pulled with begat_next() */
	void *ctx; /* for the callback */
	const char *backend; /* of begat_backend_names(); NULL = the best that works */
	const char *transport; /* of begat_transport_names(); NULL = the best that works */
	enum begat_latency latency;
	/*
	 * BEGAT_EVENT_BIT()s wanted; 0 = all but snapshot. With neither forks nor exits nor a
	 * question about lineage, only execs leave the kernel and no process table is kept:
	 * begat_find_process() then knows what ran before, and no more.
	 */
	uint32_t events;
	struct begat_fields fields; /* wanted by the callback; none set = all but env */
	size_t buffer_bytes; /* kernel buffer, all CPUs together; 0 = 8 MiB; rounded up */
	uint64_t short_lived_window_ns; /* 0 = 10 ms */
	uint32_t max_args_bytes; /* argv and env each are cut after this; 0 = never */
	enum begat_env env;
	const char *const *env_names; /* NULL-terminated; BEGAT_ENV_NAMES */
	const struct begat_filter *where; /* only what matches; the tracer takes a reference */
	/* Admission in the kernel: an event passes if every kind that is given has a match. */
	bool follow; /* only followed processes and all that they beget: see begat_follow() */
	bool fold_failures; /* identical failed execs in a row become one, with repeats */
	bool redact; /* hide what looks like a secret: see docs/events.md */
	bool reads_usage; /* for begat_usage_first() */
	bool needs_failures; /* no backend that sees no failed execs; so where events has only these */
	bool reserved_bools[3];
	const pid_t
		*pids; /* implies follow: these and all they beget, past children too; a thread's
			    * id stands for its process */
	size_t pids_count;
	const uid_t *uids; /* real user ids */
	size_t uids_count;
	const char *const
		*cgroups; /* cgroup paths ("/system.slice") or container ids; NULL-ended */
	/* With redact: more than the built-in rules. NULL-ended extended regular expressions; the
	 * first group of a match is replaced, or all of it. */
	const char *const *redact_patterns;
};

/** begat_backend_names() - "kprobe", "tracepoint", "lifecycle", best first, NULL-ended. */
const char *const *begat_backend_names(void);

/** begat_backend_sees_failures() - failed execs and exec_ns; unknown backends are taken to. */
bool begat_backend_sees_failures(const char *name);

/** begat_transport_names() - "ringbuf", "perfbuf", best first, NULL-ended. */
const char *const *begat_transport_names(void);

/**
 * begat_open() - load and attach the BPF programs and take stock of what already runs.
 * @opts:  copied; pointers in it may go after the call.
 * @ret_b: the tracer. Also set on most failures, so that begat_error() can tell why; pass it
 *         to begat_close() in any case.
 *
 * When it returns 0 every hook is in: a process started after it is seen from its first event.
 *
 * Return: 0, or a negative errno:
 *  -EINVAL an option is wrong; -EPERM rights are missing; -ENOTSUP this kernel cannot (no BTF,
 *  lockdown, a forced backend or transport is not there); -ESRCH a pid does not exist;
 *  -ENOMEM; anything else is the kernel's.
 */
int begat_open(const struct begat_options *opts, struct begat **ret_b);

/**
 * begat_interrupt() - makes the begat_poll() or begat_next() that runs return -EINTR after the
 * event at hand, or the next call if none runs. It may be called by any thread and by a signal
 * handler, as long as @b is open. It does not wake a call that sleeps: a signal does, or an event.
 */
void begat_interrupt(struct begat *b);

/**
 * begat_fd() - one descriptor that polls readable when begat_poll() has work.
 * For poll, epoll, libuv and the like; then call begat_poll(b, 0). In BEGAT_LOW it is always
 * readable. It belongs to the tracer: do not read or close it.
 */
int begat_fd(const struct begat *b);

/**
 * begat_poll() - wait for events and run the callback for each.
 * @b:          an open tracer; must not be used by another thread meanwhile.
 * @timeout_ms: upper bound on waiting for the first event, in milliseconds; 0 = do not wait,
 *              -1 = for ever.
 *
 * Return: events delivered (>= 0; 0 = the time is over), or a negative errno:
 *  -EINTR a signal arrived first; -ECANCELED the callback asked to stop; -EIO the transport broke.
 */
int begat_poll(struct begat *b, int timeout_ms);

/**
 * begat_next() - the next event, for callers without a callback.
 * @timeout_ms: as begat_poll().
 * @ret_event:  the event, or NULL; it lives until the next call of begat_next() or begat_close().
 *
 * Where begat_fd() is polled, call it until it returns 0: events that wait here do not make the
 * descriptor readable. After begat_finish() it gives the rest, up to the BEGAT_SUMMARY event.
 *
 * Return: 1 an event, 0 the time is over, or a negative errno as begat_poll().
 */
int begat_next(struct begat *b, int timeout_ms, const struct begat_event **ret_event);

/**
 * begat_process_of() - the process of a thread.
 * @id: of a process or of a thread, as this process sees it.
 * Return: the process's id, which is @id where that is a process; -ESRCH: there is none.
 */
pid_t begat_process_of(pid_t id);

/**
 * begat_living_fd() - something to wait for: the end of one of the processes that are followed.
 *
 * The descriptor, which the caller closes, polls readable when that process has ended. Then ask
 * again: when there is none, all trees are gone. Needs begat_options.follow (or pids). It looks at
 * each process of the machine.
 *
 * Return: a descriptor, or a negative errno: -ESRCH none lives; -EINVAL nothing is followed;
 * -ENOTSUP those that live are in a PID namespace that this process does not see.
 */
int begat_living_fd(struct begat *b);

/**
 * begat_follow() - follow a process and all that it begets from now on.
 * @pid: as this process sees it, or the id of a thread of it; needs begat_options.follow (or pids).
 * Return: 0, -ESRCH, -EINVAL.
 */
int begat_follow(struct begat *b, pid_t pid);

/**
 * begat_missing_interpreter() - why an exec of a file that is there fails with ENOENT.
 * @path: as it was given to execve(2) in this process.
 * @buf:  gets the program that its first line names (#!), or the loader that an ELF file names, if
 *        that is not there.
 *
 * Return: 1 if so, 0 if not or if nobody can tell.
 */
int begat_missing_interpreter(const char *path, char *buf, size_t size);

/**
 * begat_translate_pid() - the number that events have for a process.
 * @pid: as this process sees it. It differs where this process is in a PID namespace: events have
 *       the number of the outermost one.
 * Return: 0, -ESRCH, or a negative errno.
 */
int begat_translate_pid(struct begat *b, pid_t pid, uint32_t *ret_tgid);

/**
 * begat_finish() - stop capturing, deliver all that was captured, then a BEGAT_SUMMARY event.
 * Afterwards begat_poll() returns 0 at once, begat_stats() and begat_find_process() still work.
 * Return: events delivered, or a negative errno as begat_poll().
 */
int begat_finish(struct begat *b);

/** begat_close() - detach, unload, free. NULL and a tracer that failed to open are fine. */
void begat_close(struct begat *b);

/** begat_error() - why the last call on this tracer failed: one sentence; "" if it
 * did not. Never NULL. Calls that take a const tracer do not change it. */
const char *begat_error(const struct begat *b);

/** Counts by event type are indexed by enum begat_event_type. */
#define BEGAT_TYPE_SLOTS 8

struct begat_stats {
	size_t size; /* set by the caller to sizeof(struct begat_stats) */
	const char *backend, *transport, *latency; /* names; valid while the tracer is */
	const char *fallback; /* why not the preferred ones; "" if they are */
	uint64_t generated[BEGAT_TYPE_SLOTS]; /* admitted in the kernel */
	uint64_t received[BEGAT_TYPE_SLOTS]; /* taken from the buffer */
	uint64_t delivered[BEGAT_TYPE_SLOTS]; /* given to the callback (after the filter) */
	uint64_t lost[BEGAT_TYPE_SLOTS]; /* could not be sent; generated = received + lost */
	uint64_t lost_chunks; /* parts of long argv or env */
	uint64_t missed; /* hook runs that the kernel skipped, forks that no hook saw, and followed
			 * processes that did not fit in the process cache */
	uint64_t late; /* time stamp before that of the event ahead: see docs/events.md */
	uint64_t synthetic; /* made up after a loss */
	uint64_t malformed; /* records that failed a check: always 0 unless something is broken */
	uint64_t cache_entries; /* processes in the kernel's cache now */
	uint64_t cache_full; /* processes that found no room there */
	uint64_t processes; /* in the library's table now */
	uint64_t wakeups; /* times the reader was woken */
	/* from the kernel's time stamp to just before the callback */
	uint64_t latency_p50_ns, latency_p90_ns, latency_p99_ns, latency_p999_ns, latency_max_ns;
	uint64_t latency_count;
	uint64_t program_runs, program_ns; /* 0 unless kernel.bpf_stats_enabled */
	uint64_t buffer_bytes;
	uint64_t started_ns, now_ns; /* boot clock */
	uint32_t cpus; /* length of the arrays that begat_stats_cpu() serves */
	uint32_t backend_failed; /* a better backend is there but did not work: see fallback */
	uint64_t map_bytes; /* kernel memory, buffer included; before 6.4 the most it can be */
	/*
	 * What of options.where the kernel checks, as text; "" = nothing. Valid while the tracer
	 * is.
	 */
	const char *pushed;
	/* Of events that options.where was asked about: the kernel held back others. */
	uint64_t tested, matched;
	uint64_t undecided; /* took more work than a filter may: they count as not matching */
	uint64_t
		path_misses; /* folded failed execs; 0 from a tracer: the writer of a stream folds */
	/* Of begat_open(): what the machine can do, load what looks at it, attach that. 0 = none */
	uint64_t probe_ns, load_ns, attach_ns;
};

/** begat_stats() - counters so far. Return: 0 or -EINVAL. */
int begat_stats(const struct begat *b, struct begat_stats *ret_stats);

/**
 * begat_stats_cpu() - what one CPU generated and lost, by event type.
 * Return: 0 or -EINVAL for a CPU that is not there.
 */
int begat_stats_cpu(const struct begat *b, uint32_t cpu, uint64_t ret_generated[BEGAT_TYPE_SLOTS],
		    uint64_t ret_lost[BEGAT_TYPE_SLOTS]);

/**
 * begat_stats_program() - what one BPF program has cost.
 * @index:    0, 1, 2 ... until -ENOENT.
 * @ret_name: valid while the tracer is.
 * Runs and ns are counted while kernel.bpf_stats_enabled is 1, or somebody holds BPF_ENABLE_STATS.
 * Return: 0, -ENOENT: no more; -EINVAL.
 */
int begat_stats_program(const struct begat *b, uint32_t index, const char **ret_name,
			uint64_t *ret_runs, uint64_t *ret_ns);

/** A process as the library knows it. Strings are valid until the next call on the tracer. */
struct begat_process {
	size_t size; /* set by the caller to sizeof(struct begat_process) */
	uint64_t id, parent_id;
	uint64_t fork_parent_id; /* at fork; parent_id is the latest known */
	uint32_t tgid, parent_tgid;
	uint64_t start_ns; /* boot clock */
	uint64_t exit_ns; /* 0 = lives */
	uint32_t execs;
	bool exited, was_there_before, reserved_bools[2];
	struct begat_str comm, exe;
	struct begat_strv argv; /* first 4 KiB */
};

/** begat_find_process() - by the pid that events have: the living one, or the last that had it. 0 or -ENOENT. */
int begat_find_process(struct begat *b, pid_t tgid, struct begat_process *ret_process);

/** begat_find_id() - by id. 0 or -ENOENT. */
int begat_find_id(struct begat *b, uint64_t id, struct begat_process *ret_process);

/**
 * begat_find_ancestor() - the same as a snapshot event, its parent being the one at fork: what a
 * filter asks about ancestors. With the tracer as ctx it fits begat_lineage.find.
 */
bool begat_find_ancestor(void *b, uint64_t id, struct begat_event *ret_ancestor);
/** begat_find_forebear() - the name of begat_find_ancestor() in 0.1. */
bool begat_find_forebear(void *b, uint64_t id, struct begat_event *ret_ancestor);

/** CPU time of a process since it began: of all its threads, those that have ended included. */
struct begat_usage_process {
	uint64_t id; /* 0 = not known: the pid tells which living process it is */
	uint64_t utime_ns, stime_ns;
	uint32_t tgid;
	uint32_t reserved;
};

/** The CPU time of every process that lives, at one moment. */
struct begat_usage {
	size_t size; /* of this struct in the library; set by it */
	uint64_t ts_ns; /* when it was read, boot clock */
	/*
	 * CPU time that the machine has used since it was started, by /proc/stat: user, system and
	 * interrupts of all CPUs. 0 = not known.
	 */
	uint64_t machine_ns;
	const struct begat_usage_process *processes;
	size_t count;
};

/**
 * begat_usage_read() - what has everybody used so far? Exits tell only of those that end.
 *
 * All processes, whatever the tracer follows. Any thread may call this while @b is open.
 * Return: 0, -ENOMEM, -ENOTSUP neither a task iterator nor /proc can tell, or a negative errno.
 */
int begat_usage_read(const struct begat *b, struct begat_usage **ret_usage);

/**
 * begat_usage_first() - the same, of the moment when capturing began.
 *
 * It was read just before the hooks that see the ends of processes: what an exit tells, less what
 * is given here, is what that process used since. Needs begat_options.reads_usage.
 * Return: as begat_usage_read(); -EINVAL without that option.
 */
int begat_usage_first(const struct begat *b, struct begat_usage **ret_usage);
void begat_usage_free(struct begat_usage *usage); /* NULL is fine */

/** What this kernel allows: see begat_probe(). */
enum begat_probe_result {
	BEGAT_PROBE_OK = 0,
	BEGAT_PROBE_MISSING = 1, /* something else is used instead */
	BEGAT_PROBE_FATAL = 2, /* tracing cannot work */
};

struct begat_probe {
	size_t size;
	const char *name; /* "BTF", "kprobes", ... */
	const char *found; /* what was found */
	const char *meaning; /* for the user; with the next step where there is one */
	enum begat_probe_result result;
};

/**
 * begat_probe() - run every feature probe, in a sensible order.
 * @callback: called for each; strings are valid until it returns.
 * Return: 0 if tracing can work, 1 if it cannot, or a negative errno.
 */
int begat_probe(void (*callback)(const struct begat_probe *probe, void *ctx), void *ctx);

/**
 * begat_now_ns() - the clock of begat_event.ts_ns, now.
 * It is CLOCK_BOOTTIME, but the kernel's own: in a time namespace clock_gettime() gives another.
 * Known from the first begat_open() on.
 */
uint64_t begat_now_ns(void);

/** begat_version() - "0.1.0" */
const char *begat_version(void);

#ifdef __cplusplus
}
#endif
#endif
