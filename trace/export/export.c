/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/export.c - the registry of exporters, and what they share.
 *
 * Owns:    the table made from exporters.def, begat_export().
 * Not:     any format.
 * Called:  by begat export.
 */
#include "export.h"

#include <errno.h>
#include <stdio_ext.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "store/read/reader.h"

#define EXPORTER(name, extension, help) extern const struct export_ops export_##name;
#include "exporters.def"
#undef EXPORTER

static const struct begat_exporter exporters[] = {
#define EXPORTER(name, extension, help) { #name, help, extension },
#include "exporters.def"
#undef EXPORTER
	{ NULL, NULL, NULL },
};

static const struct export_ops *const all_ops[] = {
#define EXPORTER(name, extension, help) &export_##name,
#include "exporters.def"
#undef EXPORTER
};

BEGAT_API const struct begat_exporter *begat_exporters(void)
{
	return exporters;
}

int export_replay(struct export *ex, begat_callback callback, void *ctx)
{
	int64_t n = begat_trace_replay(ex->trace, ex->opts.query, callback, ctx);

	return n < 0 ? (int)n : 0;
}

struct begat_str export_program(const struct export *ex, uint32_t process)
{
	const struct begat_trace_process *p = &ex->table->processes[process];
	struct begat_str name = begat_trace_string(ex->trace, p->exe);
	const char *slash = name.len ? memrchr(name.data, '/', name.len) : NULL;

	if (!name.len)
		return begat_trace_string(ex->trace, p->comm);
	if (slash && slash + 1 < name.data + name.len) {
		name.len -= (size_t)(slash + 1 - name.data);
		name.data = slash + 1;
	}
	return name;
}

BEGAT_API int begat_export(struct begat_trace *trace, const char *format,
			   const struct begat_export_options *opts, FILE *out)
{
	struct export ex = { .trace = trace, .info.size = sizeof(ex.info), .out = out };
	const struct export_ops *ops = NULL;
	int err, locking;

	trace->error[0] = '\0';
	for (size_t i = 0; exporters[i].name; i++)
		if (!strcmp(exporters[i].name, format))
			ops = all_ops[i];
	if (!ops)
		return trace_fail(trace, EINVAL, "there is no such format to export to");
	if (opts && !opts_copy(&ex.opts, sizeof(ex.opts), opts))
		return trace_fail(trace, EINVAL,
				  "the options of the export have no size, or a member that this "
				  "library does not know");
	err = begat_trace_info(trace, &ex.info);
	if (!err && ops->needs_table)
		err = begat_trace_load(trace, &ex.table);
	ex.accounts = err ? NULL : begat_trace_accounts(trace);
	if (!err && !ex.accounts)
		err = -ENOMEM;
	/* A format writes by the byte, and nobody else writes meanwhile. */
	locking = __fsetlocking(out, FSETLOCKING_BYCALLER);
	if (!err)
		err = ops->run(&ex);
	__fsetlocking(out, locking);
	if (!err && ops->needs_table)
		err = begat_trace_check(trace);
	if (fflush(out) == EOF && !err)
		err = errno ? -errno : -EIO;
	return err;
}
