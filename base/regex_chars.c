/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex_chars.c - characters, sets of them, errors: what parser, emitter and matcher share.
 */
#include "base/regex_program.h"

#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"

uint32_t regex_char(const char *text, size_t len, size_t *ret_len)
{
	unsigned char byte = (unsigned char)*text;
	uint32_t c;

	*ret_len = 1;
	if (byte < 0x80)
		return byte;
	size_t n = utf8_next(text, len, &c);

	if (!n)
		return REGEX_INVALID | byte;
	*ret_len = n;
	return c;
}

bool regex_set_has(const struct regex *regex, const struct regex_set *set, uint32_t c)
{
	bool is_in;

	if (c < 0x80)
		return set->ascii[c / 64] >> (c % 64) & 1;
	is_in = set->has_letters && !(c & REGEX_INVALID);
	for (uint32_t i = 0; i < set->ranges && !is_in; i++) {
		const struct regex_range *range = &regex->ranges[set->first_range + i];

		is_in = range->low <= c && c <= range->high;
	}
	return is_in != set->is_negated;
}

uint32_t regex_fail(struct regex_parser *p, const char *why, const char *at)
{
	if (p->err)
		return 0;
	p->err = -EINVAL;
	p->why = why;
	p->why_at = at;
	return 0;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	free(regex->insts);
	free(regex->sets);
	free(regex->ranges);
	free(regex);
}
