/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/session.c - one begat and one case program, from start to end.
 *
 * Owns:    the hand-shake: a case says that it is there and waits (cases/truth.h); begat is
 *          known to trace when a process that the case made on request shows in its stream.
 * Not:     what the stream must say (match.c, stream.c).
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int make_folder(struct session *session)
{
	const char *base = getenv("TMPDIR");

	snprintf(session->folder, sizeof(session->folder), "%.32s/begat-test.XXXXXX",
		 base && *base ? base : "/tmp");
	if (!mkdtemp(session->folder)) {
		problem("cannot make a folder %s: %s", session->folder, strerror(errno));
		return -1;
	}
	chmod(session->folder, 0755);
	snprintf(session->work, sizeof(session->work), "%s/work", session->folder);
	snprintf(session->events_path, sizeof(session->events_path), "%s/events", session->folder);
	snprintf(session->go_path, sizeof(session->go_path), "%s/go", session->folder);
	if (mkdir(session->work, 0755) < 0 || chmod(session->work, 0777) < 0 ||
	    mkfifo(session->go_path, 0644) < 0 ||
	    (session->go_fd = open(session->go_path, O_RDWR | O_CLOEXEC)) < 0) {
		problem("cannot prepare %s: %s", session->folder, strerror(errno));
		return -1;
	}
	setenv("BEGAT_TEST_GO", session->go_path, 1);
	return 0;
}

/* begat reads this file when the event reaches it: the case may be over by then. */
#define READ_BY_BEGAT "orphan_script"

/* A case leaves its folder empty; what is still there is a leak. */
static void remove_folder(struct session *session)
{
	DIR *dir = opendir(session->work);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (strcmp(entry->d_name, READ_BY_BEGAT))
			problem("file left in the case's folder: %s", entry->d_name);
		unlinkat(dirfd(dir), entry->d_name, 0);
		unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	unlink(session->events_path);
	unlink(session->go_path);
	rmdir(session->work);
	if (rmdir(session->folder) < 0)
		problem("%s is not empty after the test", session->folder);
}

/* LIVES stands for the number of processes that this run of the tests wants in a storm. */
static size_t copy_args(const char **to, size_t n, const char *const *args)
{
	static char lives[16];

	snprintf(lives, sizeof(lives), "%d", config.lives);
	for (; args && *args && n < 30; args++)
		to[n++] = strcmp(*args, "LIVES") ? *args : lives;
	return n;
}

/* begat run: one child, whose stdout is the case's alone. */
static int start_run(struct session *session, const char *const *options)
{
	const char *argv[64] = { config.begat,	  "run",	  "--format",
				 "json",	  "-o",		  session->events_path,
				 "--backend",	  config.backend, "--transport",
				 config.transport };
	struct spawn spawn = {
		.argv = argv, .cwd = session->work, .stdout_fd = -1, .stderr_fd = -1
	};
	size_t n = copy_args(argv, 10, options);

	argv[n++] = "--";
	n = copy_args(argv, n, session->argv);
	argv[n] = NULL;

	int r = child_spawn(&session->begat, &spawn);

	if (r < 0)
		problem("cannot start %s: %s", config.begat, strerror(-r));
	session->truth = &session->begat.out_text;
	return r;
}

static int start_watch(struct session *session, const char *const *options)
{
	char pid[16];
	const char *argv[64] = { config.begat, "watch",	       "--format",    "json",
				 "--backend",  config.backend, "--transport", config.transport };
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };
	size_t n = copy_args(argv, 8, options);

	if (session->mode == MODE_PID) {
		snprintf(pid, sizeof(pid), "%d", session->root);
		argv[n++] = "-p";
		argv[n++] = pid;
	}
	argv[n] = NULL;

	int r = child_spawn(&session->begat, &spawn);

	if (r < 0)
		problem("cannot start %s: %s", config.begat, strerror(-r));
	return r;
}

struct wanted {
	const struct text *text;
	const char *needle;
	size_t from;
};

