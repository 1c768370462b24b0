/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/path.c - from names, file first, to a path as people read it.
 *
 * Owns:    the spelling of paths and their marks:
 *            /usr/bin/cc              the path
 *            /usr/bin/cc (deleted)    the file is unlinked
 *            (unreachable)/bin/cc     the walk ended at a root that is not the process's
 *            .../a/b/cc               names nearest the root are missing
 * Not:     where a name comes from (bpf/emit).
 */
#include "decode/decoder.h"

#include <errno.h>
#include <string.h>

#define DELETED " (deleted)"
#define UNREACHABLE "(unreachable)"
#define TRUNCATED "..."

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

/*
 * Each name and its NUL become a slash and the name: as many bytes out as in. The names are read
 * forwards and written backwards, so that the whole turns round in one pass.
 */
static char *put_names_reversed(char *at, const char *names, size_t bytes)
{
	char *out = at + bytes;

	for (size_t pos = 0; pos < bytes;) {
		size_t len = strlen(names + pos);

		out -= len;
		memcpy(out, names + pos, len);
		*--out = '/';
		pos += len + 1;
	}
	return at + bytes;
}

int decode_path(const struct decode_in *in, const struct rec_path *path, char *buf, size_t size,
		struct begat_str *ret_path)
{
	/* A root that is not the process's has no names, and yet is somewhere. */
	bool is_root = path->flags & REC_PATH_UNREACHABLE && !path->components;

	if (!path->bytes && !is_root)
		return 0;

	const char *names = path->bytes ? decode_bytes(in, path->offset, path->bytes) : "";

	if (!names || path->bytes > size - DECODE_PATH_MARKS_BYTES ||
	    (path->bytes && names[path->bytes - 1]))
		return -EBADMSG;

	char *at = buf;

	if (path->flags & REC_PATH_UNREACHABLE)
		at = put(at, UNREACHABLE, strlen(UNREACHABLE));
	if (path->flags & REC_PATH_TRUNCATED)
		at = put(at, TRUNCATED, strlen(TRUNCATED));
	if (path->components)
		at = put_names_reversed(at, names, path->bytes);
	else
		*at++ = '/';
	if (path->flags & REC_PATH_DELETED)
		at = put(at, DELETED, strlen(DELETED));
	*at = '\0';
	*ret_path = (struct begat_str){ .data = buf, .len = (size_t)(at - buf) };
	return 1;
}

_Static_assert(sizeof("/" DELETED UNREACHABLE TRUNCATED) <= DECODE_PATH_MARKS_BYTES, "room");
