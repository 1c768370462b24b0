/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_regex.c - the regular expressions: the C library's results, in bounded work.
 */
#include "sink_help.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>

#include "base/regex.h"

#define WORK (1ull << 26)

static struct regex *compile(const char *pattern)
{
	struct regex *regex = NULL;
	const char *why;
	size_t at;

	if (regex_new(pattern, strlen(pattern), &regex, &why, &at))
		fail_msg("%s: %s at %zu", pattern, why, at);
	return regex;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void compare_with_libc(const char *pattern, const char *text, unsigned *compared)
{
	struct regex_span span = { 0 };
	uint64_t work = WORK, more_work = WORK;
	struct regex *regex;
	regmatch_t found[1];
	const char *why;
	regex_t libc;
	size_t at;

	if (regcomp(&libc, pattern, REG_EXTENDED))
		return;
	if (regex_new(pattern, strlen(pattern), &regex, &why, &at))
		fail_msg("%s: the C library takes it; %s", pattern, why);
	bool expected = !regexec(&libc, text, 1, found, 0);
	enum regex_result is_there = regex_search(regex, text, strlen(text), &work);
	enum regex_result is_found = regex_find(regex, text, strlen(text), 0, &more_work, &span);

	if ((is_there == REGEX_YES) != expected || is_found != is_there)
		fail_msg("%s on %s: expected %d, got %d and %d", pattern, text, expected, is_there,
			 is_found);
	if (expected &&
	    (span.start != (size_t)found[0].rm_so || span.end != (size_t)found[0].rm_eo))
		fail_msg("%s on %s: expected %d to %d, got %zu to %zu", pattern, text,
			 (int)found[0].rm_so, (int)found[0].rm_eo, span.start, span.end);
	++*compared;
	regex_free(regex);
	regfree(&libc);
}

/* Leaves out what the C library itself gets wrong: anchors within repetitions. */
static void is_libc(void **state)
{
	static const char *const atoms[] = {
		"a",	 "b",	 "c",	"[ab]", "[^a]",	 "[[:alpha:]]", "(a|b)", "(ab|a)",
		"(a*)",	 "\\b",	 "\\w", "\\W",	"(",	 "|",		")",	 "*",
		"+",	 "?",	 "{2}", "{,2}", "{1,2}", "{1,}",	" ",	 "\\.",
		"[a-b]", "[]a]", "\\s", "()",	".",	 "\\<",		"(c|)",
	};
	uint32_t seed = 815;
	unsigned compared = 0;

	for (int i = 0; i < 60000; i++) {
		char pattern[128] = "", text[10] = "";
		unsigned parts = 1 + next_random(&seed) % 7, len = next_random(&seed) % 9;

		for (unsigned k = 0; k < parts; k++)
			strcat(pattern,
			       atoms[next_random(&seed) % (sizeof(atoms) / sizeof(atoms[0]))]);
		for (unsigned k = 0; k < len; k++)
			text[k] = "abc .]"[next_random(&seed) % 6];
		if (pattern[0] == '*' || pattern[0] == '+' || pattern[0] == '?' ||
		    strstr(pattern, "(*") || strstr(pattern, "(+") || strstr(pattern, "(?") ||
		    strstr(pattern, "|*") || strstr(pattern, "|+") || strstr(pattern, "|?"))
			continue; /* the C library drops the sign, this refuses it */
		compare_with_libc(pattern, text, &compared);
	}
	assert_true(compared > 20000);
	(void)state;
}

static void cases(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} list[] = {
		{ "", "", true },
		{ "^$", "", true },
		{ "^a.c$", "a\nc", true },
		{ "^.$", "\xc3\xbc", true }, /* a character */
		{ "^..$", "\xc3\xbc", false },
		{ "curl .*http", "curl \xff http", true }, /* no byte stops a dot */
		{ "^.$", "\xff", true },
		{ "[^a]", "\xff", true },
		{ "^[\xc3\xa4-\xc3\xbc]$", "\xc3\xb6", true },
		{ "^[[:alpha:]]$", "\xc3\xb6", true },
		{ "^[[:upper:]]$", "a", false },
		{ "\\bfoo\\b", "a foo b", true },
		{ "\\bfoo\\b", "afoo", false },
		{ "\\<foo\\>", "x-foo", true },
		{ "[\\]", "\\", true }, /* POSIX: plain in a set */
		{ "[[.-.]a]", "-", true },
		{ "[a-]", "-", true },
		{ "a{0}b", "b", true },
		{ "^(a{2,3}){2}$", "aaaaa", true },
		{ "^(a{2,3}){2}$", "aaa", false },
		{ "a)", "a)", true },
		{ "(curl|wget) .*http://", "sh -c wget -q http://x", true },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct regex *regex = compile(list[i].pattern);
		uint64_t work = WORK;

		if ((regex_search(regex, list[i].text, strlen(list[i].text), &work) == REGEX_YES) !=
		    list[i].matches)
			fail_msg("%s on %s", list[i].pattern, list[i].text);
		regex_free(regex);
	}
	(void)state;
}

