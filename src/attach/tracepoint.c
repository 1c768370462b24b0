/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tracepoint.c - the tracepoint backend: syscalls:sys_{enter,exit}_execve{,at}, for kernels
 * without kprobes. Does not see the failed execs of 32-bit programs.
 *
 * Owns: tracefs, mounted or not; the tracepoints' numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/internal.h"

#ifndef __NR_fsopen
#define __NR_fsopen 430
#define __NR_fsconfig 431
#define __NR_fsmount 432
#endif
#define FSCONFIG_CREATE 6

/* An unmounted tracefs is opened as a detached mount that nobody else sees. */
static int open_detached(const char *path)
{
	int fs = syscall(__NR_fsopen, "tracefs", 1), mount, fd;

	if (fs < 0)
		return -errno;
	if (syscall(__NR_fsconfig, fs, FSCONFIG_CREATE, NULL, NULL, 0)) {
		fd = -errno;
		close(fs);
		return fd;
	}
	mount = syscall(__NR_fsmount, fs, 1, 0);
	close(fs);
	if (mount < 0)
		return -errno;
	fd = openat(mount, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(mount);
	return fd;
}

/* A file of tracefs. -EACCES: it is there, and closed to us. */
static int open_tracefs(const char *path)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	bool is_closed = false;
	char full[256];
	int fd;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(full, sizeof(full), "%s/%s", roots[i], path);
		fd = open(full, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		is_closed |= errno == EACCES;
	}
	fd = open_detached(path);
	return fd < 0 && is_closed ? -EACCES : fd;
}

/* The number of a system call's tracepoint, or a negative errno. */
static int event_number(const char *event)
{
	char path[128], text[32];
	int fd, n;

	snprintf(path, sizeof(path), "events/syscalls/%s/id", event);
	fd = open_tracefs(path);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = 0;
	return atoi(text);
}

static int tracepoint_is_possible(struct error *error)
{
	int number = event_number("sys_enter_execve");

	if (number >= 0)
		return 0;
	if (number == -EACCES)
		return error_set(
			error, -EACCES,
			"tracepoint: tracefs is closed to this user: give begat "
			"CAP_DAC_READ_SEARCH too (setcap "
			"cap_bpf,cap_perfmon,cap_dac_read_search+ep), or open it to a group "
			"(mount -o remount,mode=750,gid=GROUP /sys/kernel/tracing)");
	return error_set(error, -ENOTSUP,
			 "tracepoint: no system call tracepoints (mount tracefs: mount -t tracefs "
			 "tracefs /sys/kernel/tracing)");
}

static void tracepoint_explain(struct begat_probe *ret)
{
	int number = event_number("sys_enter_execve");

	ret->name = "syscall tracepoints";
	ret->result = number >= 0 ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING;
	if (number >= 0) {
		ret->found = "syscalls:sys_{enter,exit}_execve{,at}";
		ret->meaning = "backend tracepoint, where kprobes are missing or by --backend; "
			       "blind to failed execs of 32-bit programs";
	} else if (number == -EACCES) {
		ret->found = "tracefs is closed to this user";
		ret->meaning =
			"their numbers need CAP_DAC_READ_SEARCH (setcap "
			"cap_bpf,cap_perfmon,cap_dac_read_search+ep begat), or a group that may "
			"read tracefs (mount -o remount,mode=750,gid=GROUP /sys/kernel/tracing); "
			"without either, and without kprobes, failed execs are not seen";
	} else {
		ret->found = "not to be opened";
		ret->meaning = "mount tracefs (mount -t tracefs tracefs /sys/kernel/tracing), or "
			       "run as root";
	}
}

/* By its number and not by libbpf's lookup, which needs a mounted tracefs. */
static int attach_one(struct probes *probes, const struct bpf_program *program, const char *event)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct bpf_link *link;
	int number = event_number(event), fd, err;

	if (number < 0)
		return number;
	attr.config = number;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		err = -errno;
		close(fd);
		return err;
	}
	return probes_keep(probes, link);
}

/* The event is the end of its section's name; the program for returns is for both calls. */
static int attach_program(struct probes *probes, const struct bpf_program *program,
			  struct error *error)
{
	const char *section = strrchr(bpf_program__section_name(program), '/');
	const char *events[] = { section ? section + 1 : "", NULL };
	int err = 0;

	if (!strcmp(events[0], "sys_exit_execve"))
		events[1] = "sys_exit_execveat";
	for (int i = 0; i < 2 && events[i] && !err; i++) {
		err = attach_one(probes, program, events[i]);
		if (err)
			error_set(error, err, "tracepoint: syscalls:%s does not attach: %s",
				  events[i], programs_refusal(err));
	}
	return err;
}

static int tracepoint_attach(struct probes *probes, struct error *error)
{
	struct bpf_program *program = NULL;
	int err = 0;

	while (!err && (program = programs_next(probes, "tracepoint", program)))
		err = attach_program(probes, program, error);
	return err;
}

extern const struct backend backend_tracepoint;
const struct backend backend_tracepoint = {
	.name = "tracepoint",
	.sees_attempts = true,
	.is_possible = tracepoint_is_possible,
	.attach = tracepoint_attach,
	.explain = tracepoint_explain,
};
