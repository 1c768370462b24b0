/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/glob.c - shell patterns over bytes that a stranger chose.
 *
 * Only the last star is ever retried: at most pattern times text steps, and never more than the
 * budget of the event.
 */
#include "base/utf8.h"
#include "filter/ast.h"

struct cursor {
	const char *at, *end;
};

/* The next character; a byte that is not UTF-8 matches itself only, and no character. */
static uint32_t take(struct cursor *c)
{
	uint32_t codepoint;
	size_t n = utf8_next(c->at, (size_t)(c->end - c->at), &codepoint);

	if (!n) {
		codepoint = 0x80000000u | (unsigned char)*c->at;
		n = 1;
	}
	c->at += n;
	return codepoint;
}

/* What follows a [; true if it is a whole class, then *pattern is behind its ]. */
static bool match_class(struct cursor *pattern, uint32_t c, bool *ret_matches)
{
	struct cursor p = *pattern;
	bool negated = false, matches = false;

	if (p.at < p.end && (*p.at == '!' || *p.at == '^')) {
		negated = true;
		p.at++;
	}
	for (bool first = true; p.at < p.end; first = false) {
		uint32_t low, high;

		if (*p.at == ']' && !first) {
			pattern->at = p.at + 1;
			*ret_matches = matches != negated;
			return true;
		}
		if (*p.at == '\\' && p.end - p.at > 1)
			p.at++;
		low = high = take(&p);
		if (p.end - p.at >= 2 && p.at[0] == '-' && p.at[1] != ']') {
			p.at++;
			if (*p.at == '\\' && p.end - p.at > 1)
				p.at++;
			high = take(&p);
		}
		matches |= low <= c && c <= high;
	}
	return false;
}

/* One character of the pattern that is not a star against one of the text; both move on. */
static bool match_one(struct cursor *pattern, struct cursor *text)
{
	uint32_t c = take(text), p;
	bool matches;

	p = take(pattern);
	if (p == '?')
		return true;
	if (p == '[' && match_class(pattern, c, &matches))
		return matches;
	if (p == '\\' && pattern->at < pattern->end)
		p = take(pattern);
	return p == c;
}

bool filter_glob(const char *pattern, size_t pattern_len, const char *text, size_t len,
		 uint64_t *work)
{
	struct cursor p = { pattern, pattern + pattern_len };
	struct cursor t = { text, text + len };
	struct cursor star_p = { NULL, NULL }, star_t = { NULL, NULL };
	uint64_t steps;

	for (;;) {
		if (p.at < p.end && *p.at == '*') {
			p.at++;
			star_p = p;
			star_t = t;
			continue;
		}
		const char *start = p.at;
		bool is_one;

		if (t.at == t.end)
			return p.at == p.end;
		is_one = p.at < p.end && match_one(&p, &t);
		/* a class is as much work as it is long */
		steps = 1 + (uint64_t)(p.at > start ? p.at - start : 0);
		if (*work <= steps) {
			*work = 0;
			return false;
		}
		*work -= steps;
		if (is_one)
			continue;
		if (!star_p.at)
			return false;
		take(&star_t);
		p = star_p;
		t = star_t;
	}
}
