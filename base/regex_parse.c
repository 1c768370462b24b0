/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex_parse.c - from the text of an expression to a program.
 *
 *	alternatives = sequence { "|" sequence }
 *	sequence     = { atom { "*" | "+" | "?" | "{" m "," n "}" } }
 *	atom         = "(" alternatives ")" | "[" set "]" | "." | "^" | "$" | "\" any | any
 *
 * Besides POSIX: \w \W \s \S \b \B \< \> \` \' as GNU has them. Not: back-references.
 * Memory is bounded by REGEX_BYTES_MAX and REGEX_PROGRAM_MAX, the stack by HEIGHT_MAX.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "base/regex_program.h"

#define HEIGHT_MAX 256 /* of a tree: what recursion goes by */

/* A tree costs at least one byte of the pattern, a sequence and a choice one more each. */
static uint32_t add_tree(struct regex_parser *p, enum regex_tree_kind kind, uint32_t value,
			 uint32_t child)
{
	uint16_t height = child ? p->trees[child].height : 0;

	for (uint32_t i = child; i; i = p->trees[i].next)
		height = p->trees[i].height > height ? p->trees[i].height : height;
	if (height == HEIGHT_MAX)
		return regex_fail(p, "is nested too deep", p->at);
	p->trees[p->count] = (struct regex_tree){
		.kind = kind,
		.height = height + 1,
		.value = value,
		.child = child,
	};
	return p->count++;
}

/* [:alpha:] and the like are about ASCII; of the rest, every character counts as a letter. */
static const struct class
{
	const char *name;
	const char *ranges; /* pairs */
	bool has_letters;
} classes[] = {
	{ "alpha", "azAZ", true },
	{ "digit", "09", false },
	{ "alnum", "azAZ09", true },
	{ "upper", "AZ", false },
	{ "lower", "az", false },
	{ "space", "\t\r  ", false },
	{ "blank", "\t\t  ", false },
	{ "punct", "!/:@[`{~", false },
	{ "print", " ~", true },
	{ "graph", "!~", true },
	{ "cntrl", "\001\037\177\177", false },
	{ "xdigit", "09afAF", false },
	{ "word", "azAZ09__", true }, /* of \w; not a name of POSIX */
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))
#define CLASS_WORD (CLASSES - 1)
#define CLASS_SPACE 5

static void set_add_ascii(struct regex_set *set, uint32_t low, uint32_t high)
{
	for (uint32_t c = low; c <= high && c < 0x80; c++)
		set->ascii[c / 64] |= 1ull << (c % 64);
}

static void set_add_class(struct regex_set *set, const struct class *class)
{
	for (const char *range = class->ranges; *range; range += 2)
		set_add_ascii(set, (unsigned char)range[0], (unsigned char)range[1]);
	if (!strcmp(class->name, "cntrl"))
		set_add_ascii(set, 0, 0);
	set->has_letters |= class->has_letters;
}

static void set_add_range(struct regex_parser *p, struct regex_set *set, uint32_t low,
			  uint32_t high)
{
	set_add_ascii(set, low, high);
	if (high < 0x80)
		return;
	p->regex->ranges[p->regex->ranges_count++] = (struct regex_range){ low, high };
	set->ranges++;
}

static uint32_t set_end(struct regex_parser *p, struct regex_set *set)
{
	if (set->is_negated) {
		set->ascii[0] = ~set->ascii[0];
		set->ascii[1] = ~set->ascii[1];
	}
	p->regex->sets[p->regex->sets_count] = *set;
	return add_tree(p, REGEX_TREE_SET, p->regex->sets_count++, 0);
}

static uint32_t class_tree(struct regex_parser *p, size_t class, bool is_negated)
{
	struct regex_set set = { .is_negated = is_negated };

	set_add_class(&set, &classes[class]);
	return set_end(p, &set);
}

static uint32_t take(struct regex_parser *p)
{
	size_t len;
	uint32_t c = regex_char(p->at, (size_t)(p->end - p->at), &len);

	p->at += len;
	return c;
}

