/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/backend.c - the table of backends. */
#include "attach/backend.h"

#include <stddef.h>
#include <string.h>

#include "base/api.h"

#define BACKEND(name) extern const struct backend backend_##name;
#include "attach/backends.def"
#undef BACKEND

const struct backend *const backends[] = {
#define BACKEND(name) &backend_##name,
#include "attach/backends.def"
#undef BACKEND
	NULL,
};

const struct backend *backend_find(const char *name)
{
	for (const struct backend *const *b = backends; *b; b++)
		if (!strcmp((*b)->name, name))
			return *b;
	return NULL;
}

BEGAT_API const char *const *begat_backend_names(void)
{
	static const char *const names[] = {
#define BACKEND(name) #name,
#include "attach/backends.def"
#undef BACKEND
		NULL,
	};

	return names;
}

BEGAT_API bool begat_backend_sees_failures(const char *name)
{
	const struct backend *backend = backend_find(name);

	return !backend || backend->sees_attempts;
}
