/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/backend.h - what a backend is: a way of seeing exec attempts.
 *
 * Owns: the table of them. One file defines one, and a line in backends.def lists it.
 * Not:  which one is used (probes.c), forks, execs that succeed and exits, which every backend
 *       shares (lifecycle.c).
 */
#ifndef BEGAT_ATTACH_BACKEND_H
#define BEGAT_ATTACH_BACKEND_H

#include <begat/begat.h>

#include "base/error.h"

struct probes;

struct backend {
	const char *name; /* for --backend; its BPF programs are NAME__EVENT */
	bool sees_attempts; /* else it is for want of a better one, and the self-test proves nothing */
	/* 0, or a negative errno with the reason and the next step in @error. NULL: always. */
	int (*is_possible)(struct error *error);
	/* Attaches the programs that were loaded. As is_possible(). NULL: there are none. */
	int (*attach)(struct probes *probes, struct error *error);
	/* All but size, for `begat doctor`. NULL: it needs nothing that a kernel may lack. */
	void (*explain)(struct begat_probe *ret_probe);
};

extern const struct backend *const backends[]; /* best first, NULL-ended */

const struct backend *backend_find(const char *name); /* NULL = none of that name */

#endif
