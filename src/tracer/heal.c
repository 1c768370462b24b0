/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/heal.c - the table and the machine brought together: at start, and after a loss.
 *
 * Owns: the snapshot of what already runs, following trees that exist already, synthetic events.
 *
 * Healing, in two steps, because the machine goes on meanwhile:
 *   1. with the buffer empty, note the time and list what lives;
 *   2. drain what has happened since, then compare. A live process that predates step 1 but is not
 *      in the table had its fork lost. One that is in the table since before step 1, is not listed
 *      and has no exit in the stream had its exit lost. One with another image had its exec lost.
 * A dead process with a lost fork gets a synthetic fork before its first event.
 *
 * Between the exit hook and the moment from which the kernel lists a process no more lies all that
 * the exit has still to do: there it is listed, and no event of it is to come. The kernel's cache
 * knows the hook is past, for those that began under our eyes; for others the next look will tell.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/procfs.h"
#include "tracer/tracer.h"

#define HEAL_DRAIN_MAX (1 << 20)
#define HELD_UP_NS 10000000ull /* for so long a record may stay unwritten */

#define COMM_BYTES 16

struct living {
	uint64_t id, start_ns;
	uint32_t tgid;
	char comm[COMM_BYTES];
};

struct process_list {
	struct begat *b;
	struct living *living;
	size_t count, room;
	uint64_t taken_ns; /* before the first was listed */
	bool has_doubtful; /* one is exiting: nobody can say whether its exit hook is past */
	uint32_t proc_pid; /* of the one that is visited, in /proc; 0 = it is not there */
	char *facts_buf;
};

#define FACTS_BYTES (16 << 10)

/* How soon a doubtful one is looked at again: an exit is over in less, as a rule. Then doubled. */
#define DOUBT_NS 100000000ull

static void complete_from_proc(struct process_list *process_list, struct begat_event *ev)
{
	struct procfs_facts facts;

	if (!process_list->proc_pid ||
	    procfs_read(process_list->proc_pid, process_list->facts_buf, FACTS_BYTES, &facts))
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

/* A process as /proc alone tells of it: for kernels without a task iterator. */
static void event_from_facts(struct begat *b, const struct procfs_facts *facts,
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
	ev->ts_ns = tracer_now_ns();
	ev->time_ns = ev->ts_ns + b->realtime_offset_ns;
	ev->duration_ns = ev->ts_ns - facts->start_ns; /* how the table learns of the start */
	ev->tgid = ev->tid = facts->tgid;
	ev->parent_tgid = facts->parent_tgid;
	ev->id = decode_process_id(b->decoder, facts->tgid, facts->start_ns);
	ev->comm = facts->comm;
	ev->uid = facts->uid;
	ev->gid = facts->gid;
	ev->euid = facts->euid;
	ev->egid = facts->egid;
	ev->sid = facts->sid;
	ev->pgid = facts->pgid;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev->has, known[i]);
	if (!proctable_find_tgid(b->table, facts->parent_tgid, &parent)) {
		ev->parent_id = parent.id;
		begat_fields_add(&ev->has, BEGAT_F_PARENT_ID);
	}
}

typedef int (*heal_callback)(struct process_list *process_list, struct begat_event *ev,
			     uint64_t start_ns);

struct visit {
	struct process_list *process_list;
	heal_callback callback;
};

/* Listed still, its exit hook past? */
static bool is_over(struct process_list *process_list, const struct rec_snapshot *rec)
{
	const struct begat *b = process_list->b;

	if (!(rec->flags & REC_SNAPSHOT_EXITING))
		return false;
	if (b->complete_ns && rec->identity.start_ns >= b->complete_ns)
		return probes_has_exited(b->probes, rec->identity.tgid, rec->identity.start_ns);
	process_list->has_doubtful = true;
	return false;
}

static int visit_record(void *ctx, const void *record, size_t size)
{
	struct visit *visit = ctx;
	const struct rec_snapshot *rec = record;
	struct begat_event ev;

	if (is_over(visit->process_list, rec))
		return 0;
	if (decode_record(visit->process_list->b->decoder, record, size, &ev) != 1)
		return 0;
	visit->process_list->proc_pid =
		visit->process_list->b->features.view.has_proc ? rec->proc_pid : 0;
	return visit->callback(visit->process_list, &ev, rec->identity.start_ns);
}

