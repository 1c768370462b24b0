/* SPDX-License-Identifier: BSD-2-Clause */
/* base/read_line.h - what a file of /proc or /sys says in its first line. */
#ifndef BASE_READ_LINE_H
#define BASE_READ_LINE_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Without its newline, cut to @size; "" if there is none. */
static inline void read_line(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(ret, (int)size, file))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	if (file)
		fclose(file);
}

#endif
