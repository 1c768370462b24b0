/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/push.h - what a tracer asks of a filter to keep events from leaving the kernel.
 */
#ifndef BEGAT_FILTER_PUSH_H
#define BEGAT_FILTER_PUSH_H

#include <begat/filter.h>

#include "filter/ast.h"

/* Writes @push->pushed anew, from the rest of it: a tracer may leave out what it cannot do. */
void filter_write_pushed(struct begat_filter_push *push);

/*
 * Tells what the hooks call the processes that under() names. @translate gives 0 and the number, or
 * a negative errno: then the number stays as it was typed.
 */
void filter_translate_pids(struct begat_filter *filter,
			   int (*translate)(void *ctx, uint32_t pid, uint32_t *ret_tgid),
			   void *ctx);

/* Is it a test of cgroup, or of what is read from its path? */
bool filter_reads_cgroup(const struct node *node);

/* Is it false of whatever happens in the cgroup of @ev? */
bool filter_excludes_cgroup(const struct begat_filter *filter, const struct begat_event *ev);

/* Is there a cgroup of which it is? Says no of some odd mixtures of `not`: a push less. */
bool filter_excludes_some_cgroup(const struct begat_filter *filter);

#endif
