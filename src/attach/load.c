/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/load.c - the BPF object of one backend, loaded into the kernel and removed from it.
 *
 * Owns: the mapped memory of a loaded object, its links.
 * Not:  the order of backends (probes.c), which programs a backend has (programs.c).
 *
 * Invariant: a program that the kernel rejects costs what that program reports, and no more. What
 * is missing then is in probes->fallback, and probes->is_partial is set.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "attach/internal.h"

static void *destroy_link(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

/*
 * All at once: the kernel makes each wait for one or two grace periods, which take 20 ms and more,
 * and those who wait at the same time share them. Their order does not matter, since no hook records
 * any more (probes_stop()). The threads take no signal of the program's.
 */
void probes_detach(struct probes *probes)
{
	pthread_t threads[PROBES_LINKS_MAX];
	bool is_threaded[PROBES_LINKS_MAX];
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int i = 0; i < probes->link_count; i++)
		is_threaded[i] = i + 1 < probes->link_count &&
				 !pthread_create(&threads[i], NULL, destroy_link, probes->links[i]);
	for (int i = 0; i < probes->link_count; i++)
		if (!is_threaded[i])
			bpf_link__destroy(probes->links[i]);
	for (int i = 0; i < probes->link_count; i++)
		if (is_threaded[i])
			pthread_join(threads[i], NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	probes->link_count = 0;
}

void probes_note(struct probes *probes, const char *reason)
{
	size_t len = strlen(probes->fallback);

	snprintf(probes->fallback + len, sizeof(probes->fallback) - len, "%s%s", len ? "; " : "",
		 reason);
}

static int load_once(struct probes *probes, const struct probes_options *opts,
		     const struct features *f, unsigned int without, struct error *error)
{
	struct bpf_program *program;
	int err;

	probes->object = object_open(f);
	if (!probes->object)
		return error_set(error, -errno, "cannot read the BPF object: %s", strerror(errno));
	bpf_object__for_each_program(program, probes->object)
	{
		bpf_program__set_autoload(
			program,
			programs_is_wanted(probes, program, f) &&
				!programs_is_left_out(bpf_program__name(program), without));
	}
	err = maps_prepare(probes, opts, f, error);
	if (err)
		return err;
	err = bpf_object__load(probes->object);
	if (err == -EPERM && features_memlock_is_short(f))
		return error_set(error, err,
				 "%s: the maps exceed the limit of locked memory, which this "
				 "kernel charges them to: raise it (ulimit -l unlimited)",
				 probes->backend->name);
	if (err)
		return error_set(error, err, "%s: the BPF programs do not load: %s",
				 probes->backend->name, strerror(-err));
	return 0;
}

/* Lack of rights, of memory or of descriptors is no fault of a program. */
static bool is_rejection(int err)
{
	return err && err != -EPERM && err != -ENOMEM && err != -EMFILE && err != -ENFILE;
}

static bool has_unwanted(unsigned int without, const struct probes *probes,
			 const struct features *f)
{
	const struct bpf_program *program;

	for (size_t i = 0; i < OPTIONAL_PROGRAMS; i++) {
		if (!(without & 1U << i))
			continue;
		program = bpf_object__find_program_by_name(probes->object,
							   optional_programs[i].program);
		if (!program || !programs_is_wanted(probes, program, f))
			return true;
	}
	return false;
}

static void note_left_out(struct probes *probes, unsigned int without, int err)
{
	char text[192];

	for (size_t i = 0; i < OPTIONAL_PROGRAMS; i++) {
		if (!(without & 1U << i))
			continue;
		snprintf(text, sizeof(text), "the kernel rejects %s (%s): %s",
			 optional_programs[i].program, strerror(-err), optional_programs[i].lost);
		probes_note(probes, text);
		probes->is_partial = true;
	}
}

int load_backend(struct probes *probes, const struct probes_options *opts, const struct features *f,
		 struct error *error)
{
	int first = load_once(probes, opts, f, 0, error), err = first;

	for (unsigned int without = 1;
	     is_rejection(err) && probes->object && without < 1U << OPTIONAL_PROGRAMS; without++) {
		struct error ignored = { 0 };

		if (has_unwanted(without, probes, f))
			continue;
		load_undo(probes);
		err = load_once(probes, opts, f, without, &ignored);
		if (!err)
			note_left_out(probes, without, first);
	}
	if (err)
		return first;
	clocks_open(probes);
	return maps_map(probes, error);
}

void load_undo(struct probes *probes)
{
	probes_detach(probes);
	clocks_close(probes);
	maps_unmap(probes);
	memset(&probes->counters, 0, sizeof(probes->counters));
	memset(&probes->reader, 0, sizeof(probes->reader));
	memset(&probes->graveyards, 0, sizeof(probes->graveyards));
	bpf_object__close(probes->object);
	probes->object = NULL;
}
