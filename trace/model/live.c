/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/live.c - the model of events as they come, without a file.
 *
 * Owns:    begat_live_*: the rules of store/write/row_from_event.c, with rows that stay in memory.
 * Not:     linking (link.c), which is the same for a recording.
 *
 * Invariants
 *  (1) The table is that of a recording of the same events, as far as the bounds of
 *      begat_live_options allow.
 *  (2) What has no room is counted as lost, by type of event; a text that has no room is absent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "model/model.h"
#include "store/read/reader.h"

#define PROCESSES_MAX (1u << 20)
#define EXECS_MAX (1u << 22)
#define TEXTS_BYTES_MAX (64u << 20)
#define TYPES 8 /* of events, and more */

struct begat_live {
	struct begat_live_options opts;
	struct model *model;
	struct id_map by_id; /* the latest row of an id */
	struct string_table contexts; /* number n is context n - 1 */
	uint64_t n; /* of the last event */
	uint64_t beyond[TYPES]; /* events without room */
	struct begat_trace_info info;
};

BEGAT_API int begat_live_new(const struct begat_live_options *opts, struct begat_live **ret_live)
{
	struct begat_live *live = calloc(1, sizeof(*live));

	if (live)
		live->model = model_new();
	if (!live || !live->model) {
		begat_live_free(live);
		return -ENOMEM;
	}
	if (opts && !opts_copy(&live->opts, sizeof(live->opts), opts)) {
		begat_live_free(live);
		return -EINVAL;
	}
	if (!live->opts.processes_max)
		live->opts.processes_max = PROCESSES_MAX;
	if (!live->opts.execs_max)
		live->opts.execs_max = EXECS_MAX;
	if (!live->opts.texts_bytes_max)
		live->opts.texts_bytes_max = TEXTS_BYTES_MAX;
	*ret_live = live;
	return 0;
}

BEGAT_API void begat_live_free(struct begat_live *live)
{
	if (!live)
		return;
	model_free(live->model);
	id_map_done(&live->by_id);
	string_table_done(&live->contexts);
	free(live);
}

/* 0 or -ENOMEM; @field: *ret_text stays 0 where the event does not have it. */
static int take_text(struct begat_live *live, const struct begat_event *ev, enum begat_field field,
		     const char *data, size_t len, uint32_t *ret_text)
{
	if (!begat_event_has(ev, field) ||
	    live->model->texts.bytes + len > live->opts.texts_bytes_max)
		return 0;
	return model_add_text(live->model, data, len, ret_text);
}

