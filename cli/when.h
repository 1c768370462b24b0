/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/when.h - moments of --since and --until.
 */
#ifndef BEGAT_CLI_WHEN_H
#define BEGAT_CLI_WHEN_H

#include <stdint.h>

/*
 * "10m", "2h ago": so long before @now_ns; "now", "today", "yesterday"; "14:30": of today; @1732617600;
 * else as begat_time_parse(). UTC. Returns 0, -EDOM for a number without a unit, or -EINVAL.
 */
int when_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns);

#endif
