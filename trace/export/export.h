/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/export.h - what an exporter is made of.
 *
 * An exporter is one file with a `const struct export_ops export_<name>` and one line in
 * exporters.def. It reads a recording through begat/trace.h and writes to ex->out; a failed
 * write shows in ferror() and export.c reports it.
 */
#ifndef BEGAT_TRACE_EXPORT_EXPORT_H
#define BEGAT_TRACE_EXPORT_EXPORT_H

#include <begat/trace.h>

struct export
{
	struct begat_trace *trace;
	const struct begat_trace_table *table; /* NULL unless ops->needs_table */
	struct begat_trace_info info;
	const struct begat_accounts *accounts; /* names, as far as the recording has them */
	struct begat_export_options opts;
	FILE *out;
};

struct export_ops {
	bool needs_table; /* the whole recording in memory */
	int (*run)(struct export *ex); /* 0 or a negative errno */
};

/* begat_trace_replay() of what the options select. 0 or a negative errno. */
int export_replay(struct export *ex, begat_callback callback, void *ctx);

/* The program that a process is known by: name of its file, else comm. Borrowed from the trace. */
struct begat_str export_program(const struct export *ex, uint32_t process);

#endif
