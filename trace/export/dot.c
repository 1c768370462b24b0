/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/dot.c - the process tree for Graphviz.
 *
 * Owns:    nodes with program and cost, edges from parent to child; failures are red.
 */
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

static int run(struct export *ex)
{
	const struct begat_trace_table *t = ex->table;

	fputs("digraph processes {\n"
	      "\trankdir=LR;\n"
	      "\tnode [shape=box, style=filled, fillcolor=\"#eef3f8\", fontname=\"sans-serif\"];\n",
	      ex->out);
	for (uint32_t i = 0; i < t->processes_count; i++) {
		const struct begat_trace_process *p = &t->processes[i];
		bool has_failed = p->has_status && (p->exit_code || p->signal);

		fprintf(ex->out, "\tp%u [label=\"", i);
		put_label(ex->out, export_program(ex, i));
		fprintf(ex->out, "\\n%.1f ms", (double)(p->end_ns - p->start_ns) / 1e6);
		if (p->has_cpu)
			fprintf(ex->out, ", cpu %.1f ms",
				(double)(p->utime_ns + p->stime_ns) / 1e6);
		if (has_failed && p->signal)
			fprintf(ex->out, "\\n%s",
				begat_signal_name(p->signal) ? begat_signal_name(p->signal)
							     : "signal");
		else if (has_failed)
			fprintf(ex->out, "\\nexit %d", p->exit_code);
		fprintf(ex->out, "\"%s, tooltip=\"pid %u\"];\n",
			has_failed ? ", fillcolor=\"#f8d0d0\"" : "", p->tgid);
		if (p->parent != BEGAT_TRACE_NONE)
			fprintf(ex->out, "\tp%u -> p%u;\n", p->parent, i);
	}
	fputs("}\n", ex->out);
	return 0;
}

const struct export_ops export_dot = { .needs_table = true, .run = run };
