/* SPDX-License-Identifier: BSD-2-Clause */
/* source/source.c - the registry. */
#include "source/source.h"

#define SOURCE(name) extern const struct source_ops source_##name;
#include "source/sources.def"
#undef SOURCE

#define SOURCE(name) &source_##name,
static const struct source_ops *const sources[] = {
#include "source/sources.def"
};
#undef SOURCE

const struct source_ops *source_best(void)
{
	return sources[0];
}
