/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/missing.c - the interpreter or loader that a failed exec did not find.
 *
 * The kernel answers ENOENT both where the file is missing and where the file names a program that
 * is. Which of the two it was is found out here, shortly after the fact, by reading the file.
 *
 * Invariants
 *  (1) The traced process chooses every name here. Names are resolved below its own root
 *      (RESOLVE_IN_ROOT) and never by way of a magic link. Only a regular file is opened, for
 *      reading, and without waiting: a FIFO or a device is looked at (O_PATH) and left alone.
 *  (2) Few bytes are read: FILE_HEAD_BYTES, an ELF file's program headers, one path.
 *  (3) At most LOOKS_MAX files are looked for in a window: a storm of failures is not slowed down.
 *  (4) The field is set only if the file is there now and what it names is not. In all doubt it is
 *      absent: the kernel has no openat2() (before 5.6), the process has ended and had another root,
 *      a descriptor is of a file without a path.
 */
#include "enrich/enrich.h"

#include <begat/begat.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/api.h"
#include "base/byte_set.h"

#define FILE_HEAD_BYTES 256 /* what the kernel looks at (BINPRM_BUF_SIZE) */
#define CHAIN_MAX 6 /* interpreters that are scripts; the kernel allows five */
#define HEADERS_MAX 64
#define WINDOW_NS 10000000ull
#define LOOKS_MAX 200 /* 20,000 a second; a look for a file that is missing costs about 2 us */

_Static_assert(sizeof(((struct enrich_missing *)0)->buf) >= PATH_MAX, "a path fits");

static bool is_within_limit(struct enrich_missing *state, uint64_t ts_ns)
{
	if (ts_ns - state->window_ns >= WINDOW_NS) { /* or time went back: another CPU's event */
		state->window_ns = ts_ns;
		state->looks = 0;
	}
	return state->looks++ < LOOKS_MAX;
}

