/* SPDX-License-Identifier: BSD-2-Clause */
/* trace/store/schema.h - see schema.c. */
#ifndef BEGAT_TRACE_STORE_SCHEMA_H
#define BEGAT_TRACE_STORE_SCHEMA_H

#define SCHEMA_APPLICATION_ID 1650942324

/* context.flags */
enum schema_flags {
	SCHEMA_SHORT_LIVED = 1 << 0,
	SCHEMA_SYNTHETIC = 1 << 1,
	SCHEMA_CORE_DUMPED = 1 << 2,
	SCHEMA_KILLED_BY_OOM = 1 << 3,
	SCHEMA_ARGV_TRUNCATED = 1 << 4,
	SCHEMA_ENV_TRUNCATED = 1 << 5,
};

extern const char schema_pragmas[];
extern const char schema_tables[];
extern const char schema_views[];
extern const char schema_indexes[];

#endif