static bool has_text(void *ctx)
{
	struct wanted *wanted = ctx;

	if (!wanted->text->data)
		return false;
	/* Output grows at its end; what was searched once need not be again. */
	if (wanted->text->len > wanted->from &&
	    memmem(wanted->text->data + wanted->from, wanted->text->len - wanted->from,
		   wanted->needle, strlen(wanted->needle)))
		return true;
	size_t keep = strlen(wanted->needle);

	if (wanted->text->len > keep + wanted->from)
		wanted->from = wanted->text->len - keep;
	return false;
}

static bool wait_text(struct session *session, const struct text *text, const char *needle,
		      int64_t deadline)
{
	struct child *const children[] = { &session->begat, &session->program };
	struct wanted wanted = { .text = text, .needle = needle };

	return child_pump(children, session->mode == MODE_RUN ? 1 : 2, has_text, &wanted, deadline);
}

bool session_wait_truth(struct session *session, const char *text)
{
	return wait_text(session, session->truth, text, test_deadline());
}

void session_command(struct session *session, const char *command)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "%s\n", command);

	if (write(session->go_fd, line, (size_t)n) != n)
		problem("cannot talk to the case: %s", strerror(errno));
}

static void tail_of_errors(const struct session *session)
{
	const struct text *text = &session->begat.err_text;

	if (text->data)
		problem("begat said: %s",
			text->len > 1500 ? text->data + text->len - 1500 : text->data);
}

/* The pid in the case's first line. */
static int learn_root(struct session *session)
{
	json_t *value;

	if (!session_wait_truth(session, "\"fds\"") || !session_wait_truth(session, "\n") ||
	    !truth_line_value(session->truth, "ready", &value)) {
		problem("the case program did not start");
		tail_of_errors(session);
		return -1;
	}
	session->root = (pid_t)json_integer_value(value);
	json_decref(value);
	return 0;
}

/* With a filter that hides the case's processes: begat -v says when it is ready. */
static int wait_until_said(struct session *session)
{
	if (wait_text(session, &session->begat.err_text, " transport of ", test_deadline()))
		return 0;
	problem("begat -v did not say that it traces");
	tail_of_errors(session);
	return -1;
}

static bool is_verbose(const char *const *options)
{
	while (options && *options) {
		if (!strcmp(*options++, "-v"))
			return true;
	}
	return false;
}

pid_t session_sentinel(struct session *session, struct child *other)
{
	struct child *const children[] = { other, &session->program };
	struct wanted wanted = { .text = session->truth,
				 .needle = "\"sentinel\"",
				 .from = session->truth->len };
	size_t seen = session->truth->len;

	session_command(session, "sentinel");
	if (!child_pump(children, 2, has_text, &wanted, test_deadline()))
		return 0;
	return atoi(strstr(session->truth->data + seen, "\"sentinel\":") + 11);
}

/* Asks the case for a process until begat shows one: then all hooks are in. */
int session_wait_traced(struct session *session)
{
	int64_t deadline = test_deadline();

	while (now_ms() < deadline && session->begat.err >= 0) {
		pid_t pid = session_sentinel(session, &session->begat);
		char needle[48];

		if (!pid)
			break;
		snprintf(needle, sizeof(needle), "\"pid\":%d,", pid);
		if (wait_text(session, &session->begat.out_text, needle, now_ms() + 200))
			return 0;
	}
	problem("begat did not show a process that was made while it ran");
	tail_of_errors(session);
	return -1;
}

void session_wait_shown(struct session *session, const char *needle)
{
	const char *at = session->truth->data;
	int64_t deadline = test_deadline();

	while (at && (at = strstr(at, needle))) {
		const char *line = at;
		size_t offset = at + 1 - session->truth->data;
		char shown[48];

		while (line > session->truth->data && line[-1] != '\n')
			line--;
		snprintf(shown, sizeof(shown), "\"pid\":%d,", atoi(strstr(line, "\"pid\":") + 6));
		wait_text(session, &session->begat.out_text, shown, deadline);
		at = session->truth->data + offset; /* reading may have moved it */
	}
}

static void set_argv(struct session *session, const char *program, const char *const *args)
{
	snprintf(session->path, sizeof(session->path), "%s", path_of_case(program));
	session->argv[0] = session->path;
	session->argv[copy_args(session->argv, 1, args)] = NULL;
}

