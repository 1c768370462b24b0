/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/dot.c - the process tree for Graphviz.
 *
 * Owns:    nodes with program and cost, edges from parent to child; failures are red.
 *
 * Siblings of the same program, the same end and the same kinds of children (unordered, once each)
 * are one node, the slowest of them, as `begat run` folds its tree. Raw: each process is a node.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "export.h"

/* Inside double quotes; control characters and what is not ASCII would need an encoding: dots. */
static void put_label(FILE *out, struct begat_str text)
{
	for (size_t i = 0; i < text.len && i < 64; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			putc(c < 0x20 || c > 0x7e ? '.' : c, out);
	}
}

/* What a process and its siblings that are like it have in common. */
struct like {
	uint64_t shape; /* equal: alike */
	uint64_t cpu_ns; /* its own and that of all below it */
	uint64_t group_cpu_ns; /* the same of all that it represents */
	uint32_t more; /* how many siblings it represents */
	bool is_hidden; /* another one represents it, or an ancestor */
};

struct kin {
	uint64_t shape;
	uint32_t index;
};

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
	hash = hash_bytes(hash, data, bytes);
	return hash ^ hash >> 29;
}

static int by_shape(const void *a, const void *b)
{
	const struct kin *x = a, *y = b;

	if (x->shape != y->shape)
		return x->shape < y->shape ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static uint64_t wall_of(const struct begat_trace_process *p)
{
	return p->end_ns - p->start_ns;
}

/* The slowest represents @count alike siblings, as in the tree of `begat run`. */
static void fold_group(const struct begat_trace_table *t, struct like *all, const struct kin *kin,
		       size_t count)
{
	uint32_t slowest = kin[0].index;
	uint64_t cpu_ns = 0;

	for (size_t k = 0; k < count; k++) {
		if (wall_of(&t->processes[kin[k].index]) > wall_of(&t->processes[slowest]))
			slowest = kin[k].index;
		cpu_ns += all[kin[k].index].cpu_ns;
	}
	for (size_t k = 0; k < count; k++)
		all[kin[k].index].is_hidden = kin[k].index != slowest;
	all[slowest].more = (uint32_t)count - 1;
	all[slowest].group_cpu_ns = cpu_ns;
}

/* Groups @count siblings, in @kin. Returns @shape with the shapes of the groups, once each. */
static uint64_t fold_siblings(const struct begat_trace_table *t, struct like *all, struct kin *kin,
			      size_t count, uint64_t shape)
{
	qsort(kin, count, sizeof(*kin), by_shape);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && kin[to].shape == kin[from].shape; to++)
			;
		shape = mix(shape, &kin[from].shape, sizeof(kin[from].shape));
		fold_group(t, all, kin + from, to - from);
	}
	return shape;
}

/* Children come after their parents in the table, so backwards each one's are done before it. */
static void fold_all(const struct export *ex, struct like *all, struct kin *kin)
{
	const struct begat_trace_table *t = ex->table;
	size_t roots = 0;

	for (uint32_t i = t->processes_count; i-- > 0;) {
		const struct begat_trace_process *p = &t->processes[i];
		struct begat_str name = export_program(ex, i);
		int32_t end[3] = { p->has_status, p->has_status ? (int32_t)p->exit_code : 0,
				   p->has_status ? (int32_t)p->signal : 0 };
		size_t count = 0;

		all[i].shape = mix(HASH_BEGIN, name.data, name.len);
		all[i].shape = mix(all[i].shape, end, sizeof(end));
		all[i].cpu_ns = p->has_cpu ? p->utime_ns + p->stime_ns : 0;
		for (uint32_t c = p->first_child; c != BEGAT_TRACE_NONE;
		     c = t->processes[c].next_sibling) {
			kin[count++] = (struct kin){ all[c].shape, c };
			all[i].cpu_ns += all[c].cpu_ns;
		}
		all[i].shape = fold_siblings(t, all, kin, count, all[i].shape);
	}
	for (uint32_t i = 0; i < t->processes_count; i++)
		if (t->processes[i].parent == BEGAT_TRACE_NONE)
			kin[roots++] = (struct kin){ all[i].shape, i };
	fold_siblings(t, all, kin, roots, 0);
}

static void put_node(struct export *ex, const struct like *like, uint32_t i)
{
	const struct begat_trace_process *p = &ex->table->processes[i];
	bool has_failed = p->has_status && (p->exit_code || p->signal);
	uint64_t cpu_ns = p->utime_ns + p->stime_ns;

	fprintf(ex->out, "\tp%u [label=\"", i);
	if (like && like->more) {
		fprintf(ex->out, "%u x ", like->more + 1);
		cpu_ns = like->group_cpu_ns;
	}
	put_label(ex->out, export_program(ex, i));
	fprintf(ex->out, "\\n%s%.1f ms", like && like->more ? "at most " : "", wall_of(p) / 1e6);
	if (p->has_cpu)
		fprintf(ex->out, ", cpu %.1f ms%s", cpu_ns / 1e6,
			like && like->more ? " together" : "");
	if (has_failed && p->signal)
		fprintf(ex->out, "\\n%s",
			begat_signal_name(p->signal) ? begat_signal_name(p->signal) : "signal");
	else if (has_failed)
		fprintf(ex->out, "\\nexit %d", p->exit_code);
	fprintf(ex->out, "\"%s, tooltip=\"pid %u\"];\n",
		has_failed ? ", fillcolor=\"#f8d0d0\"" : "", p->tgid);
	if (p->parent != BEGAT_TRACE_NONE)
		fprintf(ex->out, "\tp%u -> p%u;\n", p->parent, i);
}

static int run(struct export *ex)
{
	const struct begat_trace_table *t = ex->table;
	size_t room = (size_t)t->processes_count + 1;
	struct like *all = ex->opts.raw ? NULL : calloc(room, sizeof(*all));
	struct kin *kin = ex->opts.raw ? NULL : calloc(room, sizeof(*kin));
	int err = ex->opts.raw || (all && kin) ? 0 : -ENOMEM;

	if (!err && all)
		fold_all(ex, all, kin);
	if (!err)
		fputs("digraph processes {\n"
		      "\trankdir=LR;\n"
		      "\tnode [shape=box, style=filled, fillcolor=\"#eef3f8\", "
		      "fontname=\"sans-serif\"];\n",
		      ex->out);
	for (uint32_t i = 0; !err && i < t->processes_count; i++) {
		uint32_t parent = t->processes[i].parent;

		if (all && parent != BEGAT_TRACE_NONE && all[parent].is_hidden)
			all[i].is_hidden = true;
		if (!all || !all[i].is_hidden)
			put_node(ex, all ? &all[i] : NULL, i);
	}
	if (!err)
		fputs("}\n", ex->out);
	free(kin);
	free(all);
	return err;
}

const struct export_ops export_dot = { .needs_table = true, .run = run };
