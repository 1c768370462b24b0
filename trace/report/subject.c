/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/subject.c - what a long command line is about.
 *
 * Owns:    picking the file that tells one compiler run from the next.
 * Not:     the same on the page (web/src/text.js, subjectOf()): the two agree.
 */
#include <begat/report.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/api.h"

#define AHEAD_BYTES 24 /* of arguments: those are seen anyway */
#define LONGEST_BYTES 256
#define LOOKED_AT_BYTES 16384

static bool is_one_word(const char *text, size_t len)
{
	if (!len || len > LONGEST_BYTES || *text == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* /tmp/ccXXXXXX.s: the compiler's own. */
static bool is_temporary(const char *text, size_t len)
{
	if (len < 15 || memcmp(text, "/tmp/cc", 7) != 0 || text[13] != '.')
		return false;
	for (int i = 7; i < 13; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

static bool is_source(const char *text, size_t len)
{
	static const char *const kinds[] = {
		"asm", "c",	"cc",	"cpp", "cu",  "cxx",   "erl",  "f",   "f90", "go", "hs",
		"i",   "ii",	"java", "jl",  "js",  "kt",    "l",    "lua", "m",   "md", "mjs",
		"ml",  "mm",	"nim",	"php", "pl",  "proto", "py",   "rb",  "rs",  "s",  "scala",
		"sh",  "swift", "tex",	"ts",  "tsx", "v",     "vala", "y",   "zig",
	};
	const char *dot = memrchr(text, '.', len);

	if (!dot || dot == text)
		return false;
	dot++;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]) == (size_t)(text + len - dot) &&
		    !strncasecmp(dot, kinds[i], text + len - dot))
			return true;
	return false;
}

BEGAT_API struct begat_str begat_report_subject(const struct begat_strv *argv)
{
	struct begat_str made = { "", 0 };
	size_t bytes = argv->bytes < LOOKED_AT_BYTES ? argv->bytes : LOOKED_AT_BYTES;
	const char *end = argv->data + bytes;
	const char *first = bytes ? memchr(argv->data, '\0', bytes) : NULL;
	bool is_output = false;

	for (const char *at = first ? first + 1 : end; at < end;) {
		const char *nul = memchr(at, '\0', end - at);
		size_t len = (size_t)((nul ? nul : end) - at);
		bool is_file = is_one_word(at, len) && !is_temporary(at, len);
		bool has_source = is_file && is_source(at, len);
		bool is_made = is_file && is_output && !made.len;

		if ((has_source || is_made) && at - first - 1 < AHEAD_BYTES)
			return (struct begat_str){ "", 0 };
		if (has_source)
			return (struct begat_str){ at, len };
		if (is_made)
			made = (struct begat_str){ at, len };
		is_output = len == 2 && !memcmp(at, "-o", 2);
		at += len + 1;
	}
	return made;
}
