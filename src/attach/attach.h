/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/attach.h - the BPF programs in the kernel: chosen, loaded, attached, tested, removed.
 *
 * Owns:    the BPF object, its links, its maps and their mappings; which backend and transport.
 * Not:     reading records (transport/), what they mean (decode/).
 * Called:  by tracer/, on the tracer's thread.
 *
 * Invariants
 *  (1) After attach_open() every hook is in and the attempt backend has proved, with an exec of
 *      our own that fails, that it fires. The lifecycle backend has none, and says so.
 *  (2) A fallback is never silent: attach_fallback() says what was tried before and why not.
 *  (3) attach_close() leaves no program, map or link behind.
 */
#ifndef BEGAT_ATTACH_ATTACH_H
#define BEGAT_ATTACH_ATTACH_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/config.h"
#include "attach/features.h"
#include "base/error.h"
#include "transport/transport.h"

struct attach;

struct attach_options {
	const char *backend; /* NULL = the best */
	const char *transport;
	bool needs_attempts; /* nothing but failed execs is asked for */
	size_t buffer_bytes;
	struct bpf_config config; /* without what the features decide */
	/*
	 * The maps are there and no hook is in yet: the time to make room for records. Called for
	 * each backend that is tried; @unloading before its maps go away again.
	 */
	int (*loaded)(void *ctx, struct attach *attach);
	void (*unloading)(void *ctx);
	/* Next are the hooks that see beginnings and ends. NULL is fine. */
	int (*hooking)(void *ctx, struct attach *attach);
	void *ctx;
};

int attach_open(const struct attach_options *opts, const struct features *features,
		struct error *error, struct attach **ret_attach);
void attach_close(struct attach *attach);

/*
 * No hook records an event from now on. What has a time stamp from before the call has been
 * recorded, or is under way; all hooks end at nearly the same moment, where to detach them takes a
 * fifth of a second.
 */
void attach_stop(struct attach *attach);

/* Takes the hooks away; maps and what they hold stay until attach_close(). */
void attach_detach(struct attach *attach);

const char *attach_backend(const struct attach *attach);
const struct transport_ops *attach_transport(const struct attach *attach);
const char *attach_fallback(const struct attach *attach); /* "" = got what is best */
bool attach_has_failed(const struct attach *attach); /* with a backend that this kernel has */

int attach_records_fd(const struct attach *attach); /* the ring buffer, or the perf event array */
uint32_t attach_cpus(const struct attach *attach); /* possible CPUs */
const struct cpu_counters *attach_counters(const struct attach *attach, uint32_t cpu);
struct reader_state *attach_reader(const struct attach *attach);

/* Process cache: follow from now on. Returns 0 or a negative errno. */
int attach_follow(struct attach *attach, uint32_t tgid, uint64_t start_ns);

/* From now on nothing that CONFIG.skip_classes names comes from there. 0 or a negative errno. */
int attach_skip_cgroup(struct attach *attach, uint64_t id);

/* The exit hook has seen its end: also if that record was lost. Of what began under our eyes. */
bool attach_has_exited(const struct attach *attach, uint32_t tgid, uint64_t start_ns);

bool attach_is_followed(const struct attach *attach, uint32_t tgid);

/* Removes entries of the dead after their window, on a machine too quiet for hooks to do it. */
void attach_sweep(struct attach *attach, uint64_t now_ns);
uint64_t attach_cache_count(const struct attach *attach);

/* Runs the task iterator. @callback gets a rec_snapshot of each process. -ENOTSUP without one. */
int attach_snapshot(struct attach *attach,
		    int (*callback)(void *ctx, const void *record, size_t size), void *ctx);
/* The same, and a rec_snapshot_thread of each further thread. Any thread may call this. */
int attach_snapshot_threads(struct attach *attach,
			    int (*callback)(void *ctx, const void *record, size_t size), void *ctx);

/* Sums of all programs: skipped runs (kernel's own count), and runs and ns if statistics are on. */
void attach_program_stats(const struct attach *attach, uint64_t *ret_missed, uint64_t *ret_runs,
			  uint64_t *ret_ns);

/* The @index-th of the loaded programs; its name lives as long as @attach. 0 or -ENOENT. */
int attach_program_at(const struct attach *attach, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns);

/* Kernel memory of all maps, by their own accounting; before 6.4 what they may take at most. */
uint64_t attach_memlock_of(int fd); /* of one map */
uint64_t attach_map_bytes(const struct attach *attach);

#endif
