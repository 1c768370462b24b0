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

/* Returns 0, -ENOMEM, or as begat_trace_load(). The model does not need @trace afterwards. */
int model_load(struct begat_trace *trace, struct model **ret_model);

#endif