static int visit_proc(void *ctx, uint32_t tgid)
{
	struct visit *visit = ctx;
	char buf[8 << 10];
	struct procfs_facts facts;
	struct begat_event ev;

	if (procfs_read(tgid, buf, sizeof(buf), &facts))
		return 0; /* gone meanwhile */
	/* /proc gives start times in this process's time namespace. */
	facts.start_ns += (uint64_t)clock_boot_ahead_ns;
	visit->process_list->proc_pid = tgid;
	event_from_facts(visit->process_list->b, &facts, &ev);
	return visit->callback(visit->process_list, &ev, facts.start_ns);
}

/* Each process that lives now, as a snapshot event without exe and argv. */
static int for_each_living(struct process_list *process_list, heal_callback callback)
{
	struct visit visit = { process_list, callback };
	int err = probes_snapshot(process_list->b->probes, visit_record, &visit);

	return err == -ENOTSUP ? procfs_list(visit_proc, &visit) : err;
}

static bool is_followed(struct begat *b, const struct begat_event *ev)
{
	return !b->follow || probes_is_followed(b->probes, ev->tgid);
}

/*
 * Would this one be reported, as far as user space can know? Others get no synthetic events.
 * A snapshot has no cgroups: for those, a process counts if one of them forked it.
 */
static bool is_in_scope(struct begat *b, const struct begat_event *ev)
{
	bool has_uid = !(b->admit & CONFIG_ADMIT_UID);

	for (uint32_t i = 0; i < b->uids_count && !has_uid; i++)
		has_uid = b->uids[i] == ev->uid;
	if (!has_uid || !is_followed(b, ev))
		return false;
	return !(b->admit & CONFIG_ADMIT_CGROUP) || proctable_is_reported(b->table, ev->id) ||
	       proctable_is_reported(b->table, ev->parent_id);
}

static int apply_living(struct process_list *process_list, struct begat_event *ev,
			uint64_t start_ns)
{
	struct begat *b = process_list->b;

	complete_from_proc(process_list, ev);
	if (proctable_apply(b->table, ev) < 0)
		return -ENOMEM;
	if (is_in_scope(b, ev))
		proctable_report(b->table, ev->id);
	return 0;
}

static int deliver_living(struct process_list *process_list, struct begat_event *ev,
			  uint64_t start_ns)
{
	if (start_ns >=
	    process_list->b->complete_ns) /* it was not there before: its fork is on its way */
		return 0;
	complete_from_proc(process_list, ev);
	return is_followed(process_list->b, ev) ? tracer_deliver(process_list->b, ev) : 0;
}

static void look_again(struct begat *b, bool has_doubtful)
{
	b->doubt_wait_ns = !has_doubtful ? 0 : b->doubt_wait_ns ? 2 * b->doubt_wait_ns : DOUBT_NS;
	b->doubt_due_ns = has_doubtful ? tracer_now_ns() + b->doubt_wait_ns : UINT64_MAX;
}

int heal_snapshot(struct begat *b, bool deliver)
{
	struct process_list process_list = { .b = b, .facts_buf = malloc(FACTS_BYTES) };
	int err = -ENOMEM;

	tracer_follow_clock(b);
	if (process_list.facts_buf)
		err = for_each_living(&process_list, deliver ? deliver_living : apply_living);
	free(process_list.facts_buf);
	look_again(b, process_list.has_doubtful);
	return err;
}

static int follow_child(struct process_list *process_list, struct begat_event *ev,
			uint64_t start_ns)
{
	if (probes_is_followed(process_list->b->probes, ev->tgid) ||
	    !probes_is_followed(process_list->b->probes, ev->parent_tgid))
		return 0;
	process_list->count++;
	return probes_follow(process_list->b->probes, ev->tgid, 0);
}

/*
 * Until a look finds no new process: the next look sees a process forked before its parent was
 * marked; the kernel side marks those forked after that.
 */
