/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/synthetic.h - events of processes that never ran.
 *
 * Owns:    streams with the shape of real ones, the same on every machine and every run.
 * Not:     records (tests/golden has stored ones), files.
 */
#ifndef BEGAT_TESTS_SYNTHETIC_H
#define BEGAT_TESTS_SYNTHETIC_H

#include <begat/begat.h>

struct synthetic {
	begat_callback callback;
	void *ctx;
	uint64_t now_ns; /* boot clock */
	uint64_t realtime_offset_ns;
	uint64_t seq[4];
	uint64_t random;
	uint32_t next_pid;
	uint64_t sent; /* events */
};

struct synthetic_process {
	uint64_t id, parent_id, start_ns;
	uint32_t pid, ppid, uid;
	uint32_t execs;
	const char *comm, *exe;
	const char *const *argv; /* of the last image; NULL-ended */
};

/* @callback gets every event; returns of it are ignored. */
void synthetic_init(struct synthetic *s, begat_callback callback, void *ctx);

/* Single events. Time moves on by @after_ns first. */
void synthetic_snapshot(struct synthetic *s, struct synthetic_process *p, const char *exe,
			const char *const *argv);
void synthetic_fork(struct synthetic *s, uint64_t after_ns, const struct synthetic_process *parent,
		    struct synthetic_process *ret_child);
void synthetic_exec(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
		    const char *exe, const char *const *argv);
void synthetic_exec_failed(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
			   const char *filename, const char *const *argv, int error);
void synthetic_exit(struct synthetic *s, uint64_t after_ns, struct synthetic_process *p,
		    int exit_code, int signal, uint64_t cpu_ns);
void synthetic_lost(struct synthetic *s, enum begat_event_type class_type, uint64_t count);
void synthetic_summary(struct synthetic *s);

/*
 * A build of @units C files by a make with two jobs under a shell that was there before: PATH
 * misses, a script, a process that dies of a signal, a compiler that fails. @slowdown scales the
 * compiler's time: 100 = as it is.
 */
void synthetic_build(struct synthetic *s, unsigned units, unsigned slowdown);

/* @count processes that fork, exec with an argv of their own, and exit; @alive at once. */
void synthetic_storm(struct synthetic *s, unsigned count, unsigned alive);

/* @count processes, two at a time, that become env, then nice, then what they were started for. */
void synthetic_chains(struct synthetic *s, unsigned count);

/*
 * Everything that is hard to store: every field, absent fields, bytes of all kinds. A golden recording
 * of it is kept, so it has the fields that there were when that was made.
 */
void synthetic_hostile(struct synthetic *s);

/* Every field that there is, alone and with the others, on events of all types. */
void synthetic_every_field(struct synthetic *s);

#endif
