/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/load.c - a recording becomes a model.
 *
 * Owns:    the translation of begat/trace.h's tables; nothing is judged or corrected here.
 * Not:     reading the file (trace/store), sorting and linking (model.c).
 * Called:  by trace/report.
 *
 * Strings of a recording have numbers too: each is interned once, then found by its number.
 */
#include "load.h"

#include <begat/trace.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct numbers {
	uint32_t *known; /* number in the recording -> number in the model + 1 */
	size_t size;
};

struct loader {
	struct begat_trace *trace;
	const struct begat_trace_table *table;
	struct model *m;
	struct numbers texts, vectors;
	const struct begat_accounts *accounts;
	uint32_t *contexts; /* index in the recording -> string of the model */
	const struct model_selection *selection; /* or NULL */
	bool is_continued; /* a later part of a recorded command: older processes are of the run */
	int err; /* the first failure; later calls do nothing */
};

static uint32_t *find_number(struct loader *l, struct numbers *n, uint32_t number)
{
	if (number >= n->size) {
		size_t size = n->size ? n->size : 1024;

		while (size <= number)
			size *= 2;
		uint32_t *known = reallocarray(n->known, size, sizeof(*known));

		if (!known) {
			l->err = -ENOMEM;
			return NULL;
		}
		memset(known + n->size, 0, (size - n->size) * sizeof(*known));
		n->known = known;
		n->size = size;
	}
	return &n->known[number];
}

static uint32_t intern(struct loader *l, const char *data, size_t len)
{
	uint32_t number = 0;

	if (l->err == 0 && len)
		l->err = model_intern(l->m, data, len, &number);
	return number;
}

static uint32_t load_text(struct loader *l, uint32_t number)
{
	uint32_t *known = number && l->err == 0 ? find_number(l, &l->texts, number) : NULL;

	if (!known)
		return 0;
	if (!*known) {
		struct begat_str s = begat_trace_string(l->trace, number);

		*known = intern(l, s.data, s.len) + 1;
	}
	return *known - 1;
}

static uint32_t load_vector(struct loader *l, uint32_t number)
{
	uint32_t *known = number && l->err == 0 ? find_number(l, &l->vectors, number) : NULL;

	if (!known)
		return 0;
	if (!*known) {
		struct begat_strv v = begat_trace_strings(l->trace, number);

		*known = intern(l, v.data, v.bytes) + 1;
	}
	return *known - 1;
}

static const struct {
	enum begat_field field;
	enum model_context_has has;
} context_fields[] = {
	{ BEGAT_F_UID, MODEL_CONTEXT_UID },	      { BEGAT_F_GID, MODEL_CONTEXT_GID },
	{ BEGAT_F_EUID, MODEL_CONTEXT_EUID },	      { BEGAT_F_EGID, MODEL_CONTEXT_EGID },
	{ BEGAT_F_LOGINUID, MODEL_CONTEXT_LOGINUID }, { BEGAT_F_NS, MODEL_CONTEXT_NS },
};

static uint32_t load_user(struct loader *l, uint32_t uid)
{
	const char *name = l->accounts->user_name(l->accounts->ctx, uid);

	return name ? intern(l, name, strlen(name)) : 0;
}

static uint32_t load_group(struct loader *l, uint32_t gid)
{
	const char *name = l->accounts->group_name(l->accounts->ctx, gid);

	return name ? intern(l, name, strlen(name)) : 0;
}

static uint32_t load_context(struct loader *l, const struct begat_trace_context *from)
{
	struct model_context ctx = {
		.uid = from->uid,
		.gid = from->gid,
		.euid = from->euid,
		.egid = from->egid,
		.loginuid = from->loginuid,
		.tty = load_text(l, from->tty),
		.cgroup = load_text(l, from->cgroup),
		.container = load_text(l, from->container_id),
		.runtime = load_text(l, from->container_runtime),
		.pod = load_text(l, from->pod_uid),
		.user = load_user(l, from->uid),
		.group = load_group(l, from->gid),
		.euser = load_user(l, from->euid),
		.egroup = load_group(l, from->egid),
		.login = load_user(l, from->loginuid),
	};
	uint32_t number = 0;

	_Static_assert((int)MODEL_NS_COUNT == (int)BEGAT_NS_COUNT, "namespaces");
	memcpy(ctx.ns, from->ns, sizeof(ctx.ns));
	for (size_t i = 0; i < sizeof(context_fields) / sizeof(context_fields[0]); i++) {
		if (begat_fields_has(&from->has, context_fields[i].field))
			ctx.has |= context_fields[i].has;
	}
	if (l->err == 0)
		l->err = model_intern_context(l->m, &ctx, &number);
	return number;
}

