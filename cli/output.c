/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/output.c - where bytes go: a terminal, a pipe, a file of -o.
 *
 * Owns:    opening without destroying, what the other end can show, who has gone away.
 * Not:     what is written.
 * Called:  by main.c, stream.c, run.c, doctor.c.
 *
 * Invariants
 *  (1) A file of -o keeps its old contents until output_begin(): a start that fails costs nothing.
 *  (2) Written with O_APPEND: a log rotation by copy and truncate leaves no hole.
 */
#include "output.h"

#include <begat/sink.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "human.h"

static uint32_t terminal_columns(int fd, bool is_terminal)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	uint64_t columns;

	if (text && !human_parse_number(text, 10000, &columns) && columns)
		return (uint32_t)columns;
	if (is_terminal && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return is_terminal ? 80 : 0;
}

/* What can the other end show? */
static int look(struct output *output)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool is_dumb = !term || !*term || !strcmp(term, "dumb");
	struct stat st;

	if (fstat(output->fd, &st) < 0)
		return -errno;
	int flags = fcntl(output->fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	output->is_file = S_ISREG(st.st_mode);
	output->is_pipe = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	output->is_terminal = isatty(output->fd);
	output->has_colour = output->is_terminal && !is_dumb && !(no_color && *no_color);
	output->has_utf8 =
		output->is_terminal && !is_dumb && !strcmp(nl_langinfo(CODESET), "UTF-8");
	output->columns = terminal_columns(output->fd, output->is_terminal);
	return 0;
}

static int open_path(struct output *output, const char *path, bool is_private)
{
	mode_t mode = is_private ? 0600 : 0666;
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;

	/* First without O_CREAT: we remove only what we made. */
	output->fd = open(path, flags);
	if (output->fd < 0 && errno == ENOENT) {
		output->fd = open(path, flags | O_CREAT | O_EXCL, mode);
		output->is_created = output->fd >= 0;
		if (output->fd < 0 && errno == EEXIST)
			output->fd = open(path, flags | O_CREAT, mode); /* a dangling link */
	}
	if (output->fd < 0)
		return -errno;
	output->is_owned = true;
	return 0;
}

int output_open(struct output *output, const char *path, int default_fd, bool is_private,
		char *error, size_t error_size)
{
	int r = 0;

	*output = (struct output){ .fd = default_fd };
	if (path && !strcmp(path, "-")) {
		output->fd = STDOUT_FILENO;
		path = NULL;
	}
	if (path) {
		output->path = path;
		cli_safe(output->name, sizeof(output->name), path);
		r = open_path(output, path, is_private);
	} else {
		snprintf(output->name, sizeof(output->name), "%s",
			 output->fd == STDOUT_FILENO ? "standard output" : "standard error");
	}
	if (!r)
		r = look(output);
	if (!r)
		return 0;
	snprintf(error, error_size, "cannot write to %s: %s", output->name, strerror(-r));
	output_close(output, true);
	return r;
}

int output_begin(struct output *output)
{
	/* Only what -o names: a shell's `>>` means to append. */
	if (output->is_owned && output->is_file && ftruncate(output->fd, 0) < 0)
		return -errno;
	return 0;
}

int output_write(struct output *output, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(output->fd, data, size);

		if (n < 0 && errno == EAGAIN) {
			/* Somebody made the shared description non-blocking. */
			struct pollfd p = { .fd = output->fd, .events = POLLOUT };

			if (poll(&p, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

int output_close(struct output *output, bool is_failed)
{
	int r = 0;

	if (output->is_owned && output->fd >= 0) {
		if (is_failed && output->is_created)
			unlink(output->path);
		if (close(output->fd) < 0 && errno != EINTR)
			r = -errno;
	}
	output->fd = -1;
	output->is_owned = false;
	return r;
}

void output_guard_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* Read-only: a write to a closed stdout still fails, and says so. */
		int stand_in = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (stand_in >= 0 && stand_in != fd)
			close(stand_in);
	}
}

int output_flush_stdout(void)
{
	if (!fflush(stdout) || errno == EPIPE)
		return CLI_OK;
	cli_complain("cannot write to standard output: %s", strerror(errno));
	return CLI_FAILED;
}

bool output_is_one_of(const struct output *output, const char *const *files, int count)
{
	struct stat a, b;

	if (fstat(output->fd, &a) < 0 || !S_ISREG(a.st_mode))
		return false;
	for (int i = 0; i < count; i++)
		if (!stat(files[i], &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	return false;
}