static void errors(void **state)
{
	static const struct {
		const char *pattern, *why;
		size_t at;
	} list[] = {
		{ "ab(c", "has a ( without its )", 2 },
		{ "ab[c", "has a [ without its ]", 2 },
		{ "a\\", "ends with a backslash", 1 },
		{ "(a)\\1", "has a back-reference, which takes unbounded time", 3 },
		{ "[b-a]", "has a range that ends before it begins", 1 },
		{ "[[:foo:]]", "names no class of characters: [:alpha:], [:digit:], [:space:] ...",
		  1 },
		{ "a{3,2}", "has a repetition whose first number is the larger one", 1 },
		{ "a{1001}", "repeats a part more than 1000 times", 1 },
		{ "a{99999999999999999999}", "repeats a part more than 1000 times", 1 },
		{ "(a{1000}){1000}", "is too large with its repetitions written out", 0 },
		{ "((()*)*{1000}){1000}{1000}a{1000}{1000}",
		  "is too large with its repetitions written out", 0 },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct regex *regex = NULL;
		const char *why = NULL;
		size_t at = 99;

		assert_int_equal(
			regex_new(list[i].pattern, strlen(list[i].pattern), &regex, &why, &at),
			-EINVAL);
		assert_string_equal(why, list[i].why);
		assert_int_equal(at, list[i].at);
		assert_null(regex);
	}
	(void)state;
}

/* Steps for @len characters of @unit. */
static uint64_t steps(const char *pattern, const char *unit, size_t len, bool is_find)
{
	struct regex *regex = compile(pattern);
	uint64_t work = UINT64_MAX;
	struct regex_span span;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = unit[i % strlen(unit)];
	if (is_find)
		regex_find(regex, text, len, 0, &work, &span);
	else
		regex_search(regex, text, len, &work);
	free(text);
	regex_free(regex);
	return UINT64_MAX - work;
}

/* Ten times the text is ten times the work, whatever the pattern. */
static void is_linear(void **state)
{
	static const char *const hard[][2] = {
		{ "(x+x+)+y", "x" },
		{ "(a|a|aa)*$b", "a" },
		{ "x*y", "x" },
		{ ".*.*.*.*=.*", "a" },
		{ "([a-z]+ )*[0-9]{9}Q", "abc 12 " },
		{ "[ab]*a[ab]{100}z", "abbab" },
		{ "(a?){100}a{100}z", "a" },
		{ "((a*)*)*b", "a" },
	};

	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		for (int is_find = 0; is_find < 2; is_find++) {
			uint64_t small = steps(hard[i][0], hard[i][1], 2000, is_find);
			uint64_t large = steps(hard[i][0], hard[i][1], 20000, is_find);

			if (large > 11 * small)
				fail_msg("%s: %llu steps, then %llu", hard[i][0],
					 (unsigned long long)small, (unsigned long long)large);
			/* never more than a program's length for a character */
			assert_true(large <= 20001ull * REGEX_PROGRAM_MAX);
		}
	}
	(void)state;
}

static void work_ends(void **state)
{
	struct regex *regex = compile("(x+x+)+y");
	struct regex_span span;
	char text[1000];
	uint64_t work = 500;

	memset(text, 'x', sizeof(text));
	assert_int_equal(regex_search(regex, text, sizeof(text), &work), REGEX_UNDECIDED);
	assert_int_equal(work, 0);
	work = 500;
	assert_int_equal(regex_find(regex, text, sizeof(text), 0, &work, &span), REGEX_UNDECIDED);
	assert_int_equal(work, 0);
	regex_free(regex);
	(void)state;
}

static void groups(void **state)
{
	struct regex *regex = compile("pin=([0-9]+)|key");
	struct regex_span span;
	uint64_t work = WORK;
	const char *text = "a pin=123 key";

	assert_int_equal(regex_find(regex, text, strlen(text), 0, &work, &span), REGEX_YES);
	assert_int_equal(span.start, 2);
	assert_int_equal(span.group_start, 6);
	assert_int_equal(span.group_end, 9);
	assert_int_equal(regex_find(regex, text, strlen(text), span.end, &work, &span), REGEX_YES);
	assert_int_equal(span.start, 10);
	assert_true(span.group_start == SIZE_MAX);
	regex_free(regex);
	(void)state;
}

UNIT_TESTS()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_libc),   cmocka_unit_test(cases),	  cmocka_unit_test(errors),
		cmocka_unit_test(is_linear), cmocka_unit_test(work_ends), cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
