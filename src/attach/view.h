/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/view.h - this process as the kernel's hooks see it.
 *
 * Owns:    asking the kernel for our tgid and for its boot clock. In a PID namespace getpid()
 *          is another number, in a time namespace clock_gettime() another time.
 * Called:  by features.c, once for each open.
 */
#ifndef BEGAT_ATTACH_VIEW_H
#define BEGAT_ATTACH_VIEW_H

#include <stdbool.h>
#include <stdint.h>

enum view_namespace {
	VIEW_UNKNOWN = 0, /* /proc does not tell */
	VIEW_INITIAL = 1, /* the first one, which the kernel's own numbers are of */
	VIEW_OTHER = 2,
};

struct view {
	int error; /* 0; else the negative errno of the kernel, and the two below are guesses */
	uint32_t own_tgid;
	int64_t boot_ahead_ns; /* the kernel's boot clock minus ours */
	enum view_namespace pid_ns, user_ns, time_ns;
	bool has_proc; /* /proc knows this process */
	bool has_sys;
	/* Levels between the PID namespace that /proc shows and our own. */
	uint32_t proc_levels_up;
};

void view_read(struct view *ret_view);

#endif
