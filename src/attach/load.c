/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/load.c - the BPF object of one backend, loaded into the kernel and removed from it.
 *
 * Owns: which programs are optional, and what is lost without them; the mapped memory of a loaded
 *       object. Not: the order of backends (attach.c), where programs attach (hooks.c).
 *
 * Invariant: a program that the kernel rejects costs what that program reports, and no more. What
 * is missing then is in attach->fallback, and attach->is_partial is set.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "attach/internal.h"

/* Each is loaded if the kernel accepts it. Every set of them is tried: keep this list short. */
static const struct optional {
	const char *program, *lost;
} optionals[] = {
	{ "lifecycle__signal", "no exit names the sender of the signal that ended it" },
	{ "lifecycle__snapshot", "processes that run already are read from /proc" },
};
#define OPTIONAL_COUNT (sizeof(optionals) / sizeof(optionals[0]))

void attach_note(struct attach *attach, const char *reason)
{
	size_t len = strlen(attach->fallback);

	snprintf(attach->fallback + len, sizeof(attach->fallback) - len, "%s%s", len ? "; " : "",
		 reason);
}

/* libbpf has lifted the limit if we may. */
static bool is_memlock_short(const struct features *f)
{
	struct rlimit limit;

	return f->has_own_memlock_limit && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY;
}

/* Bit N of @without leaves optionals[N] out. */
static bool is_left_out(const char *program, unsigned int without)
{
	for (size_t i = 0; i < OPTIONAL_COUNT; i++)
		if (without & 1U << i && !strcmp(program, optionals[i].program))
			return true;
	return false;
}

static int load_once(struct attach *attach, const struct attach_options *opts,
		     const struct features *f, unsigned int without, struct error *error)
{
	struct bpf_program *program;
	int err;

	attach->object = attach_open_object(f);
	if (!attach->object)
		return error_set(error, -errno, "cannot read the BPF object: %s", strerror(errno));
	bpf_object__for_each_program(program, attach->object)
	{
		const char *name = bpf_program__name(program);

		bpf_program__set_autoload(program, hooks_is_wanted(name, attach->backend, f) &&
							   !is_left_out(name, without));
	}
	err = maps_prepare(attach, opts, f, error);
	if (err)
		return err;
	err = bpf_object__load(attach->object);
	if (err == -EPERM && is_memlock_short(f))
		return error_set(error, err,
				 "%s: the maps exceed the limit of locked memory, which this "
				 "kernel charges them to: raise it (ulimit -l unlimited)",
				 attach->backend);
	if (err)
		return error_set(error, err, "%s: the BPF programs do not load: %s",
				 attach->backend, strerror(-err));
	return 0;
}

/* Lack of rights, of memory or of descriptors is no fault of a program. */
static bool is_rejection(int err)
{
	return err && err != -EPERM && err != -ENOMEM && err != -EMFILE && err != -ENFILE;
}

static bool has_unwanted(unsigned int without, const struct attach *attach,
			 const struct features *f)
{
	for (size_t i = 0; i < OPTIONAL_COUNT; i++)
		if (without & 1U << i && !hooks_is_wanted(optionals[i].program, attach->backend, f))
			return true;
	return false;
}

static void note_left_out(struct attach *attach, unsigned int without, int err)
{
	char text[192];

	for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
		if (!(without & 1U << i))
			continue;
		snprintf(text, sizeof(text), "the kernel rejects %s (%s): %s", optionals[i].program,
			 strerror(-err), optionals[i].lost);
		attach_note(attach, text);
		attach->is_partial = true;
	}
}

int load_backend(struct attach *attach, const struct attach_options *opts, const struct features *f,
		 struct error *error)
{
	int first = load_once(attach, opts, f, 0, error), err = first;

	for (unsigned int without = 1; is_rejection(err) && without < 1U << OPTIONAL_COUNT;
	     without++) {
		struct error ignored = { 0 };

		if (has_unwanted(without, attach, f))
			continue;
		load_undo(attach);
		err = load_once(attach, opts, f, without, &ignored);
		if (!err)
			note_left_out(attach, without, first);
	}
	if (err)
		return first;
	clocks_open(attach);
	return maps_map(attach, error);
}

void load_undo(struct attach *attach)
{
	attach_detach(attach);
	clocks_close(attach);
	maps_unmap(attach);
	memset(&attach->counters, 0, sizeof(attach->counters));
	memset(&attach->reader, 0, sizeof(attach->reader));
	memset(&attach->graveyards, 0, sizeof(attach->graveyards));
	bpf_object__close(attach->object);
	attach->object = NULL;
}
