/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/processes.c - see processes.h. */
#include "tracer/processes.h"

#include <errno.h>
#include <string.h>

#include "procfs/procfs.h"

#define STAT_BYTES (8 << 10)

struct list {
	const struct processes *processes;
	processes_callback callback;
	void *ctx;
	bool has_doubtful;
};

void processes_complete(const struct process_seen *seen, char *buf)
{
	struct begat_event *ev = seen->ev;
	struct procfs_facts facts;

	if (!seen->proc_pid || procfs_read(seen->proc_pid, buf, PROCESSES_FACTS_BYTES, &facts))
		return;
	if (facts.exe.len) {
		ev->exe = facts.exe;
		begat_fields_add(&ev->has, BEGAT_F_EXE);
	}
	if (facts.argv.bytes) {
		ev->argv = facts.argv;
		ev->argc = facts.argv.count;
		ev->argv_truncated = facts.argv_truncated;
		begat_fields_add(&ev->has, BEGAT_F_ARGV);
		begat_fields_add(&ev->has, BEGAT_F_ARGV_TRUNCATED);
		ev->argv_rewritten = facts.argv_rewritten;
		begat_fields_add(&ev->has, BEGAT_F_ARGV_REWRITTEN);
		if (!facts.argv_truncated && !facts.argv_rewritten)
			begat_fields_add(&ev->has, BEGAT_F_ARGC);
	}
	if (facts.cwd.len) {
		ev->cwd = facts.cwd;
		begat_fields_add(&ev->has, BEGAT_F_CWD);
	}
}

/* A process as /proc alone shows it: for sources without a list. */
static void event_from_facts(const struct processes *p, const struct procfs_facts *facts,
			     struct begat_event *ev)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TS_NS, BEGAT_F_TIME,
						  BEGAT_F_ID,	 BEGAT_F_PID,	BEGAT_F_TID,
						  BEGAT_F_PPID,	 BEGAT_F_COMM,	BEGAT_F_UID,
						  BEGAT_F_GID,	 BEGAT_F_EUID,	BEGAT_F_EGID,
						  BEGAT_F_SID,	 BEGAT_F_PGID };
	struct begat_process parent = { .size = sizeof(parent) };

	memset(ev, 0, sizeof(*ev));
	ev->size = sizeof(*ev);
	ev->type = BEGAT_SNAPSHOT;
	ev->ts_ns = clock_boot_ns();
	ev->time_ns = ev->ts_ns + p->source->realtime_offset_ns;
	ev->duration_ns = ev->ts_ns - facts->start_ns; /* how the table learns of the start */
	ev->tgid = ev->tid = facts->tgid;
	ev->parent_tgid = facts->parent_tgid;
	ev->id = p->source->ops->process_id(p->source, facts->tgid, facts->start_ns);
	ev->comm = facts->comm;
	ev->uid = facts->uid;
	ev->gid = facts->gid;
	ev->euid = facts->euid;
	ev->egid = facts->egid;
	ev->sid = facts->sid;
	ev->pgid = facts->pgid;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev->has, known[i]);
	if (!proctable_find_tgid(p->table, facts->parent_tgid, &parent)) {
		ev->parent_id = parent.id;
		begat_fields_add(&ev->has, BEGAT_F_PARENT_ID);
	}
}

/* Listed still, its exit hook past? */
static bool is_over(struct list *list, const struct source_process *process)
{
	const struct processes *p = list->processes;

	if (!process->is_exiting)
		return false;
	if (p->complete_ns && process->start_ns >= p->complete_ns)
		return p->source->ops->has_exited(p->source, process->tgid, process->start_ns);
	list->has_doubtful = true;
	return false;
}

static int visit_listed(void *ctx, const struct source_process *process)
{
	struct list *list = ctx;
	struct source *source = list->processes->source;
	struct begat_event ev;
	struct process_seen seen = { .ev = &ev,
				     .start_ns = process->start_ns,
				     .proc_pid = source->has_proc ? process->proc_pid : 0,
				     .is_new = process->is_new,
				     .is_in_exec = process->is_in_exec,
				     .exec_id = process->exec_id };

	if (is_over(list, process) || source->ops->describe(source, process, &ev))
		return 0;
	list->has_doubtful |= seen.is_new;
	return list->callback(list->ctx, &seen);
}

static int visit_proc(void *ctx, uint32_t tgid)
{
	struct list *list = ctx;
	char buf[STAT_BYTES];
	struct procfs_facts facts;
	struct begat_event ev;
	struct process_seen seen = { .ev = &ev, .proc_pid = tgid };

	if (procfs_read(tgid, buf, sizeof(buf), &facts))
		return 0; /* gone meanwhile */
	/* /proc gives start times in this process's time namespace. */
	facts.start_ns += (uint64_t)clock_boot_ahead_ns;
	seen.start_ns = facts.start_ns;
	event_from_facts(list->processes, &facts, &ev);
	return list->callback(list->ctx, &seen);
}

int processes_list(const struct processes *processes, processes_callback callback, void *ctx,
		   bool *ret_has_doubtful)
{
	struct list list = { processes, callback, ctx, false };
	struct source *source = processes->source;
	int err = source->ops->list(source, false, visit_listed, &list);

	if (err == -ENOTSUP)
		err = procfs_list(visit_proc, &list);
	if (ret_has_doubtful)
		*ret_has_doubtful = list.has_doubtful;
	return err;
}
