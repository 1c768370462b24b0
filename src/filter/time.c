/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/time.c - a moment as people and --where write it.
 *
 * Owns:    the forms of a date and a time; UTC in any case.
 * Not:     what is relative to now (cli/when.c).
 */
#include <begat/filter.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/api.h"

BEGAT_API int begat_time_parse(const char *text, uint64_t *ret_ns)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	const char *rest = NULL;
	uint64_t ns = 0, unit = 100000000;
	struct tm tm, asked;
	time_t seconds;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !rest; i++) {
		memset(&tm, 0, sizeof(tm));
		rest = isdigit((unsigned char)*text) ? strptime(text, forms[i], &tm) : NULL;
	}
	if (rest && *rest == '.' && isdigit((unsigned char)rest[1])) {
		for (rest++; isdigit((unsigned char)*rest); rest++, unit /= 10)
			ns += unit * (uint64_t)(*rest - '0');
	}
	if (rest && *rest == 'Z')
		rest++;
	else if (rest && strcmp(rest, " UTC") == 0)
		rest += 4;
	if (!rest || *rest)
		return -EINVAL;
	asked = tm;
	seconds = timegm(&tm);
	/* The 31st of February, and what 64 bits of nanoseconds cannot say. */
	if (tm.tm_mday != asked.tm_mday || seconds < 0 || seconds > 17000000000)
		return -EINVAL;
	*ret_ns = (uint64_t)seconds * 1000000000 + ns;
	return 0;
}
