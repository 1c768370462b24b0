/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/pids.h - from a pid that the user sees to the one that events have.
 *
 * Owns:    from a thread to its process; the translation where the tracer is in a PID namespace of
 *          its own. The source's list tells both numbers of each process in that namespace.
 * Not:     which processes are followed (start.h).
 *
 * What the user sees is what kill(2) takes. A number that it does not know may come from a /proc
 * that shows another namespace, as `unshare --pid` without --mount-proc leaves it.
 */
#ifndef BEGAT_TRACER_PIDS_H
#define BEGAT_TRACER_PIDS_H

#include "source/source.h"

/* The events' number for what the user calls @pid. 0, -ESRCH or a negative errno. */
int pids_find(struct source *source, pid_t pid, uint32_t *ret_tgid);

/* The pids in under(); NULL is fine. */
void pids_resolve_threads(struct begat_filter *filter); /* before the source is there */
void pids_translate_filter(struct begat_filter *filter, struct source *source);

#endif
