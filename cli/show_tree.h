/* SPDX-License-Identifier: BSD-2-Clause */
/* cli/show_tree.h - see show_tree.c. */
#ifndef BEGAT_CLI_SHOW_TREE_H
#define BEGAT_CLI_SHOW_TREE_H

#include "traces.h"

/* Every process of @trace, or of the pids of @query, under its parent. 0 or -errno, reported. */
int show_tree(struct begat_trace *trace, const struct begat_trace_query *query,
	      struct traces_out *out);

#endif