#define TAKE_STR(live, ev, FIELD, member, to) \
	take_text(live, ev, BEGAT_F_##FIELD, (ev)->member.data, (ev)->member.len, to)
#define TAKE_STRV(live, ev, FIELD, member, to) \
	take_text(live, ev, BEGAT_F_##FIELD, (ev)->member.data, (ev)->member.bytes, to)
#define TAKE(ev, FIELD, to, member)                       \
	do {                                              \
		if (begat_event_has(ev, BEGAT_F_##FIELD)) \
			(to) = (ev)->member;              \
	} while (0)

/* The index of what the event has in common with others. */
static int take_context(struct begat_live *live, const struct begat_event *ev,
			uint32_t *ret_context)
{
	struct begat_trace_context c;
	uint32_t number, index;
	int err;

	memset(&c, 0, sizeof(c)); /* compared as bytes */
	c.has = ev->has;
	TAKE(ev, UID, c.uid, uid);
	TAKE(ev, GID, c.gid, gid);
	TAKE(ev, EUID, c.euid, euid);
	TAKE(ev, EGID, c.egid, egid);
	TAKE(ev, LOGINUID, c.loginuid, loginuid);
	TAKE(ev, SID, c.sid, sid);
	TAKE(ev, PGID, c.pgid, pgid);
	TAKE(ev, CAPS, c.cap_effective, cap_effective);
	TAKE(ev, CGROUP, c.cgroup_id, cgroup_id);
	TAKE(ev, SHORT_LIVED, c.short_lived, short_lived);
	TAKE(ev, SYNTHETIC, c.synthetic, synthetic);
	if (begat_event_has(ev, BEGAT_F_NS))
		memcpy(c.ns, ev->ns, sizeof(c.ns));
	err = TAKE_STR(live, ev, TTY, tty, &c.tty);
	if (!err)
		err = TAKE_STR(live, ev, CGROUP, cgroup, &c.cgroup);
	if (!err)
		err = TAKE_STR(live, ev, CONTAINER_ID, container_id, &c.container_id);
	if (!err)
		err = TAKE_STR(live, ev, CONTAINER_RUNTIME, container_runtime,
			       &c.container_runtime);
	if (!err)
		err = TAKE_STR(live, ev, POD_UID, pod_uid, &c.pod_uid);
	if (!err)
		err = string_table_add(&live->contexts, (const char *)&c, sizeof(c), &number);
	if (!err && number > live->model->contexts_count)
		err = model_add_context(live->model, &c, &index);
	if (!err)
		*ret_context = number - 1;
	return err;
}

/* The ids of the rows, for the map. */
static const void *ids_of(const struct model *m)
{
	return m->rows ? &m->rows[0].p.id : NULL;
}

/*
 * The row of the event's process that has not ended, or a new one. @is_new: it begins now.
 * 1 there is a row, 0 there is no room, or -ENOMEM.
 */
static int take_row(struct begat_live *live, const struct begat_event *ev, bool is_new,
		    uint32_t *ret_row)
{
	struct model *m = live->model;
	struct model_row row = { .p = { .id = ev->id, .context = BEGAT_TRACE_NONE } };
	uint32_t *bucket;

	if (id_map_grow(&live->by_id, ids_of(m), sizeof(row), m->rows_count, m->rows_count + 1) < 0)
		return -ENOMEM;
	bucket = id_map_bucket(&live->by_id, ids_of(m), sizeof(row), ev->id);
	*ret_row = *bucket - 1;
	if (*bucket && !is_new && !m->rows[*ret_row].p.has_exit)
		return 1;
	if (m->rows_count >= live->opts.processes_max)
		return 0;
	TAKE(ev, PID, row.p.tgid, tgid);
	TAKE(ev, PARENT_ID, row.p.parent_id, parent_id);
	TAKE(ev, PPID, row.p.parent_tgid, parent_tgid);
	if (model_add_row(m, &row, ret_row) < 0)
		return -ENOMEM;
	*bucket = *ret_row + 1;
	return 1;
}

static int take_fork(struct begat_live *live, const struct begat_event *ev)
{
	struct begat_trace_process *p;
	uint32_t row;
	int err = take_row(live, ev, true, &row);

	if (err <= 0)
		return err;
	p = &live->model->rows[row].p;
	p->fork_n = live->n;
	p->has_fork = true;
	TAKE(ev, TS_NS, p->start_ns, ts_ns);
	TAKE(ev, FORKED_BY, p->forked_by_id, forked_by_id);
	TAKE(ev, FORKED_BY, p->forked_by_tgid, forked_by_tgid);
	err = TAKE_STR(live, ev, COMM, comm, &p->comm);
	return err ? err : take_context(live, ev, &p->context) < 0 ? -ENOMEM : 1;
}

static int take_exec(struct begat_live *live, const struct begat_event *ev)
{
	struct begat_trace_exec e = { .n = live->n, .type = ev->type, .context = BEGAT_TRACE_NONE };
	int err = begat_event_has(ev, BEGAT_F_ID) ? take_row(live, ev, false, &e.process) : 1;

	/* Of no process that is known: part of the stream, but of no life. */
	if (err <= 0 || !begat_event_has(ev, BEGAT_F_ID))
		return err;
	if (live->model->execs_count >= live->opts.execs_max)
		return 0;
	TAKE(ev, TS_NS, e.ts_ns, ts_ns);
	TAKE(ev, CPU, e.cpu, cpu);
	TAKE(ev, ARGV, e.argc, argv.count);
	TAKE(ev, ARGC, e.argc, argc);
	TAKE(ev, ARGV, e.argv_bytes, argv.bytes);
	TAKE(ev, ARGV_BYTES, e.argv_bytes, argv_bytes);
	TAKE(ev, FORK_TO_EXEC, e.fork_to_exec_ns, fork_to_exec_ns);
	TAKE(ev, EXEC_NS, e.exec_ns, exec_ns);
	TAKE(ev, ERRNO, e.error, error);
	TAKE(ev, REPEATS, e.repeats, repeats);
	TAKE(ev, ARGV_TRUNCATED, e.argv_truncated, argv_truncated);
	TAKE(ev, ARGV_REWRITTEN, e.argv_rewritten, argv_rewritten);
	if (TAKE_STR(live, ev, COMM, comm, &e.comm) < 0 ||
	    TAKE_STR(live, ev, FILENAME, filename, &e.filename) < 0 ||
	    TAKE_STR(live, ev, EXE, exe, &e.exe) < 0 ||
	    TAKE_STR(live, ev, INTERPRETER, interpreter, &e.interpreter) < 0 ||
	    TAKE_STR(live, ev, CWD, cwd, &e.cwd) < 0 ||
	    TAKE_STRV(live, ev, ARGV, argv, &e.argv) < 0 ||
	    TAKE_STRV(live, ev, ENV, env, &e.env) < 0 || take_context(live, ev, &e.context) < 0 ||
	    model_add_exec(live->model, &e) < 0)
		return -ENOMEM;
	return 1;
}

static void take_costs(struct begat_trace_process *p, const struct begat_event *ev)
{
	TAKE(ev, UTIME, p->utime_ns, utime_ns);
	TAKE(ev, STIME, p->stime_ns, stime_ns);
	TAKE(ev, MAX_RSS, p->max_rss_bytes, max_rss_bytes);
	TAKE(ev, READ_BYTES, p->read_bytes, read_bytes);
	TAKE(ev, WRITE_BYTES, p->write_bytes, write_bytes);
	TAKE(ev, MINOR_FAULTS, p->minor_faults, minor_faults);
	TAKE(ev, MAJOR_FAULTS, p->major_faults, major_faults);
	TAKE(ev, VOLUNTARY_SWITCHES, p->voluntary_switches, voluntary_switches);
	TAKE(ev, INVOLUNTARY_SWITCHES, p->involuntary_switches, involuntary_switches);
	TAKE(ev, CHILDREN_UTIME, p->children_utime_ns, children_utime_ns);
	TAKE(ev, CHILDREN_STIME, p->children_stime_ns, children_stime_ns);
	TAKE(ev, CHILDREN_MAX_RSS, p->children_max_rss_bytes, children_max_rss_bytes);
	TAKE(ev, EXIT_CODE, p->exit_code, exit_code);
	TAKE(ev, SIGNAL, p->signal, signal);
	TAKE(ev, CORE_DUMPED, p->core_dumped, core_dumped);
	TAKE(ev, KILLED_BY, p->killed_by_oom, killed_by_oom);
	TAKE(ev, KILLED_BY, p->killed_by_id, killed_by_id);
	TAKE(ev, KILLED_BY, p->killed_by_tgid, killed_by_tgid);
	p->has_cpu = begat_event_has(ev, BEGAT_F_UTIME);
	p->has_rss = begat_event_has(ev, BEGAT_F_MAX_RSS);
	p->has_io = begat_event_has(ev, BEGAT_F_READ_BYTES);
	p->has_faults = begat_event_has(ev, BEGAT_F_MINOR_FAULTS);
	p->has_status =
		begat_event_has(ev, BEGAT_F_EXIT_CODE) || begat_event_has(ev, BEGAT_F_SIGNAL);
}

static int take_exit(struct begat_live *live, const struct begat_event *ev)
{
	struct begat_trace_process *p;
	struct model_row *row;
	uint32_t index;
	int err = take_row(live, ev, false, &index);

	if (err <= 0)
		return err;
	row = &live->model->rows[index];
	p = &row->p;
	p->exit_n = live->n;
	p->has_exit = true;
	TAKE(ev, TS_NS, p->end_ns, ts_ns);
	take_costs(p, ev);
	if (begat_event_has(ev, BEGAT_F_DURATION) && ev->duration_ns <= p->end_ns)
		row->start_by_duration_ns = p->end_ns - ev->duration_ns;
	p->comm = 0; /* as it was at the end */
	if (TAKE_STR(live, ev, COMM, comm, &p->comm) < 0 ||
	    TAKE_STR(live, ev, KILLED_BY, killed_by_comm, &p->killed_by_comm) < 0 ||
	    TAKE_STR(live, ev, EXE, exe, &p->exe) < 0 ||
	    TAKE_STRV(live, ev, ARGV, argv, &p->argv) < 0 ||
	    take_context(live, ev, &p->context) < 0)
		return -ENOMEM;
	return 1;
}

static int take_lost(struct begat_live *live, const struct begat_event *ev)
{
	struct begat_trace_loss loss = { .n = live->n, .cpu = BEGAT_TRACE_NONE };

	TAKE(ev, TS_NS, loss.ts_ns, ts_ns);
	TAKE(ev, COUNT, loss.count, count);
	TAKE(ev, CLASS, loss.class_type, class_type);
	TAKE(ev, CLASS, loss.cpu, lost_cpu);
	live->info.lost += loss.count;
	return model_add_loss(live->model, &loss) < 0 ? -ENOMEM : 1;
}

static void see_time(struct begat_live *live, const struct begat_event *ev)
{
	struct begat_trace_table *t = &live->model->table;

	if (!begat_event_has(ev, BEGAT_F_TS_NS))
		return;
	if (!t->first_ns || ev->ts_ns < t->first_ns)
		t->first_ns = ev->ts_ns;
	if (ev->ts_ns > t->last_ns)
		t->last_ns = ev->ts_ns;
	if (!t->realtime_offset_ns && begat_event_has(ev, BEGAT_F_TIME))
		t->realtime_offset_ns = (int64_t)(ev->time_ns - ev->ts_ns);
}

BEGAT_API int begat_live_take(struct begat_live *live, const struct begat_event *ev)
{
	int err;

	if (ev->type == BEGAT_SUMMARY)
		return 0;
	see_time(live, ev);
	live->n++;
	switch (ev->type) {
	case BEGAT_FORK:
		err = take_fork(live, ev);
		break;
	case BEGAT_EXEC:
	case BEGAT_EXEC_FAILED:
	case BEGAT_SNAPSHOT:
		err = take_exec(live, ev);
		break;
	case BEGAT_EXIT:
		err = take_exit(live, ev);
		break;
	case BEGAT_LOST:
		err = take_lost(live, ev);
		break;
	default:
		return -EINVAL;
	}
	live->beyond[ev->type % TYPES] += !err;
	return err < 0 ? err : 0;
}

/* What had no room is lost, whatever the reason. */
static int add_beyond(struct begat_live *live)
{
	for (uint32_t type = 0; type < TYPES; type++) {
		struct begat_trace_loss loss = { .n = live->n,
						 .ts_ns = live->model->table.last_ns,
						 .count = live->beyond[type],
						 .class_type = type,
						 .cpu = BEGAT_TRACE_NONE };

		if (loss.count && model_add_loss(live->model, &loss) < 0)
			return -ENOMEM;
		live->info.lost += loss.count;
	}
	return 0;
}

BEGAT_API int begat_live_finish(struct begat_live *live, struct begat_trace **ret_trace)
{
	struct begat_trace *trace = calloc(1, sizeof(*trace));
	int err = -ENOMEM;

	if (trace)
		trace->path = strdup("the events");
	if (trace && trace->path && add_beyond(live) == 0) {
		live->info.processes = live->model->rows_count;
		live->info.execs = live->model->execs_count;
		err = model_link(live->model);
	}
	if (err < 0) {
		if (trace)
			free(trace->path);
		free(trace);
	} else {
		live->info.complete = true;
		live->info.first_ns = live->model->table.first_ns;
		live->info.last_ns = live->model->table.last_ns;
		live->info.realtime_offset_ns = live->model->table.realtime_offset_ns;
		trace->info = live->info;
		trace->has_info = true;
		trace->realtime_offset_ns = live->info.realtime_offset_ns;
		trace->model = live->model;
		trace->free_model = model_free;
		live->model = NULL;
		*ret_trace = trace;
	}
	begat_live_free(live);
	return err;
}
