/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/units.c - numbers as people read them.
 */
#include "sink/units.h"

#include <stdio.h>

/* Rounded down throughout: 999.99 us must not become "1000 us". */
const char *units_duration(char buf[UNITS_BYTES], uint64_t ns)
{
	uint64_t us = ns / 1000, ms = us / 1000, s = ms / 1000;

	if (ns < 1000)
		snprintf(buf, UNITS_BYTES, "%u ns", (unsigned int)ns);
	else if (us < 1000)
		snprintf(buf, UNITS_BYTES, "%u us", (unsigned int)us);
	else if (ms < 1000)
		snprintf(buf, UNITS_BYTES, "%u.%u ms", (unsigned int)ms,
			 (unsigned int)(us % 1000 / 100));
	else if (s < 100)
		snprintf(buf, UNITS_BYTES, "%u.%03u s", (unsigned int)s, (unsigned int)(ms % 1000));
	else if (s < 3600)
		snprintf(buf, UNITS_BYTES, "%um %02us", (unsigned int)(s / 60),
			 (unsigned int)(s % 60));
	else
		snprintf(buf, UNITS_BYTES, "%lluh %02um", (unsigned long long)(s / 3600),
			 (unsigned int)(s / 60 % 60));
	return buf;
}

const char *units_count(char buf[UNITS_BYTES], uint64_t count)
{
	char digits[UNITS_BYTES];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	char *at = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return buf;
}