int session_start(struct session *session, enum mode mode, const char *program,
		  const char *const *args, const char *const *options)
{
	memset(session, 0, sizeof(*session));
	session->mode = mode;
	session->begat.out = session->begat.err = -1;
	session->program.out = session->program.err = -1;
	session->go_fd = -1;
	if (make_folder(session) < 0)
		return -1;
	set_argv(session, program, args);
	if (mode == MODE_RUN) {
		if (start_run(session, options) < 0 || learn_root(session) < 0)
			return -1;
	} else {
		struct spawn spawn = { .argv = session->argv,
				       .cwd = session->work,
				       .stdout_fd = -1,
				       .stderr_fd = -1 };

		session->truth = &session->program.out_text;
		if (child_spawn(&session->program, &spawn) < 0) {
			problem("cannot start %s", session->argv[0]);
			return -1;
		}
		if (learn_root(session) < 0 || start_watch(session, options) < 0 ||
		    (is_verbose(options) ? wait_until_said(session)
					 : session_wait_traced(session)) < 0)
			return -1;
	}
	leaks_note(&session->leaks, session->begat.pid);
	return 0;
}

int session_start_alone(struct session *session, const char *program, const char *const *args,
			struct child *other)
{
	struct spawn spawn = {
		.argv = session->argv, .cwd = session->work, .stdout_fd = -1, .stderr_fd = -1
	};

	*session = (struct session){ .mode = MODE_RUN, .go_fd = -1 };
	session->begat.out = session->begat.err = -1;
	session->program.out = session->program.err = -1;
	if (make_folder(session) < 0)
		return -1;
	set_argv(session, program, args);
	session->truth = &session->program.out_text;
	if (child_spawn(&session->program, &spawn) < 0) {
		problem("cannot start %s", session->argv[0]);
		return -1;
	}

	struct child *const children[] = { other, &session->program };
	struct wanted ready = { .text = session->truth, .needle = "\"fds\"" };

	if (!child_pump(children, 2, has_text, &ready, test_deadline()))
		return -1;
	return learn_root(session);
}

static bool is_program_over(void *ctx)
{
	const struct session *session = ctx;

	return session->program.out < 0;
}

void session_end_alone(struct session *session, struct child *other)
{
	struct child *const children[] = { other, &session->program };

	child_pump(children, 2, is_program_over, session, test_deadline());
	child_wait(&session->program, test_deadline());
}

static void read_events_file(struct session *session)
{
	int fd = open(session->events_path, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		text_add(&session->events, buf, (size_t)n);
	if (fd < 0)
		problem("begat wrote no file: %s", strerror(errno));
	else
		close(fd);
}

/* Of the case: what it exits with, as wait(2) has it, is what `begat run` must exit with. */
static int expected_status(const struct session *session)
{
	int status = session->program.status;

	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void session_collect(struct session *session)
{
	struct child *const children[] = { &session->begat, &session->program };
	int64_t deadline = test_deadline();

	if (session->mode == MODE_RUN) {
		child_wait(&session->begat, deadline);
		read_events_file(session);
		if (session->begat.status != 0 && session->begat.status != 77 << 8) {
			problem("begat run ended with wait status %#x, the command with 0",
				session->begat.status);
			tail_of_errors(session);
		}
		return;
	}
	/* begat is drained meanwhile: it must not be stopped by a full pipe. */
	child_pump(children, 2, is_program_over, session, deadline);
	child_wait(&session->program, deadline);
	if (!session->begat.is_reaped)
		kill(session->begat.pid, SIGINT);
	child_wait(&session->begat, test_deadline());
	session->events = session->begat.out_text;
	session->begat.out_text = (struct text){ 0 };
	if (session->begat.status != 0) {
		problem("begat watch ended with wait status %#x", session->begat.status);
		tail_of_errors(session);
	}
	if (expected_status(session) && expected_status(session) != 77)
		problem("the case ended with %d", expected_status(session));
}

void session_finish(struct session *session)
{
	session_command(session, "go");
	session_collect(session);
}

void session_done(struct session *session)
{
	if (session->go_fd >= 0)
		close(session->go_fd);
	child_done(&session->program);
	child_done(&session->begat);
	text_done(&session->events);
	if (session->leaks.map_count)
		leaks_check(&session->leaks);
	leaks_check_processes();
	remove_folder(session);
	unsetenv("BEGAT_TEST_GO");
}