static uint32_t flags_of(const struct loader *l, const struct begat_trace_process *p)
{
	uint32_t flags = 0;

	if (p->has_exit)
		flags |= MODEL_ENDED;
	if (p->was_there_before && !l->is_continued)
		flags |= MODEL_OLDER;
	if (p->has_cpu)
		flags |= MODEL_HAS_CPU;
	/*
	 * Of a command's forebears nothing is the command's. And what was used within a part of the
	 * recording is not known of older processes.
	 */
	if (flags & MODEL_OLDER && p->has_cpu && p->has_cpu_before && !l->m->meta.command &&
	    !(l->selection && (l->selection->from_ns || l->selection->to_ns)))
		flags |= MODEL_OLDER_CPU;
	if (p->has_rss)
		flags |= MODEL_HAS_RSS;
	if (p->has_io)
		flags |= MODEL_HAS_IO;
	if (p->core_dumped)
		flags |= MODEL_CORE;
	if (p->killed_by_oom)
		flags |= MODEL_OOM;
	if (p->synthetic)
		flags |= MODEL_SYNTHETIC;
	if (p->has_status)
		flags |= MODEL_HAS_STATUS;
	if (p->killed_by_tgid || p->killed_by_id || p->killed_by_comm)
		flags |= MODEL_HAS_KILLER;
	return flags;
}

/*
 * What came over from an earlier part counts from the start of this one. So does its CPU time, in
 * step where the part does not tell what was used before.
 */
static void clip(const struct loader *l, struct model_process *p, bool has_cpu_before)
{
	uint64_t begin_ns = l->table->first_ns;

	if (!begin_ns || p->start_ns >= begin_ns)
		return;
	if (p->end_ns > p->start_ns && !has_cpu_before) {
		double share = p->end_ns > begin_ns ? (double)(p->end_ns - begin_ns) /
							      (double)(p->end_ns - p->start_ns)
						    : 0;

		p->utime_ns = (uint64_t)((double)p->utime_ns * share);
		p->stime_ns = (uint64_t)((double)p->stime_ns * share);
	}
	p->start_ns = begin_ns;
}

/* The part of a life that lies between two moments, with its share of the CPU time and the I/O. */
static void cut(struct model_process *p, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t start_ns = p->start_ns < from_ns ? from_ns : p->start_ns;
	uint64_t end_ns = to_ns && p->end_ns > to_ns ? to_ns : p->end_ns;
	uint64_t *const spread[] = { &p->utime_ns, &p->stime_ns, &p->read_bytes, &p->write_bytes };

	if (start_ns == p->start_ns && end_ns == p->end_ns)
		return;
	for (size_t i = 0; i < sizeof(spread) / sizeof(spread[0]) && p->end_ns > p->start_ns; i++)
		*spread[i] = (uint64_t)((double)*spread[i] * (double)(end_ns - start_ns) /
					(double)(p->end_ns - p->start_ns));
	/* How it ended is of a later time. */
	if (end_ns < p->end_ns)
		p->flags &= ~(MODEL_ENDED | MODEL_HAS_STATUS | MODEL_HAS_KILLER | MODEL_CORE |
			      MODEL_OOM);
	p->start_ns = start_ns;
	p->end_ns = end_ns;
}

static bool is_outside(const struct model_selection *s, uint64_t from_ns, uint64_t to_ns)
{
	return s && ((s->from_ns && to_ns < s->from_ns) || (s->to_ns && from_ns > s->to_ns));
}

