/* SPDX-License-Identifier: BSD-2-Clause */
/* base/names.h - the names of a closed list, as a sentence has them. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdio.h>
#include <string.h>

/* "a, b and c" from the NULL-ended @names and @joint "and", in @buf, which is returned. */
static inline const char *names_listed(char *buf, size_t size, const char *const *names,
				       const char *joint)
{
	buf[0] = '\0';
	for (const char *const *n = names; *n; n++) {
		size_t used = strlen(buf);

		if (n == names)
			snprintf(buf, size, "%s", *n);
		else if (n[1])
			snprintf(buf + used, size - used, ", %s", *n);
		else
			snprintf(buf + used, size - used, " %s %s", joint, *n);
	}
	return buf;
}

#endif