static bool accept(struct regex_parser *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

/* [:name:] in a set, its [ being next. False: it is none, or it failed. */
static bool set_class(struct regex_parser *p, struct regex_set *set)
{
	const char *open = p->at;

	if (p->end - p->at < 2 || p->at[1] != ':')
		return false;
	for (size_t i = 0; i < CLASS_WORD; i++) {
		size_t len = strlen(classes[i].name);

		if ((size_t)(p->end - p->at) < len + 4 ||
		    memcmp(p->at + 2, classes[i].name, len) != 0 ||
		    memcmp(p->at + 2 + len, ":]", 2) != 0)
			continue;
		set_add_class(set, &classes[i]);
		p->at += len + 4;
		return true;
	}
	regex_fail(p, "names no class of characters: [:alpha:], [:digit:], [:space:] ...", open);
	return false;
}

/* One character of a set; [.x.] and [=x=] are x. */
static uint32_t set_char(struct regex_parser *p)
{
	const char *open = p->at;
	uint32_t c = take(p);
	char sign;

	if (c != '[' || p->at == p->end || (*p->at != '.' && *p->at != '='))
		return c;
	sign = *p->at++;
	if (p->at < p->end)
		c = take(p);
	if (!accept(p, sign) || !accept(p, ']'))
		regex_fail(p, "has a collating element of more than one character", open);
	return c;
}

/* What follows a [. */
static uint32_t parse_set(struct regex_parser *p)
{
	struct regex_set set = { .first_range = p->regex->ranges_count };
	const char *open = p->at - 1;

	set.is_negated = accept(p, '^');
	for (bool is_first = true; !p->err; is_first = false) {
		const char *at = p->at;
		uint32_t low, high;

		if (p->at == p->end)
			return regex_fail(p, "has a [ without its ]", open);
		if (!is_first && accept(p, ']'))
			return set_end(p, &set);
		if (*p->at == '[' && set_class(p, &set))
			continue;
		if (p->err)
			return 0;
		low = high = set_char(p);
		if (p->end - p->at >= 2 && p->at[0] == '-' && p->at[1] != ']') {
			p->at++;
			high = set_char(p);
		}
		if (high < low)
			return regex_fail(p, "has a range that ends before it begins", at);
		set_add_range(p, &set, low, high);
	}
	return 0;
}

/* What follows a backslash. */
static uint32_t parse_escape(struct regex_parser *p)
{
	static const struct {
		char sign;
		uint8_t assertion;
	} assertions[] = {
		{ 'b', REGEX_WORD_EDGE }, { 'B', REGEX_NO_WORD_EDGE }, { '<', REGEX_WORD_BEGINS },
		{ '>', REGEX_WORD_ENDS }, { '`', REGEX_TEXT_BEGINS },  { '\'', REGEX_TEXT_ENDS },
	};
	const char *at = p->at - 1;

	if (p->at == p->end)
		return regex_fail(p, "ends with a backslash", at);
	for (size_t i = 0; i < sizeof(assertions) / sizeof(assertions[0]); i++) {
		if (accept(p, assertions[i].sign))
			return add_tree(p, REGEX_TREE_ASSERT, assertions[i].assertion, 0);
	}
	if (*p->at >= '1' && *p->at <= '9')
		return regex_fail(p, "has a back-reference, which takes unbounded time", at);
	switch (*p->at) {
	case 'w':
	case 'W':
		return class_tree(p, CLASS_WORD, *p->at++ == 'W');
	case 's':
	case 'S':
		return class_tree(p, CLASS_SPACE, *p->at++ == 'S');
	default:
		return add_tree(p, REGEX_TREE_CHAR, take(p), 0);
	}
}

static uint32_t parse_choice(struct regex_parser *p, int depth);

static uint32_t parse_group(struct regex_parser *p, int depth)
{
	const char *open = p->at - 1;
	bool is_first = !p->groups++;
	uint32_t tree;

	if (depth == REGEX_DEPTH_MAX)
		return regex_fail(p, "is nested too deep", open);
	tree = parse_choice(p, depth + 1);
	if (!p->err && !accept(p, ')'))
		return regex_fail(p, "has a ( without its )", open);
	return p->err || !is_first ? tree : add_tree(p, REGEX_TREE_GROUP, 0, tree);
}

static uint32_t parse_atom(struct regex_parser *p, int depth)
{
	const char *at = p->at;

	switch (*p->at) {
	case '(':
		p->at++;
		return parse_group(p, depth);
	case '[':
		p->at++;
		return parse_set(p);
	case '.':
		p->at++;
		return add_tree(p, REGEX_TREE_ANY, 0, 0);
	case '^':
		p->at++;
		return add_tree(p, REGEX_TREE_ASSERT, REGEX_TEXT_BEGINS, 0);
	case '$':
		p->at++;
		return add_tree(p, REGEX_TREE_ASSERT, REGEX_TEXT_ENDS, 0);
	case '\\':
		p->at++;
		return parse_escape(p);
	case '*':
	case '+':
	case '?':
	case '{':
		return regex_fail(
			p, "has nothing in front of it to repeat (\\ makes it a plain character)",
			at);
	default:
		return add_tree(p, REGEX_TREE_CHAR, take(p), 0);
	}
}

static bool parse_number(struct regex_parser *p, uint32_t *ret)
{
	const char *start = p->at;
	uint32_t number = 0;

	for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
		number =
			number > REGEX_REPEAT_MAX ? number : number * 10 + (uint32_t)(*p->at - '0');
	*ret = number;
	return p->at > start;
}

/* {m}, {m,}, {,n}, {m,n}: what follows the {. */
static bool parse_interval(struct regex_parser *p, uint32_t *ret_min, uint32_t *ret_max)
{
	const char *open = p->at - 1;
	bool has_min = parse_number(p, ret_min), has_max = has_min;

	*ret_max = *ret_min;
	if (accept(p, ',')) {
		has_max = parse_number(p, ret_max);
		if (!has_max)
			*ret_max = REGEX_UNLIMITED;
	}
	if (!accept(p, '}') || (!has_min && !has_max))
		return regex_fail(
			p, "has a { that is no repetition such as {2,5} (\\{ is a plain one)",
			open);
	if (*ret_min > REGEX_REPEAT_MAX || (has_max && *ret_max > REGEX_REPEAT_MAX))
		return regex_fail(p, "repeats a part more than 1000 times", open);
	if (*ret_min > *ret_max)
		return regex_fail(p, "has a repetition whose first number is the larger one", open);
	return true;
}

/* An atom and all that repeats it. */
static uint32_t parse_repeated(struct regex_parser *p, int depth)
{
	uint32_t tree = parse_atom(p, depth);

	while (!p->err && p->at < p->end) {
		uint32_t min = 0, max = REGEX_UNLIMITED;

		if (accept(p, '+'))
			min = 1;
		else if (accept(p, '?'))
			max = 1;
		else if (!accept(p, '*') && (!accept(p, '{') || !parse_interval(p, &min, &max)))
			break;
		tree = add_tree(p, REGEX_TREE_REPEAT, 0, tree);
		p->trees[tree].min = min;
		p->trees[tree].max = max;
	}
	return tree;
}

static uint32_t parse_sequence(struct regex_parser *p, int depth)
{
	uint32_t first = 0, last = 0;

	while (!p->err && p->at < p->end && *p->at != '|' && (*p->at != ')' || !depth)) {
		uint32_t tree = parse_repeated(p, depth); /* a ) that nothing opened is plain */

		if (last)
			p->trees[last].next = tree;
		else
			first = tree;
		last = tree;
	}
	return p->err ? 0 : add_tree(p, REGEX_TREE_SEQUENCE, 0, first);
}

static uint32_t parse_choice(struct regex_parser *p, int depth)
{
	uint32_t first = parse_sequence(p, depth), last = first;

	while (!p->err && accept(p, '|')) {
		uint32_t tree = parse_sequence(p, depth);

		p->trees[last].next = tree;
		last = tree;
	}
	return p->err ? 0 : add_tree(p, REGEX_TREE_CHOICE, 0, first);
}

static int compile(struct regex_parser *p, size_t len)
{
	struct regex *regex = p->regex;
	uint32_t root;

	regex->insts = calloc(REGEX_PROGRAM_MAX + 1, sizeof(*regex->insts));
	regex->sets = calloc(len + 1, sizeof(*regex->sets));
	regex->ranges = calloc(len + 1, sizeof(*regex->ranges));
	p->trees = calloc(4 * len + 4, sizeof(*p->trees));
	if (!regex->insts || !regex->sets || !regex->ranges || !p->trees)
		return -ENOMEM;
	root = parse_choice(p, 0);
	if (!p->err)
		regex_emit(p, root);
	return p->err;
}

int regex_new(const char *pattern, size_t len, struct regex **ret_regex, const char **ret_why,
	      size_t *ret_at)
{
	struct regex_parser p = {
		.start = pattern,
		.at = pattern,
		.end = pattern + len,
		.count = 1,
		.why = "is longer than 4096 bytes",
		.why_at = pattern,
	};
	int err = -EINVAL;

	if (len <= REGEX_BYTES_MAX) {
		p.regex = calloc(1, sizeof(*p.regex));
		err = p.regex ? compile(&p, len) : -ENOMEM;
	}
	free(p.trees);
	if (err) {
		*ret_why = err == -ENOMEM ? "out of memory" : p.why;
		*ret_at = (size_t)(p.why_at - pattern);
		regex_free(p.regex);
		return err;
	}
	*ret_regex = p.regex;
	return 0;
}
