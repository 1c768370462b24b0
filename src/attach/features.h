/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/features.h - what this kernel can do, asked of the kernel itself, never of its version.
 *
 * Owns: the probes and their words for `begat doctor`. Not: choosing (probes.c), what a backend or a transport needs (its own file).
 */
#ifndef BEGAT_ATTACH_FEATURES_H
#define BEGAT_ATTACH_FEATURES_H

#include <stdbool.h>

#include "attach/view.h"

struct features {
	struct btf *btf; /* the kernel's, until object_shrink_btf() or features_done() */
	int part_fd; /* what is left of it; -1 = nothing */
	struct view view;
	bool has_btf;
	bool has_tp_btf; /* typed raw tracepoints for fork, exec, exit */
	bool has_loop; /* bpf_loop() */
	bool has_task_btf; /* the running task as a typed pointer */
	bool has_preemptible_tracepoints; /* and the means to hold the CPU in a program */
	bool has_global_functions; /* that the verifier looks at once */
	bool has_boot_clock;
	bool has_group_dead;
	bool has_task_iterator;
	bool has_map_allocator; /* hash maps need no preallocation in tracing programs */
	bool has_bpf_cap, has_perfmon_cap; /* CAP_SYS_ADMIN counts as both */
	bool lockdown_confidentiality;
	bool has_own_memlock_limit; /* maps are charged to RLIMIT_MEMLOCK (before 5.11) */
	char lockdown[64]; /* "none", "integrity", "confidentiality", or why unknown */
};

/* The capabilities are there, and yet the kernel takes no program from us. */
bool features_are_refused(const struct features *features);

/*
 * Programs and maps are charged to a limit (RLIMIT_MEMLOCK) that is not lifted: libbpf lifts it if we
 * may. The charges are the user's, so that another process of the user can have used it up.
 */
bool features_memlock_is_short(const struct features *features);

void features_probe(struct features *ret_features);
/* What was probed stays. */
void features_done(struct features *features);

#endif
