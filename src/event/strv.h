/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/strv.h - walking a struct begat_strv, one string at a time, and cutting it.
 *
 * The lengths are checked here, so that no reader of argv has to: a vector with too high a count,
 * or without a NUL after its last string, ends early instead of running on.
 */
#ifndef EVENT_STRV_H
#define EVENT_STRV_H

#include <begat/event.h>
#include <string.h>

struct strv_iter {
	const char *next;
	size_t left; /* bytes */
	uint32_t count; /* strings */
};

static inline struct strv_iter strv_begin(const struct begat_strv *strv)
{
	return (struct strv_iter){ strv->data, strv->data ? strv->bytes : 0, strv->count };
}

static inline bool strv_next(struct strv_iter *it, struct begat_str *ret_str)
{
	const char *end;
	size_t len;

	if (!it->count || !it->left)
		return false;
	end = memchr(it->next, '\0', it->left);
	len = end ? (size_t)(end - it->next) : it->left;
	ret_str->data = it->next;
	ret_str->len = len;
	it->count--;
	len += end != NULL;
	it->next += len;
	it->left -= len;
	return true;
}

/* Kept of the argv of a process, as long as it lives. */
#define STRV_KEPT_BYTES 4096

/* The first @limit bytes of @strv, whole strings unless the first alone is longer. */
static inline struct begat_strv strv_cut(const struct begat_strv *strv, size_t limit)
{
	struct begat_strv cut = *strv;
	const char *last, *end, *nul;

	if (strv->bytes <= limit)
		return cut;
	last = memrchr(strv->data, 0, limit);
	cut.bytes = last ? (size_t)(last - strv->data) + 1 : limit;
	cut.count = !last;
	end = strv->data + cut.bytes;
	for (const char *at = strv->data; last && at < end; at = nul + 1, cut.count++)
		nul = memchr(at, 0, (size_t)(end - at));
	return cut;
}

#endif
