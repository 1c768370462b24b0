/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/usage.c - the CPU time of all living processes, read at one moment.
 *
 * Owns:    begat_usage_read() and begat_usage_first(): the source's figures, or those of /proc.
 * Not:     CPU time of processes that have ended (their exits), what two readings mean (trace/).
 *
 * The source visits each thread once. A process's figure is the sum of its living threads' and
 * of what its leader's visit says of those that are gone; so it counts no thread twice, and a
 * thread that ends between the two visits is left out of this reading alone.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "event/cpu_time.h"
#include "procfs/procfs.h"
#include "tracer/tracer.h"

struct thread_usage {
	uint64_t start_ns, utime_ns, stime_ns, runtime_ns;
	uint32_t tgid;
	bool is_leader;
};

struct usage_readings {
	struct thread_usage *threads;
	size_t count, room;
	bool has_ids;
	uint64_t ts_ns, machine_ns;
};

static int add(struct usage_readings *r, const struct thread_usage *thread)
{
	if (r->count == r->room) {
		size_t room = r->room ? r->room * 2 : 1024;
		struct thread_usage *more = reallocarray(r->threads, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->threads = more;
		r->room = room;
	}
	r->threads[r->count++] = *thread;
	return 0;
}

static int take_thread(void *ctx, const struct source_process *process)
{
	struct thread_usage thread = { .start_ns = process->start_ns,
				       .utime_ns = process->utime_ns,
				       .stime_ns = process->stime_ns,
				       .runtime_ns = process->runtime_ns,
				       .tgid = process->tgid,
				       .is_leader = !process->is_thread };

	return add(ctx, &thread);
}

static int take_pid(void *ctx, uint32_t tgid)
{
	struct thread_usage process = { .tgid = tgid, .is_leader = true };

	if (procfs_read_usage(tgid, &process.utime_ns, &process.stime_ns))
		return 0; /* gone meanwhile */
	return add(ctx, &process);
}

/* By process, its leader first. */
static int by_process(const void *a, const void *b)
{
	const struct thread_usage *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (int)y->is_leader - (int)x->is_leader;
}

/* Where /proc has other pids than the kernel, its figures cannot be assigned. */
static int read_threads(struct source *source, struct usage_readings *r)
{
	int err;

	r->ts_ns = clock_boot_ns();
	r->machine_ns = procfs_read_machine();
	err = source->ops->list(source, true, take_thread, r);
	r->has_ids = !err;
	if (err && err != -ENOMEM && !source->translates_pids) {
		r->count = 0;
		err = procfs_list(take_pid, r);
	} else if (err && err != -ENOMEM) {
		err = -ENOTSUP;
	}
	if (!err)
		qsort(r->threads, r->count, sizeof(*r->threads), by_process);
	return err;
}

/* @usage has room for as many processes as there are threads. */
static void sum_up(const struct source *source, const struct usage_readings *r,
		   struct begat_usage *usage, struct begat_usage_process *processes)
{
	for (size_t i = 0, next; i < r->count; i = next) {
		struct thread_usage sum = r->threads[i];

		for (next = i + 1; next < r->count && r->threads[next].tgid == sum.tgid &&
				   r->threads[next].start_ns == sum.start_ns;
		     next++) {
			sum.utime_ns += r->threads[next].utime_ns;
			sum.stime_ns += r->threads[next].stime_ns;
			sum.runtime_ns += r->threads[next].runtime_ns;
		}
		if (!sum.is_leader) /* it ended just now: its exit tells more */
			continue;
		cpu_time_split(&sum.utime_ns, &sum.stime_ns, sum.runtime_ns);
		processes[usage->count++] = (struct begat_usage_process){
			.id = r->has_ids ? source->ops->process_id(source, sum.tgid, sum.start_ns)
					 : 0,
			.utime_ns = sum.utime_ns,
			.stime_ns = sum.stime_ns,
			.tgid = sum.tgid,
		};
	}
}

static int make_usage(const struct source *source, const struct usage_readings *r,
		      struct begat_usage **ret_usage)
{
	struct begat_usage *usage =
		calloc(1, sizeof(*usage) + r->count * sizeof(struct begat_usage_process));
	struct begat_usage_process *processes;

	if (!usage)
		return -ENOMEM;
	processes = (void *)(usage + 1);
	*usage = (struct begat_usage){ .size = sizeof(*usage),
				       .ts_ns = r->ts_ns,
				       .machine_ns = r->machine_ns,
				       .processes = processes };
	sum_up(source, r, usage, processes);
	*ret_usage = usage;
	return 0;
}

BEGAT_API int begat_usage_read(const struct begat *b, struct begat_usage **ret_usage)
{
	struct usage_readings r = { 0 };
	int err = source_is_open(b->source) ? read_threads(b->source, &r) : -EINVAL;

	if (!err)
		err = make_usage(b->source, &r, ret_usage);
	free(r.threads);
	return err;
}

/* A backend may be tried in vain before the one that works: the last reading holds. */
void usage_note(void *ctx, struct source *source)
{
	struct begat *b = ctx;

	usage_drop(b->first_usage);
	b->first_usage = calloc(1, sizeof(*b->first_usage));
	if (b->first_usage && read_threads(source, b->first_usage) < 0) {
		usage_drop(b->first_usage);
		b->first_usage = NULL;
	}
}

void usage_drop(struct usage_readings *readings)
{
	if (readings)
		free(readings->threads);
	free(readings);
}

BEGAT_API int begat_usage_first(const struct begat *b, struct begat_usage **ret_usage)
{
	return b->first_usage && source_is_open(b->source)
		       ? make_usage(b->source, b->first_usage, ret_usage)
		       : -EINVAL;
}

BEGAT_API void begat_usage_free(struct begat_usage *usage)
{
	free(usage);
}
