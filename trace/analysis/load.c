/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/load.c - the base of a recording's analysis.
 *
 * Owns:    what a recording says of itself, and what a selection leaves of it.
 * Not:     processes (base.c), reading the file (trace/store, trace/model).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/base.h"
#include "base/bytes.h"
#include "store/format/text.h"

struct meta_loader {
	struct begat_trace *trace;
	struct analysis_base *base;
	int err; /* the first failure; later calls do nothing */
};

static uint32_t add_text(struct meta_loader *l, const char *data, size_t len)
{
	uint32_t number = 0;

	if (l->err == 0)
		l->err = model_add_text(l->base->model, data, len, &number);
	return number;
}

static uint32_t load_text(struct meta_loader *l, const char *name)
{
	const char *text = begat_trace_meta(l->trace, name);

	return text ? add_text(l, text, strlen(text)) : 0;
}

/* A JSON array of strings; what is none is a list of one. */
static uint32_t load_command(struct meta_loader *l)
{
	const char *text = begat_trace_meta(l->trace, "command");
	struct bytes strings = { 0 };
	uint32_t count, number = 0;
	int err;

	if (!text)
		return 0;
	err = text_decode_vector(text, strlen(text), &strings, &count);
	if (!err)
		number = add_text(l, strings.data, strings.len);
	else if (err == -EBADMSG)
		number = add_text(l, text, strlen(text) + 1);
	else
		l->err = err;
	bytes_done(&strings);
	return number;
}

static void load_narrowing(struct analysis_base *b)
{
	const struct analysis_selection *s = &b->selection;
	struct analysis_meta *meta = &b->meta;

	meta->narrowing.whole = s->whole;
	meta->narrowing.from_ns = s->from_ns;
	meta->narrowing.to_ns = s->to_ns;
	if (s->whole->root != ANALYSIS_NONE)
		meta->root_id = base_row(s->whole, s->whole->root)->id;
	if (s->from_ns > meta->begin_ns && s->from_ns <= meta->end_ns)
		meta->begin_ns = s->from_ns;
	if (s->to_ns && s->to_ns < meta->end_ns && s->to_ns >= meta->begin_ns)
		meta->end_ns = s->to_ns;
}

static void load_losses(struct analysis_base *b)
{
	const struct begat_trace_table *t = &b->model->table;
	const struct analysis_selection *s = &b->selection;

	for (uint32_t i = 0; i < t->losses_count; i++) {
		const struct begat_trace_loss *loss = &t->losses[i];
		uint32_t type = loss->class_type < ANALYSIS_LOST_CLASSES ? loss->class_type : 0;

		if (loss->ts_ns && ((s->from_ns && loss->ts_ns < s->from_ns) ||
				    (s->to_ns && loss->ts_ns > s->to_ns)))
			continue;
		b->meta.lost[type] += loss->count;
	}
}

static void load_meta(struct meta_loader *l, const struct begat_trace_info *info)
{
	struct analysis_base *b = l->base;
	struct analysis_meta *meta = &b->meta;
	const struct begat_trace_table *t = &b->model->table;
	const char *part = begat_trace_meta(l->trace, "part");
	bool is_narrowed = b->selection.whole;

	meta->host = load_text(l, "host");
	meta->kernel = load_text(l, "kernel");
	meta->version = load_text(l, "version");
	meta->backend = load_text(l, "backend");
	meta->transport = load_text(l, "transport");
	meta->command = load_command(l);
	meta->is_continued = meta->command && part && strtoul(part, NULL, 10) > 1;
	meta->begin_ns = t->first_ns;
	meta->end_ns = t->last_ns;
	if (is_narrowed)
		load_narrowing(b);
	meta->realtime_offset_ns = t->realtime_offset_ns;
	/* What the machine used is known of the whole recording only. */
	meta->has_usage = t->usage_end_ns && !is_narrowed;
	meta->machine_cpu_ns = is_narrowed ? 0 : t->machine_cpu_ns;
	if (!meta->command && meta->has_usage && t->usage_begin_ns &&
	    t->usage_begin_ns < meta->begin_ns)
		meta->begin_ns = t->usage_begin_ns;
	meta->cpus = info->cpus;
	meta->is_incomplete = !info->complete;
	load_losses(b);
}

int analysis_base_load(struct begat_trace *trace, const struct analysis_selection *selection,
		       struct analysis_base **ret_base)
{
	struct begat_trace_info info = { .size = sizeof(info) };
	struct meta_loader l = { .trace = trace };
	struct model *model;

	l.err = begat_trace_info(trace, &info);
	if (l.err == 0)
		l.err = model_of_trace(trace, &model);
	if (l.err < 0)
		return l.err;
	l.base = analysis_base_new(model, selection);
	if (!l.base)
		return -ENOMEM;
	l.base->accounts = begat_trace_accounts(trace);
	if (l.base->accounts)
		load_meta(&l, &info);
	else
		l.err = -EBADMSG;
	if (l.err == 0)
		l.err = analysis_base_finish(l.base);
	if (l.err < 0) {
		analysis_base_free(l.base);
		return l.err;
	}
	*ret_base = l.base;
	return 0;
}
