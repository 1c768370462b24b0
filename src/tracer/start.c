/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/start.c - see start.h. */
#include "tracer/start.h"

#include <errno.h>
#include <stdlib.h>

struct snapshot {
	const struct processes *processes;
	const struct scope *scope;
	const struct start_sink *sink;
	char *facts_buf;
};

static int apply_running(void *ctx, const struct process_seen *seen)
{
	const struct snapshot *snapshot = ctx;
	struct proctable *table = snapshot->processes->table;

	if (seen->is_new)
		return 0; /* its fork is on its way */
	processes_complete(seen, snapshot->facts_buf);
	if (proctable_apply(table, seen->ev) < 0)
		return -ENOMEM;
	if (scope_includes(snapshot->scope, seen->ev))
		proctable_report(table, seen->ev->id);
	return 0;
}

static int deliver_running(void *ctx, const struct process_seen *seen)
{
	const struct snapshot *snapshot = ctx;

	if (seen->is_new || seen->start_ns >= snapshot->processes->complete_ns)
		return 0; /* it was not there before: its fork is on its way */
	processes_complete(seen, snapshot->facts_buf);
	return scope_follows(snapshot->scope, seen->ev)
		       ? snapshot->sink->deliver(snapshot->sink->ctx, seen->ev)
		       : 0;
}

int start_snapshot(const struct processes *processes, const struct scope *scope,
		   const struct start_sink *sink, bool *ret_has_doubtful)
{
	struct snapshot snapshot = { processes, scope, sink, malloc(PROCESSES_FACTS_BYTES) };
	int err = -ENOMEM;

	*ret_has_doubtful = false;
	source_follow_clock(processes->source);
	if (snapshot.facts_buf)
		err = processes_list(processes, sink ? deliver_running : apply_running, &snapshot,
				     ret_has_doubtful);
	free(snapshot.facts_buf);
	return err;
}

struct trees {
	struct source *source;
	uint32_t added; /* in this look */
};

static int follow_child(void *ctx, const struct process_seen *seen)
{
	struct trees *trees = ctx;
	struct source *source = trees->source;

	if (source->ops->is_followed(source, seen->ev->tgid) ||
	    !source->ops->is_followed(source, seen->ev->parent_tgid))
		return 0;
	trees->added++;
	return source->ops->follow(source, seen->ev->tgid);
}

/*
 * Until a look finds no new process: the next look sees a process forked before its parent was
 * marked; the source marks those forked after that.
 */
int start_follow_trees(const struct processes *processes)
{
	struct trees trees = { .source = processes->source };
	int err;

	do {
		trees.added = 0;
		err = processes_list(processes, follow_child, &trees, NULL);
	} while (!err && trees.added);
	return err;
}