int heal_follow_trees(struct begat *b)
{
	struct process_list process_list = { .b = b };
	int err = 0;

	for (size_t i = 0; i < b->pids_count && !err; i++) {
		err = begat_follow(b, b->pids[i]);
		if (err == -ESRCH && b->may_be_gone)
			err = error_set(&b->error, 0, "%s", "");
	}
	do {
		process_list.count = 0;
		if (!err)
			err = for_each_living(&process_list, follow_child);
	} while (!err && process_list.count);
	return err;
}

static int note_living(struct process_list *process_list, struct begat_event *ev, uint64_t start_ns)
{
	if (process_list->count == process_list->room) {
		size_t room = process_list->room ? process_list->room * 2 : 1024;
		struct living *more = realloc(process_list->living, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		process_list->living = more;
		process_list->room = room;
	}

	struct living *living = &process_list->living[process_list->count++];

	*living = (struct living){ .id = ev->id, .start_ns = start_ns, .tgid = ev->tgid };
	if (ev->comm.len < sizeof(living->comm))
		memcpy(living->comm, ev->comm.data, ev->comm.len);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct living *)a)->id, y = ((const struct living *)b)->id;

	return x < y ? -1 : x > y;
}

static int deliver_synthetic(struct begat *b, struct begat_event *ev, enum begat_event_type type)
{
	ev->type = type;
	ev->synthetic = true;
	begat_fields_add(&ev->has, BEGAT_F_SYNTHETIC);
	b->synthetic++;
	return tracer_deliver(b, ev);
}

int heal_introduce(struct begat *b, const struct begat_event *first)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TIME,	    BEGAT_F_TS_NS,
						  BEGAT_F_ID,	 BEGAT_F_PID,	    BEGAT_F_TID,
						  BEGAT_F_PPID,	 BEGAT_F_PARENT_ID, BEGAT_F_COMM,
						  BEGAT_F_UID,	 BEGAT_F_GID,	    BEGAT_F_EUID,
						  BEGAT_F_EGID,	 BEGAT_F_LOGINUID,  BEGAT_F_SID,
						  BEGAT_F_PGID };
	struct begat_event ev = *first;

	memset(&ev.has, 0, sizeof(ev.has));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begat_event_has(first, known[i]))
			begat_fields_add(&ev.has, known[i]);
	ev.tid = ev.tgid;
	return deliver_synthetic(b, &ev, BEGAT_FORK);
}

static bool is_same(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	return a_bytes == b_bytes && !memcmp(a, b, a_bytes);
}

/*
 * Is what runs now another image than the one that is known? A name alone may be another without
 * an exec. Not if it got it since step 1: then its exec is in the stream, or the next loss.
 */
static bool has_execed(const struct process_list *process_list, const struct begat_event *ev)
{
	struct begat_process known = { .size = sizeof(known) };
	struct living key = { .id = ev->id };
	const struct living *before =
		bsearch(&key, process_list->living, process_list->count, sizeof(key), by_id);

	if (!before || !is_same(before->comm, strlen(before->comm), ev->comm.data, ev->comm.len) ||
	    !begat_event_has(ev, BEGAT_F_ARGV) ||
	    proctable_find_id(process_list->b->table, ev->id, &known) || known.exited)
		return false;
	if (!known.exe.len && !known.argv.bytes)
		return true;
	if (!is_same(known.exe.data, known.exe.len, ev->exe.data, ev->exe.len))
		return true;
	/* A title has been put in the place of the arguments: they tell nothing. */
	return !ev->argv_rewritten &&
	       !is_same(known.argv.data, known.argv.bytes, ev->argv.data, ev->argv.bytes);
}

