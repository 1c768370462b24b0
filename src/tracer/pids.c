/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/pids.c - from a pid that the user sees to the one that the kernel's hooks see.
 *
 * Owns:    from a thread to its process; the translation where the tracer is in a PID namespace of
 *          its own. The task iterator tells both numbers of each process in that namespace.
 * Not:     which processes are followed (heal.c).
 *
 * What the user sees is what kill(2) takes. A number that it does not know may come from a /proc
 * that shows another namespace, as `unshare --pid` without --mount-proc leaves it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/api.h"
#include "filter/push.h"
#include "tracer/tracer.h"

struct search {
	uint32_t pid;
	uint32_t by_reader, by_proc; /* tgids; 0 = not found */
	bool is_proc_outermost;
};

static int look_at(void *ctx, const void *record, size_t size)
{
	const struct rec_snapshot *rec = record;
	struct search *search = ctx;

	/* A process of the first level of /proc has that number in the kernel too. */
	if (rec->identity.tgid != rec->proc_pid)
		search->is_proc_outermost = false;
	if (rec->reader_pid == search->pid)
		search->by_reader = rec->identity.tgid;
	if (rec->proc_pid == search->pid)
		search->by_proc = rec->identity.tgid;
	return 0;
}

static bool is_in_proc(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return !access(path, F_OK);
}

/* /proc shows the namespace that we are in: else its numbers are those of other processes. */
static bool is_own_proc(void)
{
	char self[16];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n < 0)
		return false;
	self[n] = 0;
	return atoi(self) == getpid();
}

static pid_t process_of_thread(pid_t tid)
{
	char path[32], line[128];
	pid_t tgid = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	status = is_own_proc() ? fopen(path, "re") : NULL;
	if (!status)
		return -ESRCH;
	while (!tgid && fgets(line, sizeof(line), status))
		if (!strncmp(line, "Tgid:", 5))
			tgid = atoi(line + 5);
	fclose(status);
	return tgid > 0 ? tgid : -ESRCH;
}

BEGAT_API pid_t begat_process_of(pid_t id)
{
	if (id <= 0)
		return -ESRCH;
	/* kill(2) takes the number of a thread for its process; tgkill(2) does not. */
	if (!syscall(SYS_tgkill, id, id, 0) || errno != ESRCH)
		return id;
	if (!kill(id, 0) || errno != ESRCH)
		return process_of_thread(id);
	return is_in_proc(id) ? id : -ESRCH;
}

bool pids_are_translated(const struct begat *b)
{
	return b->features.view.pid_ns != VIEW_INITIAL && b->features.has_task_iterator;
}

int pids_find(struct begat *b, pid_t pid, uint32_t *ret_tgid)
{
	struct search search = { .is_proc_outermost = true };
	int err;

	pid = begat_process_of(pid);
	if (pid < 0)
		return pid;
	search.pid = (uint32_t)pid;
	if (!pids_are_translated(b)) {
		*ret_tgid = (uint32_t)pid;
		return 0;
	}
	err = probes_snapshot(b->probes, look_at, &search);
	if (err == -ENOTSUP) { /* rejected at load, which probes_fallback() says */
		*ret_tgid = (uint32_t)pid;
		return 0;
	}
	if (err)
		return err;
	*ret_tgid = search.by_reader;
	if (!*ret_tgid && b->features.view.has_proc)
		*ret_tgid = search.by_proc;
	/* Outside of our namespace, which is all that the iterator lists. */
	if (!*ret_tgid && b->features.view.has_proc && search.is_proc_outermost && is_in_proc(pid))
		*ret_tgid = (uint32_t)pid;
	return *ret_tgid ? 0 : -ESRCH;
}

static int translate(void *ctx, uint32_t pid, uint32_t *ret_tgid)
{
	return pids_find(ctx, (pid_t)pid, ret_tgid);
}

void pids_translate_filter(struct begat *b)
{
	if (b->where && pids_are_translated(b))
		filter_translate_pids((struct begat_filter *)b->where, translate, b);
}

static int process_of(void *ctx, uint32_t pid, uint32_t *ret_tgid)
{
	pid_t tgid = begat_process_of((pid_t)pid);

	*ret_tgid = (uint32_t)tgid;
	return tgid < 0 ? tgid : 0;
}

void pids_resolve_threads(struct begat *b)
{
	if (b->where)
		filter_translate_pids((struct begat_filter *)b->where, process_of, NULL);
}

BEGAT_API int begat_translate_pid(struct begat *b, pid_t pid, uint32_t *ret_tgid)
{
	int err = b->probes ? pids_find(b, pid, ret_tgid) : -ESRCH;

	error_clear(&b->error);
	return err ? error_set(&b->error, err, "there is no process %d", (int)pid) : 0;
}
