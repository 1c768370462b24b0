/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/child.c - the command of `begat run`: made, held back, let go.
 *
 * Owns:  fork and exec, the two pipes between, the words for an exec that failed.
 * Not:   waiting for its end (session.c).
 *
 *   begat                         maker                      the command's process
 *   child_prepare: fork --------> waits
 *   (tracer is opened)              |
 *   child_start: one byte ------> clone(CLONE_PARENT) -----> waits
 *   (begat_follow)              tells its pid, ends            |
 *   child_release: one byte -------------------------------> execve: error_fd closes by itself,
 *   reads error_fd <---------------------------------------- or tells errno and ends
 *
 * The maker is there because a fork counts its parent's memory as its own until it execs, and the
 * kernel remembers the most: with a tracer loaded begat is bigger than many a command. CLONE_PARENT
 * makes the command begat's own child, started at the moment that it runs.
 *
 * Invariants
 *  (1) The command has begat's own stdio, mask and dispositions, and no other descriptor of ours.
 *  (2) If begat dies first the command never starts.
 *  (3) The command is searched for before the tracer is open: begat's search leaves no events.
 */
#include <begat/report.h>

#include "child.h"

#include <begat/sink.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static ssize_t read_fully(int fd, void *data, size_t size)
{
	ssize_t n;

	do
		n = read(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Runs @path with /bin/sh, as execvp() and shells do with a script that has no "#!". */
static void exec_by_shell(const char *path, char **argv)
{
	size_t count = 0;

	while (argv[count])
		count++;
	char **args = calloc(count + 2, sizeof(*args));

	if (!args)
		return;
	args[0] = (char *)"/bin/sh";
	args[1] = (char *)path;
	for (size_t i = 1; i < count; i++)
		args[i + 1] = argv[i];
	execv(args[0], args);
	free(args);
}

/* Does execvp() go on to the next folder after this error? */
static bool goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
	       error == ENODEV || error == ETIMEDOUT;
}

/* Returns the errno that execvp() would leave. */
static int exec_command(const struct candidates *candidates, char **argv)
{
	int error = candidates->error;

	for (char **path = candidates->paths; *path; path++) {
		execv(*path, argv);
		if (errno == ENOEXEC)
			exec_by_shell(*path, argv);
		if (!goes_on(errno))
			return errno;
		if (errno == EACCES || error != EACCES)
			error = errno;
	}
	return error;
}

static __attribute__((noreturn)) void be_child(int release, int error_pipe,
					       const struct signals *signals,
					       const struct candidates *candidates, char **argv)
{
	char go;

	signals_give_back(signals);
	if (read_fully(release, &go, 1) != 1)
		_exit(CLI_OWN_FAILURE);
	int error = exec_command(candidates, argv);

	if (write(error_pipe, &error, sizeof(error)) < 0)
		_exit(CLI_OWN_FAILURE);
	_exit(CLI_NOT_FOUND);
}

static __attribute__((noreturn)) void be_maker(int release, int error_pipe,
					       const struct signals *signals,
					       const struct candidates *candidates, char **argv)
{
	char go;

	if (read_fully(release, &go, 1) != 1)
		_exit(CLI_OWN_FAILURE);
	int pid = (int)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid)
		be_child(release, error_pipe, signals, candidates, argv);
	if (pid < 0)
		pid = -errno;
	_exit(write(error_pipe, &pid, sizeof(pid)) < 0 ? CLI_OWN_FAILURE : CLI_OK);
}

static void reap(pid_t *pid)
{
	if (*pid > 0)
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	*pid = -1;
}

int child_find(struct child *child, char **argv)
{
	char why[512] = "out of memory.";
	int err = resolve_command(argv[0], getenv("PATH"), &child->candidates);
	int status = CLI_OWN_FAILURE;

	if (!err)
		return CLI_OK;
	if (err > 0)
		status = child_explain(argv, err, why, sizeof(why));
	cli_complain("%s", why);
	resolve_done(&child->candidates);
	return status;
}

