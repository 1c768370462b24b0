/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/missing.c - the interpreter or loader that a failed exec did not find.
 *
 * The kernel answers ENOENT both where the file is missing and where the file names a program that
 * is. Which of the two it was is found out here, shortly after the fact, by reading the file.
 *
 * Invariants
 *  (1) The traced process chooses every name here. Names are resolved below its own root, and files
 *      are opened, where no program can delay that (local_file.h).
 *  (2) Few bytes are read: FILE_HEAD_BYTES, an ELF file's program headers, one path.
 *  (3) At most LOOKS_MAX files are looked for in a window: a storm of failures is not slowed down.
 *  (4) The field is set only if the file is there now and what it names is not. In all doubt it is
 *      absent: the kernel cannot look a name up without waiting (before 5.12), somebody serves the
 *      file system, the process has ended and had another root, a descriptor is of a file without a
 *      path.
 */
#include "enrich/enrich.h"

#include <begat/begat.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/api.h"
#include "base/byte_set.h"
#include "enrich/local_file.h"

#define FILE_HEAD_BYTES 256 /* what the kernel looks at (BINPRM_BUF_SIZE) */
#define CHAIN_MAX 6 /* interpreters that are scripts; the kernel allows five */
#define HEADERS_MAX 64
#define WINDOW_NS 10000000ull
#define LOOKS_MAX 200 /* 20,000 a second; a look for a file that is missing costs about 2 us */
#define LOOKS_OF_A_FILE 20 /* one that is there costs as much as so many */

_Static_assert(sizeof(((struct enrich_missing *)0)->buf) >= PATH_MAX, "a path fits");

static bool is_within_limit(struct enrich_missing *state, uint64_t ts_ns)
{
	if (ts_ns - state->window_ns >= WINDOW_NS) { /* or time went back: another CPU's event */
		state->window_ns = ts_ns;
		state->looks = 0;
	}
	return state->looks++ < LOOKS_MAX;
}

/* All that a look needs. */
struct look {
	int root;
	uint32_t proc_pid; /* of a process with that root; 0 = this one */
	bool may_wait; /* for a program that serves the file system */
	bool is_there; /* the file that was asked for */
	char path[PATH_MAX]; /* of the file that was asked for; then of each that is named */
	char cwd[PATH_MAX]; /* "" = not known */
	char name[PATH_MAX]; /* as the last file has it */
};

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

/* @name behind @folder, if it is relative. False: too long, or relative to nobody knows what. */
static bool make_path(char *path, const char *folder, const char *name)
{
	const char *between = "/";

	if (name[0] == '/')
		folder = between = "";
	else if (!folder[0])
		return false;
	return snprintf(path, PATH_MAX, "%s%s%s", folder, between, name) < PATH_MAX;
}

/* Anything else than a slash is a mark: "(unreachable)", "...". */
static bool take_folder(char *out, const struct begat_str *folder)
{
	out[0] = '\0';
	if (folder->len >= PATH_MAX || folder->data[0] != '/')
		return false;
	memcpy(out, folder->data, folder->len + 1);
	return true;
}

/* The file as it was resolved, below the process's root. False: nobody can tell from what. */
static bool take_paths(struct look *look, const struct begat_event *ev)
{
	const char *name = ev->filename.data;

	look->cwd[0] = '\0';
	if (begat_event_has(ev, BEGAT_F_CWD))
		take_folder(look->cwd, &ev->cwd);
	if (!begat_event_has(ev, BEGAT_F_FD_PATH))
		return make_path(look->path, look->cwd, name);
	name += strlen("/dev/fd/");
	name += strcspn(name, "/"); /* with its slash, or empty: the descriptor itself */
	if (!take_folder(look->path, &ev->fd_path) || ev->fd_path.len + strlen(name) >= PATH_MAX)
		return false;
	strcpy(look->path + ev->fd_path.len, name);
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

/* From the file that was asked for to the first program that is not there: look->name. */
static bool follow_chain(struct look *look)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		int fd = look->may_wait ? local_file_open_waiting(look->root, look->path)
					: local_file_open(look->root, look->proc_pid, look->path);
		bool is_named;

		if (fd < 0)
			return i && fd == -ENOENT;
		look->is_there = true;
		is_named = read_interpreter(fd, look->name);
		close(fd);
		if (!is_named || !make_path(look->path, look->cwd, look->name))
			return false;
	}
	return false;
}

bool enrich_missing(struct enrich_missing *state, bool has_reader_root, uint32_t proc_pid,
		    struct begat_event *ev)
{
	struct look look = { .proc_pid = has_reader_root ? 0 : proc_pid };
	bool is_missing;

	if (ev->error != ENOENT || !begat_event_has(ev, BEGAT_F_FILENAME) || !ev->filename.len ||
	    !is_within_limit(state, ev->ts_ns) || !take_paths(&look, ev))
		return false;
	look.root = open_root(state, has_reader_root, proc_pid);
	if (look.root < 0)
		return false;
	is_missing = follow_chain(&look);
	state->looks += look.is_there ? LOOKS_OF_A_FILE - 1 : 0;
	if (look.root != state->root_fd)
		close(look.root);
	if (!is_missing)
		return false;
	snprintf(state->buf, sizeof(state->buf), "%s", look.name);
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

/* The caller's own command: as long as it takes. */
BEGAT_API int begat_missing_interpreter(const char *path, char *buf, size_t size)
{
	struct look look = { .root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
			     .may_wait = true };
	bool is_missing;

	if (look.root < 0)
		return 0;
	if (!getcwd(look.cwd, sizeof(look.cwd)))
		look.cwd[0] = '\0';
	is_missing = make_path(look.path, look.cwd, path) && follow_chain(&look);
	if (is_missing)
		snprintf(buf, size, "%s", look.name);
	close(look.root);
	return is_missing;
}
