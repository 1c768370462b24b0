/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs/procfs.c - see procfs.h.
 *
 * A process may end, and its pid be taken by another, between any two reads: all of them go
 * through one descriptor of its folder, which then answers ESRCH. How argv is read, which may be a
 * title: argv.c.
 */
#include "procfs/argv.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NS_PER_SEC 1000000000ull
#define PROC_SUPER_MAGIC 0x9fa0 /* linux/magic.h */
#define STAT_BYTES 2048
#define ARGV_TRIES 3

/* What is left of the caller's buffer. */
struct room {
	char *at;
	size_t left;
};

static int read_file(int dir, const char *name, char *buf, size_t size, size_t *ret_bytes)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t bytes = 0;

	if (fd < 0)
		return -errno;
	while (bytes < size) {
		ssize_t n = read(fd, buf + bytes, size - bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;

			close(fd);
			return err;
		}
		if (!n)
			break;
		bytes += (size_t)n;
	}
	close(fd);
	*ret_bytes = bytes;
	return 0;
}

static int read_text(int dir, const char *name, char *buf, size_t size)
{
	size_t bytes = 0;
	int err = read_file(dir, name, buf, size - 1, &bytes);

	if (err < 0)
		return err;
	buf[bytes] = '\0';
	return 0;
}

static struct begat_str keep(struct room *room, const char *data, size_t len)
{
	struct begat_str kept = { 0 };

	if (len >= room->left)
		return kept;
	memcpy(room->at, data, len);
	room->at[len] = '\0';
	kept = (struct begat_str){ .data = room->at, .len = len };
	room->at += len + 1;
	room->left -= len + 1;
	return kept;
}

static bool next_number(const char **at, uint64_t *ret)
{
	char *end;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	if (!isdigit((unsigned char)**at) && **at != '-')
		return false;
	errno = 0;
	/* Some fields are negative; none that is wanted is. */
	*ret = **at == '-' ? (uint64_t)strtoll(*at, &end, 10) : strtoull(*at, &end, 10);
	if (errno || end == *at)
		return false;
	*at = end;
	return true;
}

/*
 * "pid (comm) state ppid pgrp session ...", start being field 22. comm may hold anything, also
 * ") R 1 2 3": what comes after the last parenthesis is numbers only.
 */
enum {
	PPID = 4,
	PGRP = 5,
	SESSION = 6,
	UTIME = 14,
	STIME = 15,
	THREADS = 20,
	START = 22,
	STACK = 28,
	ARG_START = 48,
	ARG_END = 49,
	ENV_START = 50,
};

static int parse_fields(const char *stat, uint64_t field[ENV_START + 1])
{
	const char *close = strrchr(stat, ')');

	if (!close || close[1] != ' ' || !close[2])
		return -EIO;

	char state = close[2];
	const char *at = close + 3;

	for (int i = PPID; i <= ENV_START; i++)
		if (!next_number(&at, &field[i]))
			return -EIO;
	/* A zombie has ended, unless it is the leader of threads that go on. */
	return (state == 'Z' || state == 'X') && field[THREADS] <= 1 ? -ESRCH : 0;
}

/* Nanoseconds of a clock tick, as /proc counts them; 0 = not known. */
static uint64_t tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return hz > 0 ? NS_PER_SEC / (uint64_t)hz : 0;
}

static int parse_stat(const char *stat, struct room *room, struct procfs_facts *facts,
		      struct procfs_argv_area *area)
{
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	uint64_t field[ENV_START + 1] = { 0 };
	int err = open && close && close >= open && tick_ns() ? parse_fields(stat, field) : -EIO;

	if (err < 0)
		return err;
	facts->comm = keep(room, open + 1, (size_t)(close - open - 1));
	facts->parent_tgid = (uint32_t)field[PPID];
	facts->pgid = (uint32_t)field[PGRP];
	facts->sid = (uint32_t)field[SESSION];
	facts->start_ns = field[START] * tick_ns();
	*area = (struct procfs_argv_area){ .stack = field[STACK],
					   .start = field[ARG_START],
					   .end = field[ARG_END],
					   .env_start = field[ENV_START] };
	return 0;
}

/* "\nUid:\treal\teffective\tsaved\tfs"; a comm cannot forge the line: its newlines are escaped. */
static int parse_ids(const char *status, const char *key, uint32_t *ret_real, uint32_t *ret_eff)
{
	const char *at = strstr(status, key);
	uint64_t real, effective;

	if (!at)
		return -EIO;
	at += strlen(key);
	if (!next_number(&at, &real) || !next_number(&at, &effective))
		return -EIO;
	*ret_real = (uint32_t)real;
	*ret_eff = (uint32_t)effective;
	return 0;
}

static struct begat_str read_link(int dir, const char *name, struct room *room)
{
	struct begat_str link = { 0 };

	if (room->left < 2)
		return link;

	ssize_t len = readlinkat(dir, name, room->at, room->left - 1);

