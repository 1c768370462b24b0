/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/child.c - processes with their output collected, and growing text.
 *
 * Nothing here sleeps: it waits in poll(2) for output, or in wait for an end, with a deadline.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void text_add(struct text *text, const char *data, size_t len)
{
	if (text->len + len + 1 > text->size) {
		text->size = (text->len + len + 1) * 2;
		text->data = realloc(text->data, text->size);
		if (!text->data)
			abort();
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
	char *line = NULL;
	va_list ap;
	int len;

	va_start(ap, format);
	len = vasprintf(&line, format, ap);
	va_end(ap);
	if (len < 0)
		abort();
	text_add(text, line, (size_t)len);
	free(line);
}

void text_done(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t test_deadline(void)
{
	return now_ms() + config.seconds * 1000;
}

char *path_of_case(const char *program)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/cases/%s", config.dir, program);
	return path;
}

static void set_end(int *pipe_end, int fd, int given)
{
	if (given >= 0)
		return;
	*pipe_end = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

_Noreturn static void become(const struct spawn *spawn, int out, int err, int failed)
{
	const char *in_path = spawn->stdin_path ? spawn->stdin_path : "/dev/null";
	sigset_t none;
	int in = open(in_path, O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A shell that runs the tests in the background, or nohup, has these ignored for all below. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	if (spawn->own_group)
		setpgid(0, 0);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		goto fail;
	if (spawn->cwd && chdir(spawn->cwd) < 0)
		goto fail;
	if (spawn->uid &&
	    (setgroups(0, NULL) < 0 || setgid(spawn->uid) < 0 || setuid(spawn->uid) < 0))
		goto fail;
	if (spawn->env)
		execve(spawn->argv[0], (char *const *)spawn->argv, (char *const *)spawn->env);
	else
		execv(spawn->argv[0], (char *const *)spawn->argv);
fail:;
	int error = errno;

	if (write(failed, &error, sizeof(error)) < 0)
		_exit(124);
	_exit(124);
}

int child_spawn(struct child *child, const struct spawn *spawn)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, failed[2];
	int error = 0;

	memset(child, 0, sizeof(*child));
	child->out = child->err = -1;
	if (pipe2(failed, O_CLOEXEC) < 0 || (spawn->stdout_fd < 0 && pipe2(out, O_CLOEXEC) < 0) ||
	    (spawn->stderr_fd < 0 && pipe2(err, O_CLOEXEC) < 0))
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		become(spawn, spawn->stdout_fd < 0 ? out[1] : spawn->stdout_fd,
		       spawn->stderr_fd < 0 ? err[1] : spawn->stderr_fd, failed[1]);
	close(failed[1]);
	close(out[1]);
	close(err[1]);
	set_end(&child->out, out[0], spawn->stdout_fd);
	set_end(&child->err, err[0], spawn->stderr_fd);
	if (child->pid < 0 || read(failed[0], &error, sizeof(error)) == sizeof(error)) {
		error = child->pid < 0 ? EAGAIN : error;
		if (child->pid > 0)
			waitpid(child->pid, &child->status, 0);
		child->is_reaped = true;
		child_done(child);
	}
	close(failed[0]);
	return -error;
}

/* Takes what is there. False once the pipe is at its end. */
static bool take(int *fd, struct text *text)
{
	char buf[65536];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		text_add(text, buf, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	close(*fd);
	*fd = -1;
	return false;
}

bool child_pump(struct child *const children[], size_t count, bool (*done)(void *ctx), void *ctx,
		int64_t deadline_ms)
{
	for (;;) {
		struct pollfd fds[16];
		size_t n = 0;
		int64_t left = deadline_ms - now_ms();

		if (done && done(ctx))
			return true;
		for (size_t i = 0; i < count && n + 2 <= 16; i++) {
			if (children[i]->out >= 0)
				fds[n++] =
					(struct pollfd){ .fd = children[i]->out, .events = POLLIN };
			if (children[i]->err >= 0)
				fds[n++] =
					(struct pollfd){ .fd = children[i]->err, .events = POLLIN };
		}
		if (n == 0)
			return !done;
		if (left <= 0 || (poll(fds, n, (int)left) < 0 && errno != EINTR))
			return false;
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; fds[i].revents && j < count; j++) {
				if (children[j]->out == fds[i].fd)
					take(&children[j]->out, &children[j]->out_text);
				else if (children[j]->err == fds[i].fd)
					take(&children[j]->err, &children[j]->err_text);
			}
		}
	}
}

static bool is_over(void *ctx)
{
	struct child *child = ctx;

	if (!child->is_reaped && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->is_reaped = true;
	return child->is_reaped && child->out < 0 && child->err < 0;
}

/* Its output usually ends with it; a pidfd says when it does not. */
int child_wait(struct child *child, int64_t deadline_ms)
{
	struct child *const list[] = { child };
	int pidfd;

	if (child->is_reaped)
		return child->status;
	child_pump(list, 1, is_over, child, deadline_ms);
	if (child->is_reaped)
		return child->status;
	pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (pidfd >= 0) {
		struct pollfd end = { .fd = pidfd, .events = POLLIN };
		int64_t left = deadline_ms - now_ms();

		poll(&end, 1, left > 0 ? (int)left : 0);
		close(pidfd);
	}
	is_over(child);
	if (!child->is_reaped) {
		problem("process %d did not end within %d s: killed", child->pid, config.seconds);
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &child->status, 0);
		child->is_reaped = true;
	}
	return child->status;
}

void child_done(struct child *child)
{
	if (child->pid > 0 && !child->is_reaped) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &child->status, 0);
		child->is_reaped = true;
	}
	if (child->out >= 0)
		close(child->out);
	if (child->err >= 0)
		close(child->err);
	child->out = child->err = -1;
	text_done(&child->out_text);
	text_done(&child->err_text);
}

void begat_call(struct outcome *outcome, const struct spawn *how, const char *first, ...)
{
	const char *argv[32] = { config.begat };
	struct spawn spawn = { .stdout_fd = -1, .stderr_fd = -1 };
	struct child child;
	size_t n = 1;
	va_list ap;

	if (how)
		spawn = *how;
	va_start(ap, first);
	for (const char *arg = first; arg && n < 31; arg = va_arg(ap, const char *))
		argv[n++] = arg;
	va_end(ap);
	spawn.argv = argv;
	*outcome = (struct outcome){ .status = -1 };

	int r = child_spawn(&child, &spawn);

	if (r < 0) {
		problem("cannot start %s: %s", argv[0], strerror(-r));
		return;
	}
	int status = child_wait(&child, test_deadline());

	outcome->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	outcome->out = child.out_text;
	outcome->err = child.err_text;
	child.out_text = child.err_text = (struct text){ 0 };
	text_add(&outcome->out, "", 0);
	text_add(&outcome->err, "", 0);
	child_done(&child);
}

void outcome_done(struct outcome *outcome)
{
	text_done(&outcome->out);
	text_done(&outcome->err);
}
