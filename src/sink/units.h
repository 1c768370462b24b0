/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/units.h - numbers as people read them.
 */
#ifndef BEGAT_SINK_UNITS_H
#define BEGAT_SINK_UNITS_H

#include <stdint.h>

#define UNITS_BYTES 32

/* "850 ns", "312 us", "222.2 ms", "2.651 s", "4m 05s", "3h 12m" */
const char *units_duration(char buf[UNITS_BYTES], uint64_t ns);

/* "5,134" */
const char *units_count(char buf[UNITS_BYTES], uint64_t count);

#endif