static int open_in_root(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* A regular file, to be read; or a negative errno. */
static int open_file(int root, const char *path)
{
	char link[32];
	struct stat st;
	int file = -EACCES, at = open_in_root(root, path, O_PATH);

	if (at < 0)
		return at;
	/* By the descriptor: another file may have the name by now. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	if (!fstat(at, &st) && S_ISREG(st.st_mode)) {
		file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (file < 0)
			file = -errno;
	}
	close(at);
	return file;
}

static bool read_at(int fd, void *buf, size_t bytes, uint64_t offset)
{
	ssize_t n = offset > INT64_MAX ? -1 : pread(fd, buf, bytes, (off_t)offset);

	return n >= 0 && (size_t)n == bytes;
}

/* "#! /bin/sh -x": as the kernel takes it, blanks and the end of the line end the name. */
static bool read_script(const char *head, size_t bytes, char *ret_path)
{
	size_t from = 2, len;

	while (from < bytes && (head[from] == ' ' || head[from] == '\t'))
		from++;
	for (len = 0; from + len < bytes; len++)
		if (!head[from + len] || byte_is_one_of(head[from + len], " \t\n"))
			break;
	/* Without an end the kernel has ENOEXEC for it, unless the file ends there. */
	if (!len || from + len >= FILE_HEAD_BYTES)
		return false;
	memcpy(ret_path, head + from, len);
	ret_path[len] = '\0';
	return true;
}

static bool read_loader_at(int fd, uint64_t offset, uint64_t bytes, char *ret_path)
{
	return bytes >= 2 && bytes <= PATH_MAX && read_at(fd, ret_path, bytes, offset) &&
	       !ret_path[bytes - 1] && ret_path[0];
}

static bool read_loader_64(int fd, char *ret_path)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[HEADERS_MAX];

	if (!read_at(fd, &header, sizeof(header), 0) || header.e_phentsize != sizeof(segments[0]) ||
	    header.e_phnum > HEADERS_MAX ||
	    !read_at(fd, segments, header.e_phnum * sizeof(segments[0]), header.e_phoff))
		return false;
	for (size_t i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_INTERP)
			return read_loader_at(fd, segments[i].p_offset, segments[i].p_filesz,
					      ret_path);
	return false;
}

static bool read_loader_32(int fd, char *ret_path)
{
	Elf32_Ehdr header;
	Elf32_Phdr segments[HEADERS_MAX];

	if (!read_at(fd, &header, sizeof(header), 0) || header.e_phentsize != sizeof(segments[0]) ||
	    header.e_phnum > HEADERS_MAX ||
	    !read_at(fd, segments, header.e_phnum * sizeof(segments[0]), header.e_phoff))
		return false;
	for (size_t i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_INTERP)
			return read_loader_at(fd, segments[i].p_offset, segments[i].p_filesz,
					      ret_path);
	return false;
}

/* The program that @fd needs to run, if it names one. */
static bool read_interpreter(int fd, char *ret_path)
{
	char head[FILE_HEAD_BYTES];
	ssize_t bytes = pread(fd, head, sizeof(head), 0);

	if (bytes > 2 && head[0] == '#' && head[1] == '!')
		return read_script(head, (size_t)bytes, ret_path);
	if (bytes <= EI_CLASS || memcmp(head, ELFMAG, SELFMAG))
		return false;
	return head[EI_CLASS] == ELFCLASS64 ? read_loader_64(fd, ret_path)
					    : read_loader_32(fd, ret_path);
}

/* @name as it was resolved, below the process's root. False: nobody can tell from what. */
static bool make_path(char *path, const struct begat_event *ev, const char *name)
{
	const struct begat_str *folder = &ev->cwd;
	size_t len = strlen(name), skip = 0;

	if (begat_event_has(ev, BEGAT_F_FD_PATH) && name == ev->filename.data) {
		folder = &ev->fd_path;
		name += strlen("/dev/fd/");
		skip = strcspn(name, "/");
		name += skip;
		len = strlen(name); /* with its slash, or empty: the descriptor itself */
	} else if (name[0] == '/') {
		if (len >= PATH_MAX)
			return false;
		memcpy(path, name, len + 1);
		return true;
	} else if (!begat_event_has(ev, BEGAT_F_CWD)) {
		return false;
	}
	/* Anything else than a slash is a mark: "(unreachable)", "...". */
	if (folder->data[0] != '/' || folder->len + len + 2 > PATH_MAX)
		return false;
	snprintf(path, PATH_MAX, "%s%s%s", folder->data, skip ? "" : "/", name);
	return true;
}

static int open_root(struct enrich_missing *state, bool has_reader_root, uint32_t proc_pid)
{
	char link[32];

	if (!has_reader_root && !proc_pid)
		return -1;
	if (!has_reader_root) {
		snprintf(link, sizeof(link), "/proc/%u/root", proc_pid);
		return open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (state->root_fd < 0)
		state->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return state->root_fd;
}

/* From the file that was asked for to the first program that is not there. */
static bool follow_chain(struct enrich_missing *state, int root, const struct begat_event *ev)
{
	const char *name = ev->filename.data;
	char path[PATH_MAX];

	for (int i = 0; i < CHAIN_MAX; i++) {
		int fd = make_path(path, ev, name) ? open_file(root, path) : -EINVAL;
		bool is_named;

		if (fd < 0)
			return i && fd == -ENOENT;
		is_named = read_interpreter(fd, state->buf);
		close(fd);
		if (!is_named)
			return false;
		name = state->buf;
	}
	return false;
}

bool enrich_missing(struct enrich_missing *state, bool has_reader_root, uint32_t proc_pid,
		    struct begat_event *ev)
{
	bool is_missing;
	int root;

	if (ev->error != ENOENT || !begat_event_has(ev, BEGAT_F_FILENAME) || !ev->filename.len ||
	    !is_within_limit(state, ev->ts_ns))
		return false;
	root = open_root(state, has_reader_root, proc_pid);
	if (root < 0)
		return false;
	is_missing = follow_chain(state, root, ev);
	if (root != state->root_fd)
		close(root);
	if (!is_missing)
		return false;
	ev->missing_interpreter = (struct begat_str){ state->buf, strlen(state->buf) };
	begat_fields_add(&ev->has, BEGAT_F_MISSING);
	return true;
}

void enrich_missing_done(struct enrich_missing *state)
{
	if (state->root_fd >= 0)
		close(state->root_fd);
	state->root_fd = -1;
}

BEGAT_API int begat_missing_interpreter(const char *path, char *buf, size_t size)
{
	struct enrich_missing state = { .root_fd = -1 };
	struct begat_event ev = { .size = sizeof(ev),
				  .error = ENOENT,
				  .filename = { path, strlen(path) } };
	char cwd[PATH_MAX];
	bool is_found;

	begat_fields_add(&ev.has, BEGAT_F_FILENAME);
	if (getcwd(cwd, sizeof(cwd))) {
		ev.cwd = (struct begat_str){ cwd, strlen(cwd) };
		begat_fields_add(&ev.has, BEGAT_F_CWD);
	}
	is_found = enrich_missing(&state, true, 0, &ev);
	if (is_found)
		snprintf(buf, size, "%s", ev.missing_interpreter.data);
	enrich_missing_done(&state);
	return is_found;
}
