/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/strv.h - walking a struct begat_strv, one string at a time.
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

#endif
