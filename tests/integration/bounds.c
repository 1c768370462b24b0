/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/bounds.c - what a traced process or a stuck reader cannot do to begat.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define ROUND_MS 150 /* begat takes two signals within 100 ms for one */

/* A pipe with nothing read and no room left. */
static int full_pipe(int fds[2])
{
	char bytes[4096] = { 0 };

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	while (write(fds[1], bytes, sizeof(bytes)) > 0)
		;
	/* The other side of begat's writes blocks. */
	fcntl(fds[1], F_SETFL, 0);
	return 0;
}

static bool is_reaped(void *ctx)
{
	struct child *child = ctx;

	if (!child->is_reaped && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->is_reaped = true;
	return child->is_reaped;
}

static bool has_hooks(void *ctx)
{
	const struct child *child = ctx;

	return child->err_text.data && strstr(child->err_text.data, " transport of ");
}

/* The reader of the stream is stuck, so begat is too: a second signal ends it all the same. */
void test_second_signal(const struct test *test)
{
	static const int ends[] = { SIGTERM, SIGINT };
	const char *watch[] = { config.begat, "watch", "--format", "json", "-v", NULL };

	(void)test;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		int fds[2];
		struct child child = { .pid = -1 };
		struct child *const list[] = { &child };

		if (full_pipe(fds) < 0) {
			problem("no pipe: %s", strerror(errno));
			return;
		}
		struct spawn spawn = { .argv = watch, .stdout_fd = fds[1], .stderr_fd = -1 };

		if (child_spawn(&child, &spawn) < 0 ||
		    !child_pump(list, 1, has_hooks, &child, test_deadline())) {
			problem("begat does not start");
		} else {
			while (!is_reaped(&child) && now_ms() < test_deadline()) {
				kill(child.pid, ends[i]);
				child_pump(list, 1, is_reaped, &child, now_ms() + ROUND_MS);
			}
			child_wait(&child, test_deadline());
			if (!WIFEXITED(child.status) || WEXITSTATUS(child.status) != 128 + ends[i])
				problem("%s twice: wait status %#x", sigabbrev_np(ends[i]),
					child.status);
			if (!child.err_text.data ||
			    !strstr(child.err_text.data, "ended by a second SIG"))
				problem("it does not say why: %s",
					child.err_text.data ? child.err_text.data : "");
		}
		child_done(&child);
		close(fds[0]);
		close(fds[1]);
	}
}

/* An argv made to cost all that a filter may spend: counted, and the rest of the stream goes on. */
void test_hostile_argv(const struct test *test)
{
	enum { BYTES = 131000, STRINGS = 6 };
	struct outcome outcome;
	struct spawn how = { .stdout_fd = -1, .stderr_fd = -1 };
	char *text = malloc(BYTES + 1);

	(void)test;
	if (!text) {
		problem("out of memory");
		return;
	}
	for (int i = 0; i < BYTES; i++)
		text[i] = "abbab"[i % 5];
	text[BYTES] = '\0';
	begat_call(&outcome, &how, "run", "--format", "json", "-w",
		   "argv =~ '[ab]*a[ab]{900}z' or event == exit", "--", path_of_case("c_target"),
		   text, text, text, text, text, text, NULL);
	if (!outcome.err.data || !strstr(outcome.err.data, "\"event\":\"exit\""))
		problem("the exit is missing: %.300s", outcome.err.data ? outcome.err.data : "");
	if (!outcome.err.data || strstr(outcome.err.data, "\"undecided\":0") ||
	    !strstr(outcome.err.data, "\"undecided\":"))
		problem("undecided events are not counted");
	/* At once, too, unless the command has ended before that event was read. */
	if (!outcome.err.data ||
	    !strstr(outcome.err.data, "took too much work and count as not matching"))
		problem("the end does not say that events count as not matching");
	outcome_done(&outcome);
	free(text);
}