/* Step 2 for one that lives: is it known, and is its image? */
static int heal_living(struct process_list *process_list, struct begat_event *ev, uint64_t start_ns)
{
	struct begat *b = process_list->b;
	struct begat_process known = { .size = sizeof(known) };
	bool is_known = !proctable_find_id(b->table, ev->id, &known);
	int err = 0;

	if (start_ns >= process_list->taken_ns || !is_in_scope(b, ev))
		return 0;
	if (is_known && is_same(known.comm.data, known.comm.len, ev->comm.data, ev->comm.len))
		return 0;
	complete_from_proc(process_list, ev);
	if (!is_known)
		err = deliver_synthetic(b, ev, BEGAT_FORK);
	return err || !has_execed(process_list, ev) ? err : deliver_synthetic(b, ev, BEGAT_EXEC);
}

/*
 * In a PID namespace the list is of that namespace alone. What the first list had is of it; of a
 * process that began under our eyes the exit hook knows; of others nobody.
 */
static bool is_list_of(const struct begat *b, const struct begat_process *process)
{
	if (!pids_are_translated(b) || process->was_there_before)
		return true;
	return process->start_ns >= b->complete_ns &&
	       probes_has_exited(b->probes, process->tgid, process->start_ns);
}

static int note_gone(void *ctx, const struct begat_process *process)
{
	struct process_list *gone = ctx, *living = gone + 1;
	struct living key = { .id = process->id };
	struct begat_event ev = { .id = process->id, .tgid = process->tgid };

	if (!is_list_of(gone->b, process))
		return 0;
	if (process->start_ns >= living->taken_ns ||
	    !proctable_is_reported(gone->b->table, process->id) ||
	    bsearch(&key, living->living, living->count, sizeof(key), by_id))
		return 0;
	return note_living(gone, &ev, process->start_ns);
}

static int deliver_gone(struct begat *b, const struct living *gone)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TIME, BEGAT_F_TS_NS,
						  BEGAT_F_ID,	 BEGAT_F_PID,  BEGAT_F_TID };
	struct begat_event ev = { .size = sizeof(ev) };

	ev.ts_ns = tracer_now_ns();
	ev.time_ns = ev.ts_ns + b->realtime_offset_ns;
	ev.id = gone->id;
	ev.tgid = ev.tid = gone->tgid;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev.has, known[i]);
	return deliver_synthetic(b, &ev, BEGAT_EXIT);
}

/*
 * All that was begun until now, or -EAGAIN. A record that is not yet written hides those behind it;
 * its CPU may be interrupted, and a virtual one may even have been taken away.
 */
static int drain_all(struct begat *b)
{
	uint64_t end_ns = tracer_now_ns() + HELD_UP_NS;
	int err;

	for (;;) {
		err = tracer_drain(b, HEAL_DRAIN_MAX);
		if (err < 0 || !b->transport_ops->is_held_up(b->transport))
			return err;
		if (tracer_now_ns() >= end_ns)
			return -EAGAIN;
		sched_yield();
	}
}

static int heal_with(struct process_list process_list[2])
{
	struct process_list *gone = &process_list[0], *living = &process_list[1];
	struct begat *b = living->b;
	int err;

	living->taken_ns = tracer_now_ns();
	err = for_each_living(living, note_living);
	if (err)
		return err;
	qsort(living->living, living->count, sizeof(*living->living), by_id);
	err = drain_all(b);
	if (err < 0)
		return err;
	err = proctable_for_each_alive(b->table, note_gone, process_list);
	for (size_t i = 0; i < gone->count && !err; i++)
		err = deliver_gone(b, &gone->living[i]);
	return err ? err : for_each_living(living, heal_living);
}

int heal_table(struct begat *b)
{
	struct process_list process_list[2] = { { .b = b },
						{ .b = b, .facts_buf = malloc(FACTS_BYTES) } };
	uint64_t losses = stats_losses(b); /* those that come meanwhile are for the next time */
	int err = -ENOMEM;

	if (process_list[1].facts_buf)
		err = heal_with(process_list);
	/* An interrupt or a record that stays unwritten ends it halfway: then it is due as before. */
	if (!err)
		b->losses_healed = losses;
	b->heal_due = err;
	if (err == -EAGAIN)
		err = 0;
	look_again(b, process_list[1].has_doubtful);
	free(process_list[0].living);
	free(process_list[1].living);
	free(process_list[1].facts_buf);
	return err == -ENOMEM ? error_set(&b->error, err, "out of memory") : err;
}
