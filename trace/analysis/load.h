/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/load.h - a recording becomes a model.
 *
 * Owns:  the only place that knows both begat/trace.h and model.h.
 */
#ifndef TRACE_ANALYSIS_LOAD_H
#define TRACE_ANALYSIS_LOAD_H

#include "model.h"

struct begat_trace;

/* What is left of a recording. */
struct model_selection {
	const bool *wanted; /* by index in the trace's table; NULL = every process */
	uint64_t from_ns, to_ns; /* boot clock, both inclusive; 0 = open: lives are cut there */
	const struct model *whole; /* the model of everything */
};

/* @selection: NULL = everything. Returns 0, -ENOMEM, or as begat_trace_load(). The model does not need @trace afterwards. */
int model_load(struct begat_trace *trace, const struct model_selection *selection,
	       struct model **ret_model);

#endif
