/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/json_summary.h - what closes a stream, from the tracer's counters.
 */
#ifndef BEGAT_SINK_JSON_SUMMARY_H
#define BEGAT_SINK_JSON_SUMMARY_H

#include <begat/begat.h>

#include "base/outbuf.h"

/* Writes ,"duration_ns":... and so on: the members after those that every event has. */
void json_summary(struct outbuf *out, const struct begat_stats *stats);

#endif
