/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/hooks.c - which program goes where.
 *
 * Owns: symbol names by machine, tracepoint numbers, links. Not: the order of backends, the
 * self-test (attach.c).
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/internal.h"

#if defined(__x86_64__)
#define SYSCALL_PREFIX "__x64_sys_"
#define COMPAT_PREFIX "__ia32_compat_sys_"
#elif defined(__aarch64__)
#define SYSCALL_PREFIX "__arm64_sys_"
#define COMPAT_PREFIX "__arm64_compat_sys_"
#else
#error "begat knows x86-64 and arm64"
#endif

struct kprobe {
	const char *program;
	const char *symbol;
	bool is_compat; /* not on every kernel: absence is no failure */
};

static const struct kprobe kprobes[] = {
	{ "kprobe__execve_enter", SYSCALL_PREFIX "execve", false },
	{ "kprobe__execveat_enter", SYSCALL_PREFIX "execveat", false },
	{ "kprobe__compat_execve_enter", COMPAT_PREFIX "execve", true },
	{ "kprobe__compat_execveat_enter", COMPAT_PREFIX "execveat", true },
};

struct tracepoint {
	const char *program;
	const char *event;
};

/* In the order in which they attach, which is that in which those of one event run. */
static const struct tracepoint tracepoints[] = {
	{ "tracepoint__return", "sys_exit_execveat" },
	{ "tracepoint__return_2", "sys_exit_execveat" },
	{ "tracepoint__return_3", "sys_exit_execveat" },
	{ "tracepoint__return", "sys_exit_execve" },
	{ "tracepoint__return_2", "sys_exit_execve" },
	{ "tracepoint__return_3", "sys_exit_execve" },
	{ "tracepoint__execveat_enter", "sys_enter_execveat" },
	{ "tracepoint__execveat_enter_2", "sys_enter_execveat" },
	{ "tracepoint__execveat_enter_3", "sys_enter_execveat" },
	{ "tracepoint__execve_enter", "sys_enter_execve" },
	{ "tracepoint__execve_enter_2", "sys_enter_execve" },
	{ "tracepoint__execve_enter_3", "sys_enter_execve" },
};

/* Programs that are there twice: as they are, and *_unrolled for kernels without bpf_loop(). */
static const char *const looping[] = { "lifecycle__fork", "lifecycle__exec", "lifecycle__exit",
				       "kprobe__return", "tracepoint__return" };

#define UNROLLED "_unrolled"

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len > tail_len && !strcmp(text + len - tail_len, tail);
}

static bool is_form_wanted(const char *program, bool has_loop)
{
	if (ends_with(program, UNROLLED))
		return !has_loop;
	for (size_t i = 0; i < sizeof(looping) / sizeof(looping[0]); i++)
		if (!strcmp(program, looping[i]))
			return has_loop;
	return true;
}

bool hooks_is_copy(const char *program)
{
	size_t len = strlen(program);

	return len > 2 && program[len - 2] == '_' && program[len - 1] >= '2' &&
	       program[len - 1] <= '9';
}

bool hooks_is_wanted(const char *program, const char *backend, const struct features *features)
{
	size_t len = strlen(backend);

	if (!is_form_wanted(program, features->has_loop))
		return false;
	if (!strcmp(program, "lifecycle__snapshot"))
		return features->has_task_iterator;
	return !strncmp(program, "lifecycle__", 11) ||
	       (!strncmp(program, backend, len) && !strncmp(program + len, "__", 2));
}

/* In the form that was loaded. NULL: this object has none of that name. */
static struct bpf_program *program(const struct attach *attach, const char *name)
{
	struct bpf_program *found = bpf_object__find_program_by_name(attach->object, name);
	char unrolled[64];

	if (!found || bpf_program__autoload(found))
		return found;
	snprintf(unrolled, sizeof(unrolled), "%s" UNROLLED, name);
	return bpf_object__find_program_by_name(attach->object, unrolled);
}

