/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/path.h - the last word of a path.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stddef.h>

/*
 * The last component of the @len bytes at @path, and its length in *ret_len. Slashes at the end do
 * not count: of "/usr/lib/" it is "lib", of "/" it is "/".
 */
static inline const char *path_base(const char *path, size_t len, size_t *ret_len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	size_t start = len;

	while (start && path[start - 1] != '/')
		start--;
	if (start == len) /* "/" */
		start = 0;
	*ret_len = len - start;
	return path + start;
}

#endif