static bool is_left_out(const struct loader *l, uint32_t process)
{
	const struct model_selection *s = l->selection;
	const struct begat_trace_process *p = &l->table->processes[process];

	if (!s)
		return false;
	/* Who was there before is never part of the run; a life without an exit goes on. */
	return (s->wanted && !s->wanted[process]) ||
	       is_outside(s, p->start_ns, p->has_exit ? p->end_ns : UINT64_MAX);
}

static void load_process(struct loader *l, const struct begat_trace_process *from)
{
	struct model_process p = {
		.id = from->id,
		.parent_id = from->parent_id,
		.start_ns = from->start_ns,
		.end_ns = from->end_ns,
		.utime_ns = from->utime_ns,
		.stime_ns = from->stime_ns,
		.max_rss_bytes = from->max_rss_bytes,
		.read_bytes = from->read_bytes,
		.write_bytes = from->write_bytes,
		.minor_faults = from->minor_faults,
		.major_faults = from->major_faults,
		.voluntary_switches = from->voluntary_switches,
		.involuntary_switches = from->involuntary_switches,
		.tgid = from->tgid,
		.parent_tgid = from->parent_tgid,
		.comm = load_text(l, from->comm),
		.killed_by_comm = load_text(l, from->killed_by_comm),
		.killed_by_tgid = from->killed_by_tgid,
		.flags = flags_of(l, from),
		.exit_code = from->exit_code,
		.signal = from->signal,
	};

	if (from->context < l->table->contexts_count) {
		p.context = l->contexts[from->context];
		p.sid = l->table->contexts[from->context].sid;
		p.pgid = l->table->contexts[from->context].pgid;
	}
	if (l->is_continued && from->was_there_before)
		clip(l, &p, from->has_cpu_before);
	if (l->selection && !(p.flags & MODEL_OLDER))
		cut(&p, l->selection->from_ns, l->selection->to_ns);
	if (l->err == 0)
		l->err = model_add_process(l->m, &p);
}

static void load_exec(struct loader *l, const struct begat_trace_exec *from)
{
	const struct model_selection *s = l->selection;
	bool is_early = s && s->from_ns && from->ts_ns < s->from_ns;
	bool is_failed = from->type == BEGAT_EXEC_FAILED;

	if (from->process < l->table->processes_count ? is_left_out(l, from->process)
						      : s && s->wanted)
		return;
	/* An earlier image is what the process is; an earlier attempt is past. */
	if (s && ((s->to_ns && from->ts_ns > s->to_ns) || (is_early && is_failed)))
		return;
	struct model_exec exec = {
		.ts_ns = from->ts_ns,
		.exec_ns = from->exec_ns,
		.argv_bytes = from->argv_bytes,
		.exe = load_text(l, from->exe),
		.filename = load_text(l, from->filename),
		.interpreter = load_text(l, from->interpreter),
		.cwd = load_text(l, from->cwd),
		.argv = load_vector(l, from->argv),
		.env = load_vector(l, from->env),
		.repeats = from->repeats,
		.was_there = from->type == BEGAT_SNAPSHOT || is_early,
	};

	if (is_failed)
		exec.error = from->error ? from->error : EIO;
	if (from->process < l->table->processes_count)
		exec.process_id = l->table->processes[from->process].id;
	if (l->err == 0)
		l->err = model_add_exec(l->m, &exec);
}

static uint32_t load_meta_text(struct loader *l, const char *name)
{
	const char *text = begat_trace_meta(l->trace, name);

	return text ? intern(l, text, strlen(text)) : 0;
}

/* A JSON array of strings becomes an argv; what is none becomes an argv of one. */
static uint32_t load_command(struct loader *l)
{
	const char *text = begat_trace_meta(l->trace, "command");
	uint32_t number = 0;

	if (!text)
		return 0;
	char *out = malloc(strlen(text) * 3 + 2); /* \u0800 is six characters, three bytes */

	if (!out) {
		l->err = -ENOMEM;
		return 0;
	}
	size_t len = model_parse_strings(text, out);

	number = intern(l, out, len);
	free(out);
	return number;
}

