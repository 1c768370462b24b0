/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_status_line.c - the status line of a recording: its text, when it is drawn.
 *
 * Owns:    a terminal that nobody reads, as the standard error of one test.
 */
#include <stddef.h>
#include <stdint.h>

#include "unit.h"
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/status_line.h"
#include "cli/width.h"

static const struct status_counts counts = { 12345, 3400000, 0, 214 };

static void assert_text(uint32_t columns, const char *wanted)
{
	char text[512];
	int len = status_line_text(text, sizeof(text), columns, "day.db", &counts);

	assert_string_equal(len ? text : "", wanted);
	assert_int_equal(len, strlen(wanted));
}

static void says_less_where_narrow(void **state)
{
	assert_text(200, "begat: day.db: 12,345 events, 214 processes alive, 3.4 MB, 0 lost");
	assert_text(65, "begat: day.db: 12,345 events, 214 processes alive, 3.4 MB, 0 lost");
	assert_text(64, "begat: 12,345 events, 214 processes alive, 3.4 MB, 0 lost");
	assert_text(56, "12,345 events, 214 alive, 3.4 MB, 0 lost");
	assert_text(39, "12,345 events, 0 lost");
	assert_text(20, "12,345 events");
	assert_text(12, "12,345");
	assert_text(5, "");
	assert_text(0, "");
}

static void never_wider_than_the_screen(void **state)
{
	struct status_counts large = { UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MAX };
	char text[512], name[256];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (uint32_t columns = 0; columns < 400; columns++) {
		if (status_line_text(text, sizeof(text), columns, name, &large))
			assert_in_range(width_of(text), 1, columns);
	}
}

static void one_and_unknown(void **state)
{
	struct status_counts one = { 1, 0, 1, 1 };
	char text[512];

	status_line_text(text, sizeof(text), 200, "t.db", &one);
	assert_string_equal(text, "begat: t.db: 1 event, 1 process alive, 0 B, 1 lost");
	one.alive = -1;
	status_line_text(text, sizeof(text), 200, "t.db", &one);
	assert_string_equal(text, "begat: t.db: 1 event, 0 B, 1 lost");
}

/* Every drawing that is due, whatever the time is. Returns how many there were. */
static int draw_all(struct status_line *status)
{
	int draws = 0;

	while (status_line_wait_ms(status) >= 0 && draws < 100) {
		status->next_ms = 0;
		assert_int_equal(status_line_wait_ms(status), 0);
		status_line_draw(status, &counts);
		draws++;
	}
	return draws;
}

/* Standard error is the other end of a terminal whose reader is *ret_reader. */
static int take_terminal(int *ret_reader, uint16_t columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	int terminal, old = dup(STDERR_FILENO);

	assert_return_code(openpty(ret_reader, &terminal, NULL, NULL, &size), 0);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	setenv("TERM", "xterm", 1);
	unsetenv("COLUMNS");
	return old;
}

static void give_back(int old, int reader)
{
	dup2(old, STDERR_FILENO);
	close(old);
	close(reader);
}

/* All that the terminal received so far: its reader gets it in parts, so a bell marks the end. */
static void read_all(int reader, char *bytes, size_t size)
{
	size_t len = 0;

	assert_int_equal(write(STDERR_FILENO, "\a", 1), 1);
	do {
		ssize_t n = read(reader, bytes + len, size - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	} while (bytes[len - 1] != '\a');
	bytes[len - 1] = 0;
}

static void is_idle_once_it_is_true(void **state)
{
	struct status_line status;
	char bytes[4096];
	int reader, old = take_terminal(&reader, 80);

	status_line_open(&status, "day.db");
	assert_true(status_line_wait_ms(&status) > 0); /* not at once */
	assert_in_range(draw_all(&status), 1, 5);
	assert_int_equal(status_line_wait_ms(&status), -1);
	status_line_touch(&status);
	assert_in_range(draw_all(&status), 1, 5);

	read_all(reader, bytes, sizeof(bytes));
	assert_non_null(strstr(bytes, "\r\033[Jbegat: day.db: 12,345 events"));
	/* A message takes its place; then there is nothing to remove. */
	cli_complain("hello");
	read_all(reader, bytes, sizeof(bytes));
	assert_string_equal(bytes, "\r\033[Jbegat: hello\r\n");
	status_line_close(&status);
	cli_complain("hello");
	read_all(reader, bytes, sizeof(bytes));
	assert_string_equal(bytes, "begat: hello\r\n");
	give_back(old, reader);
}

static void full_terminal_blocks_nobody(void **state)
{
	struct status_line status;
	int reader, old = take_terminal(&reader, 80);

	status_line_open(&status, "day.db");
	for (int i = 0; i < 5000; i++) { /* more than a terminal holds */
		status_line_touch(&status);
		draw_all(&status);
	}
	status_line_close(&status);
	give_back(old, reader);
}

static void none_where_it_cannot_be_removed(void **state)
{
	struct status_line status;
	int reader, old = take_terminal(&reader, 80), file = open("/dev/null", O_WRONLY);

	setenv("TERM", "dumb", 1);
	status_line_open(&status, "day.db");
	assert_int_equal(draw_all(&status), 0);
	status_line_close(&status);
	unsetenv("TERM");
	status_line_open(&status, "day.db");
	assert_int_equal(draw_all(&status), 0);
	setenv("TERM", "xterm", 1);
	dup2(file, STDERR_FILENO);
	status_line_open(&status, "day.db");
	assert_int_equal(draw_all(&status), 0);
	status_line_close(&status);
	close(file);
	give_back(old, reader);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_less_where_narrow),
		cmocka_unit_test(never_wider_than_the_screen),
		cmocka_unit_test(one_and_unknown),
		cmocka_unit_test(is_idle_once_it_is_true),
		cmocka_unit_test(full_terminal_blocks_nobody),
		cmocka_unit_test(none_where_it_cannot_be_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
