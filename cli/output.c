/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/output.c - where bytes go: a terminal, a pipe, a file of -o.
 *
 * Owns:  opening without destroying, what the other end can show, a reader that has gone.
 * Not:   what is written.
 *
 * Invariants
 *  (1) A file of -o keeps its old contents until output_begin(): a start that fails costs nothing.
 *      What is written as a whole replaces it only when all of it is there.
 *  (2) Written with O_APPEND: a log rotation by copy and truncate leaves no hole.
 *  (3) Every file of -o is opened by base/safe_open.c: never through another user's link, never
 *      into another user's file.
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
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "cli.h"

/* Descriptors 0 to 2 that have a stand-in. */
static bool was_closed[3];

static uint32_t terminal_columns(int fd, bool is_terminal)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	uint64_t columns;

	if (text && !units_parse_count(text, 10000, &columns) && columns)
		return (uint32_t)columns;
	if (is_terminal && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return is_terminal ? 80 : 0;
}

uint32_t output_terminal_columns(int fd)
{
	return terminal_columns(fd, true);
}

void output_resize(struct output *output)
{
	output->columns = terminal_columns(output->fd, output->is_terminal);
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
	output->has_color = output->is_terminal && !is_dumb && !(no_color && *no_color);
	output->has_utf8 =
		output->is_terminal && !is_dumb && !strcmp(nl_langinfo(CODESET), "UTF-8");
	output->columns = terminal_columns(output->fd, output->is_terminal);
	return 0;
}

/* /dev/stdout and its like name a descriptor that is ours already. Its number, or -1. */
static int descriptor_of(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
	uint64_t fd;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t len = strlen(folders[i]);

		if (!strncmp(path, folders[i], len) &&
		    !units_parse_count(path + len, INT32_MAX, &fd))
			return (int)fd;
	}
	return -1;
}

static int open_path(struct output *output, const char *path, const char **ret_why)
{
	int fd = descriptor_of(path), err;

	if (fd >= 0 && fd <= 2 && was_closed[fd])
		return -EBADF;
	if (fd >= 0) {
		output->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		output->is_owned = output->fd >= 0;
		return output->is_owned ? 0 : -errno;
	}
	err = safe_find(path, &output->place, ret_why);
	if (!err)
		err = safe_open(&output->place, output->is_private ? 0600 : 0666,
				&output->is_created, ret_why);
	if (err < 0)
		return err;
	output->fd = err;
	output->is_owned = true;
	return 0;
}

int output_open(struct output *output, const char *path, int default_fd, bool is_private,
		char *error, size_t error_size)
{
	const char *why = NULL;
	int err = 0;

	*output = (struct output){ .fd = default_fd, .is_private = is_private, .place.dir_fd = -1 };
	if (path && !strcmp(path, "-")) {
		output->fd = STDOUT_FILENO;
		path = NULL;
	}
	if (path) {
		output->path = path;
		cli_safe(output->name, sizeof(output->name), path);
		err = open_path(output, path, &why);
	} else {
		snprintf(output->name, sizeof(output->name), "%s",
			 output->fd == STDOUT_FILENO ? "standard output" : "standard error");
	}
	if (!err)
		err = look(output);
	if (!err)
		return 0;
	snprintf(error, error_size, "cannot write to %s: %s", output->name,
		 why ? why : strerror(-err));
	output_close(output, true);
	return err;
}

/* From here on what is written goes into a new file of another name. 0 or -errno. */
static int begin_anew(struct output *output, mode_t mode)
{
	int fd = safe_create(&output->place, mode, output->new_name);

	if (fd < 0) {
		*output->new_name = '\0';
		return fd;
	}
	/* Keeps the number: a sink has it. */
	if (dup3(fd, output->fd, O_CLOEXEC) < 0) {
		int err = -errno;

		unlinkat(output->place.dir_fd, output->new_name, 0);
		*output->new_name = '\0';
		close(fd);
		return err;
	}
	close(fd);
	return 0;
}

static int replace_old(struct output *output)
{
	int err = safe_replace(&output->place, output->new_name);

	*output->new_name = '\0';
	return err;
}

int output_begin(struct output *output, bool is_whole)
{
	struct stat st;
	int err;

	/* Only what -o names: a shell's `>>` means to append. */
	if (!output->is_owned || !output->is_file || output->is_created || !*output->place.name)
		return 0;
	if (fstat(output->fd, &st) < 0)
		return -errno;
	/*
	 * Whoever has an open file that others may read goes on reading it: secrets get a new one.
	 */
	bool is_open_to_others = output->is_private && (st.st_mode & 077);

	if (is_whole || is_open_to_others) {
		mode_t mode = output->is_private ? 0600 : st.st_mode & 0777;

		err = begin_anew(output, mode);
		/* The mode was decided when the old file was made: the umask has no say again. */
		if (!err && fchmod(output->fd, mode) < 0)
			err = -errno;
		if (!err && !is_whole)
			err = replace_old(output);
		/*
		 * A folder that takes no new file: the old one is emptied, unless that gives away.
		 */
		if (err != -EACCES || is_open_to_others)
			return err;
	}
	return ftruncate(output->fd, 0) < 0 ? -errno : 0;
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
	int err = 0;

	if (output->is_owned && output->fd >= 0) {
		if (is_failed && output->is_created)
			unlinkat(output->place.dir_fd, output->place.name, 0);
		if (is_failed && *output->new_name)
			unlinkat(output->place.dir_fd, output->new_name, 0);
		if (close(output->fd) < 0 && errno != EINTR)
			err = -errno;
		if (!is_failed && *output->new_name) {
			if (err)
				unlinkat(output->place.dir_fd, output->new_name, 0);
			else
				err = replace_old(output);
		}
	}
	safe_done(&output->place);
	output->fd = -1;
	output->is_owned = false;
	return err;
}

void output_guard_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/*
		 * A closed stderr is the user's word that nothing is to be said. Read-only for the
		 * others: a write to a closed stdout still fails, and says so.
		 */
		int way = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
		int stand_in = open("/dev/null", way | O_CLOEXEC);

		if (stand_in < 0) /* no /dev: anything that takes the number */
			stand_in = eventfd(0, EFD_CLOEXEC);
		was_closed[fd] = true;
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
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[PATH_MAX];
	struct stat a, b;

	if (fstat(output->fd, &a) < 0 || !S_ISREG(a.st_mode))
		return false;
	for (int i = 0; i < count * 4; i++) {
		int len = snprintf(path, sizeof(path), "%s%s", files[i / 4], ends[i % 4]);

		if (len < (int)sizeof(path) && !stat(path, &b) && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino)
			return true;
	}
	return false;
}