static void load_narrowing(struct loader *l)
{
	const struct model_selection *s = l->selection;
	struct model_meta *meta = &l->m->meta;

	meta->narrowing.whole = s->whole;
	meta->narrowing.from_ns = s->from_ns;
	meta->narrowing.to_ns = s->to_ns;
	if (s->whole->root != MODEL_NONE)
		meta->root_id = s->whole->processes[s->whole->root].id;
	if (s->from_ns > meta->begin_ns && s->from_ns <= meta->end_ns)
		meta->begin_ns = s->from_ns;
	if (s->to_ns && s->to_ns < meta->end_ns && s->to_ns >= meta->begin_ns)
		meta->end_ns = s->to_ns;
}

static void load_meta(struct loader *l, const struct begat_trace_info *info)
{
	struct model_meta *meta = &l->m->meta;
	const char *part = begat_trace_meta(l->trace, "part");

	meta->host = load_meta_text(l, "host");
	meta->kernel = load_meta_text(l, "kernel");
	meta->version = load_meta_text(l, "version");
	meta->backend = load_meta_text(l, "backend");
	meta->transport = load_meta_text(l, "transport");
	meta->command = load_command(l);
	l->is_continued = meta->command && part && strtoul(part, NULL, 10) > 1;
	meta->begin_ns = l->table->first_ns;
	meta->end_ns = l->table->last_ns;
	if (l->selection)
		load_narrowing(l);
	if (l->table->realtime_offset_ns)
		meta->realtime_offset_ns = l->table->realtime_offset_ns;
	/* What the machine used is known of the whole recording only. */
	meta->has_usage = l->table->usage_end_ns && !l->selection;
	meta->machine_cpu_ns = l->selection ? 0 : l->table->machine_cpu_ns;
	if (!meta->command && meta->has_usage && l->table->usage_begin_ns &&
	    l->table->usage_begin_ns < meta->begin_ns)
		meta->begin_ns = l->table->usage_begin_ns;
	meta->cpus = info->cpus;
	meta->is_incomplete = !info->complete;
	for (uint32_t i = 0; i < l->table->losses_count; i++) {
		const struct begat_trace_loss *loss = &l->table->losses[i];
		uint32_t slot = loss->class_type < MODEL_LOST_SLOTS ? loss->class_type : 0;

		if (loss->ts_ns && is_outside(l->selection, loss->ts_ns, loss->ts_ns))
			continue;
		meta->lost[slot] += loss->count;
	}
}

static void load_rows(struct loader *l)
{
	const struct begat_trace_table *t = l->table;

	l->contexts = calloc((size_t)t->contexts_count + 1, sizeof(*l->contexts));
	l->accounts = begat_trace_accounts(l->trace);
	if (!l->contexts || !l->accounts) {
		l->err = l->contexts ? -EBADMSG : -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < t->contexts_count && l->err == 0; i++)
		l->contexts[i] = load_context(l, &t->contexts[i]);
	for (uint32_t i = 0; i < t->processes_count && l->err == 0; i++) {
		if (!is_left_out(l, i))
			load_process(l, &t->processes[i]);
	}
	for (uint32_t i = 0; i < t->execs_count && l->err == 0; i++)
		load_exec(l, &t->execs[i]);
}

int model_load(struct begat_trace *trace, const struct model_selection *selection,
	       struct model **ret_model)
{
	struct loader l = { .trace = trace, .selection = selection };
	struct begat_trace_info info = { .size = sizeof(info) };

	l.err = begat_trace_info(trace, &info);
	if (l.err >= 0)
		l.err = begat_trace_load(trace, &l.table);
	if (l.err >= 0)
		l.err = model_new(&l.m);
	if (l.err == 0)
		load_meta(&l, &info);
	if (l.err == 0)
		load_rows(&l);
	if (l.err == 0)
		l.err = model_finish(l.m);
	free(l.texts.known);
	free(l.vectors.known);
	free(l.contexts);
	if (l.err < 0) {
		model_free(l.m);
		return l.err;
	}
	*ret_model = l.m;
	return 0;
}