int child_prepare(struct child *child, const struct signals *signals, char **argv)
{
	int release[2] = { -1, -1 }, error_pipe[2] = { -1, -1 };

	if (pipe2(release, O_CLOEXEC) < 0 || pipe2(error_pipe, O_CLOEXEC) < 0)
		goto fail;
	child->maker = fork();
	if (child->maker < 0)
		goto fail;
	if (!child->maker) {
		/* Else its own copy of the writing end would keep it waiting for ever. */
		close(release[1]);
		be_maker(release[0], error_pipe[1], signals, &child->candidates, argv);
	}
	close(release[0]);
	close(error_pipe[1]);
	child->release_fd = release[1];
	child->error_fd = error_pipe[0];
	return 0;
fail:;
	int err = -errno;

	for (int i = 0; i < 2; i++) {
		close_fd(&release[i]);
		close_fd(&error_pipe[i]);
	}
	return err;
}

int child_start(struct child *child)
{
	int pid;

	if (write(child->release_fd, "", 1) != 1 ||
	    read_fully(child->error_fd, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		pid = -ECHILD;
	reap(&child->maker);
	if (pid < 0)
		return pid;
	child->pid = pid;
	return 0;
}

int child_release(struct child *child)
{
	int error = 0;

	if (write(child->release_fd, "", 1) != 1)
		return -ECHILD;
	close_fd(&child->release_fd);
	ssize_t n = read_fully(child->error_fd, &error, sizeof(error));

	close_fd(&child->error_fd);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

void child_drop(struct child *child)
{
	bool is_held = child->release_fd >= 0;

	resolve_done(&child->candidates);
	close_fd(&child->release_fd);
	close_fd(&child->error_fd);
	reap(&child->maker);
	if (is_held)
		reap(&child->pid);
}

/* A whole line of shell in one word: @hint is what to type, else empty. */
static void hint_at_shell(char **argv, char *hint, size_t size)
{
	char quoted[256];

	hint[0] = '\0';
	if (argv[1] || !strpbrk(argv[0], " \t\n|&;<>()$`*?"))
		return;
	if (begat_escape(quoted, sizeof(quoted), argv[0], strlen(argv[0]), true) < sizeof(quoted))
		snprintf(hint, size, " A line of shell needs a shell: sh -c %s", quoted);
	else
		snprintf(hint, size, " A line of shell needs a shell: sh -c '...'");
}

int child_explain(char **argv, int error, char *out, size_t size)
{
	const char *command = argv[0];
	char hint[320];
	char safe[256], missing[PATH_MAX], safe_missing[256];
	struct stat st;
	bool has_slash = strchr(command, '/');

	cli_safe(safe, sizeof(safe), command);
	hint_at_shell(argv, hint, sizeof(hint));
	if (error == ENOENT && !has_slash)
		snprintf(out, size, "cannot run '%s': no such command in PATH.%s", safe, hint);
	else if (error == ENOENT && stat(command, &st))
		snprintf(out, size, "cannot run '%s': there is no such file.%s", safe, hint);
	else if (error == ENOENT && begat_missing_interpreter(command, missing, sizeof(missing)))
		snprintf(out, size, "cannot run '%s': its interpreter '%s' is missing.", safe,
			 cli_safe(safe_missing, sizeof(safe_missing), missing));
	else if (error == ENOENT)
		snprintf(out, size, "cannot run '%s': its interpreter (#! or loader) is missing.",
			 safe);
	else if (error == EACCES && has_slash && !stat(command, &st) && S_ISDIR(st.st_mode))
		snprintf(out, size, "cannot run '%s': it is a folder.", safe);
	else if (error == EACCES)
		snprintf(out, size, "cannot run '%s': it is not executable (try chmod +x).", safe);
	else
		snprintf(out, size, "cannot run '%s': %s.", safe, strerror(error));
	return error == ENOENT ? CLI_NOT_FOUND : CLI_NOT_EXECUTABLE;
}

const char *child_ending(const char *command, bool could_exec, int wait_status, char *out,
			 size_t size)
{
	int signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	int status = signal ? 0 : WEXITSTATUS(wait_status);
	char safe[80];

	if (could_exec)
		return begat_report_ending(command, status, signal, out, size) ? out : NULL;
	snprintf(out, size, "%s could not be run", cli_safe(safe, sizeof(safe), command));
	return out;
}
