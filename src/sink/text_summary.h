/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/text_summary.h - the completeness line.
 */
#ifndef BEGAT_SINK_TEXT_SUMMARY_H
#define BEGAT_SINK_TEXT_SUMMARY_H

#include <begat/begat.h>

#include "sink/line.h"

/* "complete: 147 forks, 147 exits, 115 execs, 309 failed execs, 0 lost", or what is missing. */
void text_summary(struct line *line, const struct begat_stats *stats);

#endif