	/* One that just fits may be cut. */
	if (len <= 0 || (size_t)len >= room->left - 1)
		return link;
	room->at[len] = '\0';
	link = (struct begat_str){ .data = room->at, .len = (size_t)len };
	room->at += len + 1;
	room->left -= (size_t)len + 1;
	return link;
}

/* Once more if what looks like a title may be the arguments of an exec between two reads. */
static int read_argv(int dir, struct room *room, struct procfs_facts *facts,
		     struct procfs_argv_area *area)
{
	for (int i = 0; i < ARGV_TRIES; i++) {
		struct procfs_argv_area before = *area;
		struct procfs_facts again;
		struct room rest = *room;
		char text[STAT_BYTES];
		size_t used = procfs_read_argv(dir, area, room->at, room->left, facts);
		int err;

		if (!facts->argv_rewritten) {
			room->at += used;
			room->left -= used;
			return 0;
		}
		rest.at += used;
		rest.left -= used;
		err = read_text(dir, "stat", text, sizeof(text));
		if (!err)
			err = parse_stat(text, &rest, &again, area);
		if (err < 0)
			return err;
		if (!memcmp(&before, area, sizeof(before))) {
			*room = rest;
			return 0;
		}
	}
	facts->argv = (struct begat_strv){ 0 };
	facts->argv_rewritten = facts->argv_truncated = false;
	return 0;
}

static int read_all(int dir, struct room *room, struct procfs_facts *facts)
{
	struct procfs_argv_area area;
	char text[STAT_BYTES];
	int err = read_text(dir, "stat", text, sizeof(text));

	if (err < 0)
		return err;
	err = parse_stat(text, room, facts, &area);
	if (err < 0)
		return err;
	err = read_text(dir, "status", text, sizeof(text));
	if (err < 0)
		return err;
	if (parse_ids(text, "\nUid:", &facts->uid, &facts->euid) < 0 ||
	    parse_ids(text, "\nGid:", &facts->gid, &facts->egid) < 0)
		return -EIO;
	facts->exe = read_link(dir, "exe", room);
	facts->cwd = read_link(dir, "cwd", room);
	return read_argv(dir, room, facts, &area);
}

int procfs_read(uint32_t tgid, char *buf, size_t size, struct procfs_facts *ret_facts)
{
	struct procfs_facts facts = { .tgid = tgid };
	struct room room = { buf, size };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", tgid);

	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT || errno == ESRCH ? -ESRCH : -EIO;

	int err = read_all(dir, &room, &facts);

	close(dir);
	if (err == -ENOENT || err == -ESRCH)
		return -ESRCH;
	if (err < 0)
		return -EIO;
	*ret_facts = facts;
	return 0;
}

int procfs_read_usage(uint32_t tgid, uint64_t *ret_utime_ns, uint64_t *ret_stime_ns)
{
	uint64_t field[ENV_START + 1] = { 0 };
	char path[40], text[2048];
	int err;

	snprintf(path, sizeof(path), "/proc/%u/stat", tgid);
	err = read_text(AT_FDCWD, path, text, sizeof(text));
	if (err < 0)
		return err == -ENOENT || err == -ESRCH ? -ESRCH : -EIO;
	err = parse_fields(text, field);
	if (err < 0)
		return err;
	*ret_utime_ns = field[UTIME] * tick_ns();
	*ret_stime_ns = field[STIME] * tick_ns();
	return 0;
}

uint64_t procfs_read_machine(void)
{
	/* cpu  user nice system idle iowait irq softirq steal guest guest_nice; user has guest */
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIELDS };
	uint64_t field[FIELDS] = { 0 };
	struct statfs fs;
	char text[512];
	const char *at = text + 4;

	/* lxcfs shows a container's share there. */
	if (statfs("/proc/stat", &fs) < 0 || (unsigned long)fs.f_type != PROC_SUPER_MAGIC ||
	    read_text(AT_FDCWD, "/proc/stat", text, sizeof(text)) < 0 || strncmp(text, "cpu ", 4))
		return 0;
	for (int i = 0; i < FIELDS; i++)
		if (!next_number(&at, &field[i]))
			return 0;
	return (field[USER] + field[NICE] + field[SYSTEM] + field[IRQ] + field[SOFTIRQ]) *
	       tick_ns();
}

int procfs_list(int (*callback)(void *ctx, uint32_t tgid), void *ctx)
{
	DIR *proc = opendir("/proc");
	struct dirent *dirent;
	int stop = 0;

	if (!proc)
		return -errno;
	while (!stop && (dirent = readdir(proc))) {
		char *end;
		unsigned long tgid;

		if (!isdigit((unsigned char)dirent->d_name[0]))
			continue;
		tgid = strtoul(dirent->d_name, &end, 10);
		if (!*end && tgid && tgid <= UINT32_MAX)
			stop = callback(ctx, (uint32_t)tgid);
	}
	closedir(proc);
	return stop;
}
