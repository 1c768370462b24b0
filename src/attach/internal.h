/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/internal.h - what the files of attach/ share; nobody else includes it. */
#ifndef BEGAT_ATTACH_INTERNAL_H
#define BEGAT_ATTACH_INTERNAL_H

#include <bpf/libbpf.h>

#include "attach/attach.h"

#define ATTACH_LINKS_MAX 32

struct mapping {
	void *data;
	size_t bytes;
};

struct attach {
	struct bpf_object *object;
	struct bpf_link *links[ATTACH_LINKS_MAX];
	int link_count, forks_from; /* the links from there on are of fork hooks */
	const char *backend;
	const struct transport_ops *transport;
	uint32_t cpus;
	uint32_t own_tgid;
	uint64_t window_ns;
	int *clock_fds; /* cpu-clock events by CPU, -1 = offline */
	struct mapping counters, reader, graveyards;
	size_t yard_bytes; /* from one CPU's graveyard to the next */
	char fallback[512];
	bool has_failed; /* a backend that this kernel has */
	bool is_partial; /* an optional program is missing: see load.c */
	bool follows_any; /* else no process in the cache can be followed */
};

/* object.c: not yet loaded; NULL and errno if it cannot be read. */
struct bpf_object *attach_open_object(const struct features *features);

/* load.c: a negative errno with the reason in @error; then load_undo() is due as after success. */
int load_backend(struct attach *attach, const struct attach_options *opts,
		 const struct features *features, struct error *error);
void load_undo(struct attach *attach);
void attach_note(struct attach *attach, const char *reason); /* one more in ->fallback */

/* hooks.c: attach what was loaded. A negative errno with the reason in @error. */
int hooks_attach_lifecycle(struct attach *attach, const struct features *features,
			   struct error *error);
int hooks_attach_backend(struct attach *attach, struct error *error);
bool hooks_is_copy(const char *program); /* *_2 and up: see bpf/preempt.h */
bool hooks_is_wanted(const char *program, const char *backend, const struct features *features);

/* clocks.c: the events that bpf/emit/clock.h reads, and first looks at them on every CPU. */
void clocks_open(struct attach *attach);
void clocks_close(struct attach *attach);
void clocks_warm_up(const struct attach *attach, void (*attempt)(void));

/* maps.c */
int maps_prepare(struct attach *attach, const struct attach_options *opts,
		 const struct features *features, struct error *error);
int maps_map(struct attach *attach, struct error *error);
void maps_unmap(struct attach *attach);

#endif
