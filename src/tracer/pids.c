/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/pids.c - see pids.h. */
#include "tracer/pids.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/api.h"
#include "filter/pushdown.h"

struct search {
	uint32_t pid;
	uint32_t by_reader, by_proc; /* tgids; 0 = not found */
	bool is_proc_outermost;
};

static int look_at(void *ctx, const struct source_process *process)
{
	struct search *search = ctx;

	/* A process of the first level of /proc has that number in the kernel too. */
	if (process->tgid != process->proc_pid)
		search->is_proc_outermost = false;
	if (process->reader_pid == search->pid)
		search->by_reader = process->tgid;
	if (process->proc_pid == search->pid)
		search->by_proc = process->tgid;
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

int pids_find(struct source *source, pid_t pid, uint32_t *ret_tgid)
{
	struct search search = { .is_proc_outermost = true };
	int err;

	pid = begat_process_of(pid);
	if (pid < 0)
		return pid;
	search.pid = (uint32_t)pid;
	if (!source->translates_pids) {
		*ret_tgid = (uint32_t)pid;
		return 0;
	}
	err = source->ops->list(source, false, look_at, &search);
	if (err == -ENOTSUP) { /* rejected at load, which begat_stats.fallback says */
		*ret_tgid = (uint32_t)pid;
		return 0;
	}
	if (err)
		return err;
	*ret_tgid = search.by_reader;
	if (!*ret_tgid && source->has_proc)
		*ret_tgid = search.by_proc;
	/* Outside of our namespace, which is all that the iterator lists. */
	if (!*ret_tgid && source->has_proc && search.is_proc_outermost && is_in_proc(pid))
		*ret_tgid = (uint32_t)pid;
	return *ret_tgid ? 0 : -ESRCH;
}

static int translate(void *ctx, uint32_t pid, uint32_t *ret_tgid)
{
	return pids_find(ctx, (pid_t)pid, ret_tgid);
}

void pids_translate_filter(struct begat_filter *filter, struct source *source)
{
	if (filter && source->translates_pids)
		filter_translate_pids(filter, translate, source);
}

static int process_of(void *ctx, uint32_t pid, uint32_t *ret_tgid)
{
	pid_t tgid = begat_process_of((pid_t)pid);

	*ret_tgid = (uint32_t)tgid;
	return tgid < 0 ? tgid : 0;
}

void pids_resolve_threads(struct begat_filter *filter)
{
	if (filter)
		filter_translate_pids(filter, process_of, NULL);
}
