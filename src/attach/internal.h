/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/internal.h - what the files of attach/ share; no other folder includes it. */
#ifndef BEGAT_ATTACH_INTERNAL_H
#define BEGAT_ATTACH_INTERNAL_H

#include <bpf/libbpf.h>

#include "attach/probes.h"

#define PROBES_LINKS_MAX 32

struct mapping {
	void *data;
	size_t bytes;
};

struct probes {
	struct bpf_object *object;
	struct bpf_link *links[PROBES_LINKS_MAX];
	int link_count;
	const struct backend *backend;
	const struct transport_ops *transport;
	uint32_t cpus;
	uint32_t own_tgid;
	uint64_t window_ns;
	uint64_t load_ns, attach_ns; /* that opening took */
	int *clock_fds; /* cpu-clock events by CPU, -1 = offline */
	struct mapping counters, reader, graveyards;
	size_t yard_bytes; /* from one CPU's graveyard to the next */
	char fallback[512];
	bool has_failed; /* a backend that this kernel has */
	bool is_partial; /* an optional program is missing: see programs.c */
	bool follows_any; /* else no process in the cache can be followed */
};

/*
 * object.c: of the kernel's BTF only what the relocations of our object need stays, and that in a
 * file (features.part_fd). It is needed no longer once the object is loaded.
 */
void object_shrink_btf(struct features *features);
/* Not yet loaded; NULL and errno if it cannot be read. */
struct bpf_object *object_open(const struct features *features);
/* What was read of their bytes need not stay in memory: the file has them. */
void object_leave(void);

/* load.c: a negative errno with the reason in @error; then load_undo() is due as after success. */
int load_backend(struct probes *probes, const struct probes_options *opts,
		 const struct features *features, struct error *error);
void load_undo(struct probes *probes);
/* Each is loaded if the kernel accepts it; @lost is what is missing without it. */
#define OPTIONAL_PROGRAMS 2
extern const struct optional_program {
	const char *program, *lost;
} optional_programs[OPTIONAL_PROGRAMS];

/* Bit N of @without leaves optional_programs[N] out. */
bool programs_is_left_out(const char *program, unsigned int without);
void probes_note(struct probes *probes, const char *reason); /* one more in ->fallback */

/* programs.c */
bool programs_is_wanted(const struct probes *probes, const struct bpf_program *program,
			const struct features *features);
bool programs_is_iterator(const struct bpf_program *program); /* is read, and not attached */
/* In the form that was loaded. NULL: this object has none of that name. */
struct bpf_program *programs_find(const struct probes *probes, const char *name);
/* The next one of @backend that was loaded to be attached, after @program or NULL. */
struct bpf_program *programs_next(const struct probes *probes, const char *backend,
				  struct bpf_program *program);
const char *programs_refusal(int err); /* why a perf event is refused */
int probes_keep(struct probes *probes, struct bpf_link *link); /* NULL: -errno */

/* lifecycle.c: attaches what each backend shares. A negative errno with the reason in @error. */
int lifecycle_attach(struct probes *probes, struct error *error);

/* clocks.c: the events that bpf/emit/clock.h reads, and first looks at them on every CPU. */
void clocks_open(struct probes *probes);
void clocks_close(struct probes *probes);
void clocks_warm_up(const struct probes *probes, void (*attempt)(void));

/* maps.c */
int maps_prepare(struct probes *probes, const struct probes_options *opts,
		 const struct features *features, struct error *error);
int maps_map(struct probes *probes, struct error *error);
void maps_unmap(struct probes *probes);

#endif
