/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/status_line.c - signs of life on the terminal of a person.
 *
 * Owns:  whether there is such a terminal, when the line is drawn, how it is cut.
 * Not:   the numbers (record.c), messages (message.c removes the line before it writes one).
 *
 * Invariants
 *  (1) A terminal that is stopped (Ctrl-S) or slow never blocks the capture: what does not fit is
 *      left out.
 *  (2) A background job neither writes nor is stopped for it (SIGTTOU).
 *  (3) Nothing wakes begat up once the line says what is true.
 */
#include "status_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli.h"
#include "output.h"
#include "width.h"

#define INTERVAL_MS 500

/*
 * The writing thread commits some time after an event, and reports its numbers one drawing later: so
 * many drawings after the last event say all of it.
 */
#define DRAWS_AFTER_NEWS 3

static bool is_in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* Not our controlling terminal: there is no job control on it. */
	return group < 0 || group == getpgrp();
}

bool status_is_seen(void)
{
	return isatty(STDERR_FILENO) && is_in_foreground(STDERR_FILENO);
}

void status_line_open(struct status_line *status, const char *name)
{
	const char *term = getenv("TERM");

	*status = (struct status_line){ .fd = -1, .name = name };
	if (!term || !*term || !strcmp(term, "dumb") || !isatty(STDERR_FILENO))
		return;
	/* A description of its own: O_NONBLOCK on the shared one would concern other programs. */
	status->fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (status->fd < 0)
		status->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	/* "tracing" has just been said. */
	status->next_ms = (int64_t)(clock_read_ns(CLOCK_MONOTONIC_COARSE) / 1000000) + INTERVAL_MS;
	status_line_touch(status);
}

void status_line_touch(struct status_line *status)
{
	status->draws_due = DRAWS_AFTER_NEWS;
}

int status_line_wait_ms(const struct status_line *status)
{
	int64_t left = status->next_ms - (int64_t)(clock_read_ns(CLOCK_MONOTONIC_COARSE) / 1000000);

	if (status->fd < 0 || !status->draws_due)
		return -1;
	return left < 0 ? 0 : (int)left + 1;
}

int status_line_text(char *out, int size, uint32_t columns, const char *name,
		     const struct status_counts *counts)
{
	char events[UNITS_BYTES + 8], bytes[UNITS_BYTES], lost[UNITS_BYTES], number[UNITS_BYTES];
	char alive[2][UNITS_BYTES + 32] = { "", "" };

	units_count(number, counts->events);
	snprintf(events, sizeof(events), "%s event%s", number, counts->events == 1 ? "" : "s");
	units_size(bytes, counts->bytes);
	units_count(lost, counts->lost);
	if (counts->alive >= 0) {
		char living[UNITS_BYTES];

		units_count(living, (uint64_t)counts->alive);
		snprintf(alive[0], sizeof(alive[0]), " %s process%s alive,", living,
			 counts->alive == 1 ? "" : "es");
		snprintf(alive[1], sizeof(alive[1]), " %s alive,", living);
	}
	for (int form = 0; form < 6; form++) {
		int len = form == 0   ? snprintf(out, size, "begat: %s: %s,%s %s, %s lost", name,
						 events, alive[0], bytes, lost)
			  : form == 1 ? snprintf(out, size, "begat: %s,%s %s, %s lost", events,
						 alive[0], bytes, lost)
			  : form == 2 ? snprintf(out, size, "%s,%s %s, %s lost", events, alive[1],
						 bytes, lost)
			  : form == 3 ? snprintf(out, size, "%s, %s lost", events, lost)
			  : form == 4 ? snprintf(out, size, "%s", events)
				      : snprintf(out, size, "%s", number);

		if (len < size && width_of(out) <= columns)
			return len;
	}
	return 0;
}

static uint32_t columns_of(int fd)
{
	uint32_t columns = output_terminal_columns(fd);
	struct winsize size;

	/* COLUMNS may say more than there is: the line must not wrap. */
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col && size.ws_col < columns)
		columns = size.ws_col;
	return columns;
}

/* Between the check and the write the job may go to the background. */
static void write_unstopped(int fd, const char *text, size_t len)
{
	struct pollfd terminal = { .fd = fd, .events = POLLOUT };
	sigset_t stop, old;

	if (poll(&terminal, 1, 0) <= 0 || !(terminal.revents & POLLOUT))
		return;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &stop, &old);
	if (write(fd, text, len) < 0 && errno != EAGAIN)
		(void)0; /* a terminal that has gone away: its SIGHUP says so */
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Is it to be drawn now, and how wide may it be? */
static bool is_due(struct status_line *status, uint32_t *ret_columns)
{
	int64_t now = (int64_t)(clock_read_ns(CLOCK_MONOTONIC_COARSE) / 1000000);

	if (status->fd < 0 || !status->draws_due || now < status->next_ms)
		return false;
	status->next_ms = now + INTERVAL_MS;
	status->draws_due--;
	if (!is_in_foreground(status->fd))
		return false;
	*ret_columns = columns_of(status->fd);
	*ret_columns -= !!*ret_columns;
	return true;
}

static void draw(const struct status_line *status, const char *text, size_t text_len)
{
	char bytes[600];

	/*
	 * The cursor goes back to the first column: where a terminal that gets narrower wraps the
	 * line, it stays in the line's first row, and erasing to the end takes all rows.
	 */
	int len = snprintf(bytes, sizeof(bytes), "\r\033[J%.*s\r", (int)text_len, text);

	cli_set_status(true);
	write_unstopped(status->fd, bytes, (size_t)len);
}

void status_line_draw(struct status_line *status, const struct status_counts *counts)
{
	char text[512];
	uint32_t columns;

	if (is_due(status, &columns))
		draw(status, text,
		     (size_t)status_line_text(text, sizeof(text), columns, status->name, counts));
}

void status_line_say(struct status_line *status, const char *text)
{
	uint32_t columns, width;

	status_line_touch(status);
	if (is_due(status, &columns))
		draw(status, text, width_head(text, columns, &width));
}

void status_line_close(struct status_line *status)
{
	if (status->fd < 0)
		return;
	if (cli_set_status(false) && is_in_foreground(status->fd))
		write_unstopped(status->fd, "\r\033[J", 4);
	close(status->fd);
	status->fd = -1;
}
