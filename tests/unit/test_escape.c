/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_escape.c - nothing that a terminal obeys gets through, and a shell reads back what was.
 */
#include "sink_help.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/utf8.h"

static void check(const char *data, size_t len, bool shell, const char *expected)
{
	char out[256];

	assert_int_equal(begat_escape(out, sizeof(out), data, len, shell), strlen(expected));
	assert_string_equal(out, expected);
}

#define CHECK(data, shell, expected) check(data, sizeof(data) - 1, shell, expected)

static void plain(void **state)
{
	CHECK("-O2", false, "-O2");
	CHECK("-O2", true, "-O2");
	CHECK("a=b,c:d+e@f%g/h.i_j", true, "a=b,c:d+e@f%g/h.i_j");
	CHECK("a b", false, "a b");
	CHECK("", false, "");
	CHECK("gr\xc3\xbc\xc3\x9f", true, "gr\xc3\xbc\xc3\x9f");
	CHECK("\xe6\x97\xa5\xe6\x9c\xac", false, "\xe6\x97\xa5\xe6\x9c\xac");
	(void)state;
}

static void controls(void **state)
{
	CHECK("a\nb\tc\rd", false, "a\\nb\\tc\\rd");
	CHECK("\x1b[31m", false, "\\x1b[31m");
	CHECK("\x7f", false, "\\x7f");
	CHECK("\0", false, "\\x00");
	CHECK("\xc2\x9b", false, "\\u009b"); /* C1: the 8-bit CSI */
	CHECK("\x9b", false, "\\x9b");
	CHECK("\xff\xfe", false, "\\xff\\xfe");
	CHECK("\xe2\x80\xae", false, "\\u202e");
	CHECK("\xe2\x81\xa6", false, "\\u2066");
	CHECK("\xe2\x80\x8f", false, "\\u200f");
	CHECK("\xe2\x80\xa8", false, "\\u2028");
	CHECK("\xef\xbb\xbf", false, "\\ufeff");
	CHECK("\xf3\xa0\x81\x81", false, "\\U000e0041");
	CHECK("\\n", false, "\\\\n"); /* not the same as a newline */
	(void)state;
}

static void quoting(void **state)
{
	CHECK("", true, "''");
	CHECK("a b", true, "'a b'");
	CHECK("$HOME", true, "'$HOME'");
	CHECK("it's", true, "'it'\\''s'");
	CHECK("a\nb", true, "$'a\\nb'");
	CHECK("it's\n\\", true, "$'it\\'s\\n\\\\'");
	CHECK("C:\\x", true, "'C:\\x'");
	CHECK("~", true, "'~'");
	CHECK("*.c", true, "'*.c'");
	(void)state;
}

static void cut(void **state)
{
	char out[8] = "zzzzzzz";

	assert_int_equal(begat_escape(NULL, 0, "abc", 3, false), 3);
	assert_int_equal(begat_escape(out, 3, "abc", 3, false), 3);
	assert_string_equal(out, "ab");
	/* never half an escape or half a character */
	assert_int_equal(begat_escape(out, 4, "a\x1b", 2, false), 5);
	assert_string_equal(out, "a");
	assert_int_equal(begat_escape(out, 3, "a\xc3\xbc", 3, false), 3);
	assert_string_equal(out, "a");
	assert_int_equal(begat_escape(out, 1, "abc", 3, false), 3);
	assert_string_equal(out, "");
	(void)state;
}

/* All pairs of bytes: the result is printable, valid, and of the length that was told. */
static void every_pair(void **state)
{
	for (int a = 0; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			char data[2] = { (char)a, (char)b }, out[64];

			for (int shell = 0; shell < 2; shell++) {
				size_t len = begat_escape(out, sizeof(out), data, 2, shell);

				assert_int_equal(len, strlen(out));
				for (size_t at = 0; at < len;) {
					uint32_t c;
					size_t n = utf8_next(out + at, len - at, &c);

					assert_true(n > 0);
					assert_false(utf8_is_unsafe(c));
					at += n;
				}
			}
		}
	}
	(void)state;
}

/* bash gives back the very bytes. */
static void shell_reads_back(void **state)
{
	char data[255], text[2048], command[4096], back[600];
	FILE *pipe;
	size_t len;

	if (system("bash -c true >/dev/null 2>&1") != 0) {
		print_message("no bash: skipped\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i + 1);
	for (size_t part = 0; part < sizeof(data); part += 85) {
		assert_true(begat_escape(text, sizeof(text), data + part, 85, true) < sizeof(text));
		/* the words are for bash, the line for popen's sh: through a here-document */
		snprintf(command, sizeof(command),
			 "LC_ALL=C bash <<'END_OF_WORD'\nprintf %%s %s\nEND_OF_WORD\n", text);
		pipe = popen(command, "r");
		assert_non_null(pipe);
		len = fread(back, 1, sizeof(back), pipe);
		assert_int_equal(pclose(pipe), 0);
		assert_int_equal(len, 85);
		assert_memory_equal(back, data + part, 85);
	}
	(void)state;
}

static void widths(void **state)
{
	assert_int_equal(utf8_width('a'), 1);
	assert_int_equal(utf8_width(0xfc), 1);
	assert_int_equal(utf8_width(0x301), 0);
	assert_int_equal(utf8_width(0x65e5), 2);
	assert_int_equal(utf8_width(0xac00), 2);
	assert_int_equal(utf8_width(0x1f427), 2);
	assert_int_equal(utf8_width(0x2026), 1);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),      cmocka_unit_test(controls),
		cmocka_unit_test(quoting),    cmocka_unit_test(cut),
		cmocka_unit_test(every_pair), cmocka_unit_test(shell_reads_back),
		cmocka_unit_test(widths),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
