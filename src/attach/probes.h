/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/probes.h - the BPF programs in the kernel: chosen, loaded, attached, tested, removed.
 *
 * Owns:    the BPF object, its links, its maps and their mappings; which backend and transport.
 * Not:     reading records (transport/), what they mean (decode/).
 *
 * Invariants
 *  (1) After probes_open() every hook is in and the backend has proved, with an exec of our own
 *      that fails, that it fires. The lifecycle backend sees none, and says so.
 *  (2) A fallback is never silent: probes_fallback() says what was tried before and why not.
 *  (3) probes_close() leaves no program, map or link behind.
 */
#ifndef BEGAT_ATTACH_PROBES_H
#define BEGAT_ATTACH_PROBES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/config.h"
#include "attach/backend.h"
#include "attach/features.h"
#include "base/error.h"
#include "transport/transport.h"

struct probes;

struct probes_options {
	const char *backend; /* NULL = the best */
	const char *transport;
	bool needs_attempts; /* nothing but failed execs is asked for */
	size_t buffer_bytes;
	struct bpf_config config; /* without what the features decide */
	/*
	 * The maps are there and no hook is in yet: the time to make room for records. Called for
	 * each backend that is tried; @unloading before its maps go away again.
	 */
	int (*loaded)(void *ctx, struct probes *probes);
	void (*unloading)(void *ctx);
	/* Next are the hooks that see beginnings and ends. NULL is fine. */
	int (*hooking)(void *ctx, struct probes *probes);
	void *ctx;
};

int probes_open(const struct probes_options *opts, struct features *features, struct error *error,
		struct probes **ret_probes);
void probes_close(struct probes *probes);

/*
 * No hook records an event from now on. What has a time stamp from before the call has been
 * recorded, or is under way; all hooks end at nearly the same moment, where to detach them takes a
 * fifth of a second.
 */
void probes_stop(struct probes *probes);

/* Takes the hooks away; maps and what they hold stay until probes_close(). */
void probes_detach(struct probes *probes);

const struct backend *probes_backend(const struct probes *probes);
const struct transport_ops *probes_transport(const struct probes *probes);
/* How long loading and attaching took; of the backend that works. */
void probes_times(const struct probes *probes, uint64_t *ret_load_ns, uint64_t *ret_attach_ns);
const char *probes_fallback(const struct probes *probes); /* "" = got what is best */
bool probes_has_failed(const struct probes *probes); /* with a backend that this kernel has */

int probes_records_fd(const struct probes *probes); /* the ring buffer, or the perf event array */
uint32_t probes_cpus(const struct probes *probes); /* possible CPUs */
const struct cpu_counters *probes_counters(const struct probes *probes, uint32_t cpu);
struct reader_state *probes_reader(const struct probes *probes);

/* Process cache: follow from now on. Returns 0 or a negative errno. */
int probes_follow(struct probes *probes, uint32_t tgid, uint64_t start_ns);

/* From now on nothing that CONFIG.skip_classes names comes from there. 0 or a negative errno. */
int probes_skip_cgroup(struct probes *probes, uint64_t id);

/* The exit hook has seen its end: also if that record was lost. Of what began under our eyes. */
bool probes_has_exited(const struct probes *probes, uint32_t tgid, uint64_t start_ns);

bool probes_is_followed(const struct probes *probes, uint32_t tgid);

/* Removes entries of the dead after their window, on a machine too quiet for hooks to do it. */
void probes_sweep(struct probes *probes, uint64_t now_ns);
uint64_t probes_cache_count(const struct probes *probes);

/* Runs the task iterator. @callback gets a rec_snapshot of each process. -ENOTSUP without one. */
int probes_snapshot(struct probes *probes,
		    int (*callback)(void *ctx, const void *record, size_t size), void *ctx);
/* The same, and a rec_snapshot_thread of each further thread. Any thread may call this. */
int probes_snapshot_threads(struct probes *probes,
			    int (*callback)(void *ctx, const void *record, size_t size), void *ctx);

/* Sums of all programs: skipped runs (kernel's own count), and runs and ns if statistics are on. */
void probes_program_stats(const struct probes *probes, uint64_t *ret_missed, uint64_t *ret_runs,
			  uint64_t *ret_ns);

/* The @index-th of the loaded programs; its name lives as long as @attach. 0 or -ENOENT. */
int probes_program_at(const struct probes *probes, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns);

/* Kernel memory of all maps, by their own accounting; before 6.4 what they may take at most. */
uint64_t probes_memlock_of(int fd); /* of one map */
uint64_t probes_map_bytes(const struct probes *probes);

#endif
