/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/sql.c - the views of this begat, for a recording that an older one has made.
 *
 * Owns:    the order: one transaction that drops the views and makes them again.
 * Not:     their text (store/format/schema.c). Nothing that reads a recording changes it, so the user does:
 *          begat export --to sql old.db | sqlite3 old.db
 */
#include <errno.h>

#include "export.h"
#include "store/read/reader.h"
#include "store/format/schema.h"

static int run(struct export *ex)
{
	if (!ex->trace->db)
		return trace_fail(ex->trace, ENOTSUP,
				  "there is no file whose views could be renewed");
	/* What reads this may write to the file before begat has ended: no lock is held from here on. */
	if (sqlite3_exec(ex->trace->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return trace_fail_sqlite(ex->trace, SQLITE_BUSY);
	fputs("BEGIN;\n", ex->out);
	for (const char *const *sql = schema_upgrade; *sql; sql++)
		fprintf(ex->out, "%s\n", *sql);
	fputs("COMMIT;\n", ex->out);
	return 0;
}

const struct export_ops export_sql = { .run = run };