static int keep_link(struct attach *attach, struct bpf_link *link)
{
	if (!link)
		return -errno;
	if (attach->link_count == ATTACH_LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	attach->links[attach->link_count++] = link;
	return 0;
}

int hooks_attach_lifecycle(struct attach *attach, const struct features *features,
			   struct error *error)
{
	/* Those that were loaded, in this order: so they run where some share a tracepoint. */
	static const char *const names[] = {
		"lifecycle__exit",
		"lifecycle__exit_2",
		"lifecycle__exit_3",
		"lifecycle__exit_unrolled",
		"lifecycle__signal",
		"lifecycle__exec_args_unrolled",
		"lifecycle__exec_args_2_unrolled",
		"lifecycle__exec_args_3_unrolled",
		"lifecycle__exec",
		"lifecycle__exec_2",
		"lifecycle__exec_3",
		"lifecycle__exec_unrolled",
		"lifecycle__fork",
		"lifecycle__fork_2",
		"lifecycle__fork_3",
		"lifecycle__fork_unrolled",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bpf_program *loaded =
			bpf_object__find_program_by_name(attach->object, names[i]);
		int err = 0;

		if (!strcmp(names[i], "lifecycle__fork"))
			attach->forks_from = attach->link_count;
		if (loaded && bpf_program__autoload(loaded)) /* copies are in one object only */
			err = keep_link(attach, bpf_program__attach(loaded));
		if (err)
			return error_set(error, err, "%s: %s does not attach: %s", attach->backend,
					 names[i], strerror(-err));
	}
	return 0;
}

/* Debian's kernels start with kernel.perf_event_paranoid=3, which CAP_PERFMON does not outdo. */
static const char *refusal(int err)
{
	if (err != -EACCES)
		return strerror(-err);
	return "perf events are forbidden (run as root, or sysctl kernel.perf_event_paranoid=2)";
}

static int attach_kprobe(struct attach *attach, const struct kprobe *probe)
{
	struct bpf_program *enter = program(attach, probe->program);
	struct bpf_program *back = program(attach, "kprobe__return");
	/* The return first: an entry without a return would leave its attempt behind. */
	int err = keep_link(attach, bpf_program__attach_kprobe(back, true, probe->symbol));

	return err ? err
		   : keep_link(attach, bpf_program__attach_kprobe(enter, false, probe->symbol));
}

static int attach_kprobes(struct attach *attach, struct error *error)
{
	for (size_t i = 0; i < sizeof(kprobes) / sizeof(kprobes[0]); i++) {
		int err = attach_kprobe(attach, &kprobes[i]);

		if (err && !kprobes[i].is_compat)
			return error_set(error, err, "kprobe: %s cannot be probed: %s",
					 kprobes[i].symbol, refusal(err));
	}
	return 0;
}

static int tracepoint_id(const char *event)
{
	char path[128], text[32];
	int fd, n;

	snprintf(path, sizeof(path), "events/syscalls/%s/id", event);
	fd = features_open_tracefs(path);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = 0;
	return atoi(text);
}

/* By its number and not by libbpf's lookup, which needs a mounted tracefs. */
static int attach_tracepoint(struct attach *attach, const struct tracepoint *point)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct bpf_link *link;
	int id = tracepoint_id(point->event), fd, err;

	if (id < 0)
		return id;
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event(program(attach, point->program), fd);
	if (!link) {
		err = -errno;
		close(fd);
		return err;
	}
	return keep_link(attach, link);
}

static int attach_tracepoints(struct attach *attach, struct error *error)
{
	for (size_t i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++) {
		const struct tracepoint *point = &tracepoints[i];
		int err = 0;

		if (program(attach, point->program)) /* copies are in one object only */
			err = attach_tracepoint(attach, point);
		if (err)
			return error_set(error, err, "tracepoint: syscalls:%s does not attach: %s",
					 point->event, refusal(err));
	}
	return 0;
}

int hooks_attach_backend(struct attach *attach, struct error *error)
{
	if (!strcmp(attach->backend, "lifecycle"))
		return 0;
	if (!strcmp(attach->backend, "kprobe"))
		return attach_kprobes(attach, error);
	return attach_tracepoints(attach, error);
}
