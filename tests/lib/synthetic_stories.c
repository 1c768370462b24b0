/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/synthetic_stories.c - whole streams of synthetic events.
 *
 * Owns:    a build, a storm, and everything that is hard to store.
 * Not:     how an event is filled in (synthetic.c).
 */
#include "synthetic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US 1000ull
#define MS 1000000ull

static uint64_t next_random(struct synthetic *s, uint64_t below)
{
	s->random = s->random * 6364136223846793005ull + 1442695040888963407ull;
	return (s->random >> 33) % below;
}

/* One compilation: make -> sh -> cc -> cc1, then as. Two of them run at once. */
struct unit {
	struct synthetic_process sh, cc, cc1, as;
	char source[32], object[32], assembly[48], command[96];
	const char *sh_argv[4], *cc_argv[6], *cc1_argv[6], *as_argv[5];
	bool fails;
};

static void unit_begin(struct synthetic *s, struct unit *u, const struct synthetic_process *make,
		       unsigned number)
{
	u->fails = number == 5;
	snprintf(u->source, sizeof(u->source), "unit%02u.c", number);
	snprintf(u->object, sizeof(u->object), "unit%02u.o", number);
	snprintf(u->assembly, sizeof(u->assembly), "/tmp/cc%06llx.s",
		 (unsigned long long)next_random(s, 1 << 24));
	snprintf(u->command, sizeof(u->command), "cc -O2 -c %s -o %s", u->source, u->object);
	memcpy(u->sh_argv, ((const char *[]){ "/bin/sh", "-c", u->command, NULL }),
	       sizeof(u->sh_argv));
	memcpy(u->cc_argv, ((const char *[]){ "cc", "-O2", "-c", u->source, "-o", NULL }),
	       sizeof(u->cc_argv));
	memcpy(u->cc1_argv,
	       ((const char *[]){ "cc1", "-quiet", u->source, "-o", u->assembly, NULL }),
	       sizeof(u->cc1_argv));
	memcpy(u->as_argv, ((const char *[]){ "as", "-o", u->object, u->assembly, NULL }),
	       sizeof(u->as_argv));

	synthetic_fork(s, 40 * US, make, &u->sh);
	synthetic_exec(s, 300 * US, &u->sh, "/usr/bin/dash", u->sh_argv);
	synthetic_fork(s, 500 * US, &u->sh, &u->cc);
	synthetic_exec_failed(s, 20 * US, &u->cc, "/usr/local/bin/cc", u->cc_argv, ENOENT);
	synthetic_exec(s, 310 * US, &u->cc, "/usr/bin/x86_64-linux-gnu-gcc-12", u->cc_argv);
	synthetic_fork(s, 900 * US, &u->cc, &u->cc1);
	synthetic_exec(s, 350 * US, &u->cc1, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", u->cc1_argv);
}

static void unit_end(struct synthetic *s, struct unit *u, uint64_t work_ns)
{
	synthetic_exit(s, work_ns, &u->cc1, u->fails, 0, work_ns / 100 * 95);
	if (!u->fails) {
		synthetic_fork(s, 100 * US, &u->cc, &u->as);
		synthetic_exec(s, 290 * US, &u->as, "/usr/bin/x86_64-linux-gnu-as", u->as_argv);
		synthetic_exit(s, 6 * MS, &u->as, 0, 0, 5 * MS);
	}
	synthetic_exit(s, 400 * US, &u->cc, u->fails, 0, 1 * MS);
	synthetic_exit(s, 100 * US, &u->sh, u->fails, 0, 700 * US);
}

void synthetic_build(struct synthetic *s, unsigned units, unsigned slowdown)
{
	static const char *const bash_argv[] = { "-bash", NULL };
	static const char *const make_argv[] = { "make", "-j2", "all", NULL };
	static const char *const script_argv[] = { "/bin/sh", "./configure", "--prefix=/usr",
						   NULL };
	static const char *const test_argv[] = { "./run-tests", "--all", NULL };
	static const char *const ld_argv[] = { "ld", "-o", "program", "unit00.o", NULL };
	struct synthetic_process bash = {
		.id = 0xfedcba9876543210ull, .parent_id = 1, .pid = 900, .ppid = 1, .uid = 1000
	};
	struct synthetic_process make, configure, tests, ld;
	struct unit pair[2];

	synthetic_snapshot(s, &bash, "/usr/bin/bash", bash_argv);
	synthetic_fork(s, 5 * MS, &bash, &make);
	synthetic_exec(s, 400 * US, &make, "/usr/bin/make", make_argv);
	synthetic_fork(s, 3 * MS, &make, &configure);
	synthetic_exec(s, 330 * US, &configure, "/usr/bin/dash", script_argv);
	synthetic_exit(s, 30 * MS, &configure, 0, 0, 25 * MS);
	for (unsigned i = 0; i < units; i += 2) {
		uint64_t first = (20 + next_random(s, 60)) * MS * slowdown / 100;
		uint64_t second = (5 + next_random(s, 30)) * MS * slowdown / 100;

		unit_begin(s, &pair[0], &make, i);
		if (i + 1 < units)
			unit_begin(s, &pair[1], &make, i + 1);
		unit_end(s, &pair[0], first);
		if (i + 1 < units)
			unit_end(s, &pair[1], second);
	}
	synthetic_fork(s, 200 * US, &make, &ld);
	synthetic_exec(s, 320 * US, &ld, "/usr/bin/x86_64-linux-gnu-ld.bfd", ld_argv);
	synthetic_exit(s, 25 * MS, &ld, 0, 0, 22 * MS);
	synthetic_lost(s, BEGAT_EXEC, 3);
	synthetic_fork(s, 200 * US, &make, &tests);
	synthetic_exec(s, 320 * US, &tests, "/home/a/project/run-tests", test_argv);
	synthetic_exit(s, 55 * MS, &tests, 0, 11, 50 * MS);
	synthetic_exit(s, 1 * MS, &make, 2, 0, 12 * MS);
	synthetic_summary(s);
}

void synthetic_storm(struct synthetic *s, unsigned count, unsigned alive)
{
	struct synthetic_process parent = { .id = 42, .parent_id = 1, .pid = 2, .comm = "spawn" };
	struct synthetic_process *ring = calloc(alive, sizeof(*ring));
	char argument[64];
	const char *argv[] = { "/usr/bin/true", "--number", argument, "-o", "out", NULL };

	if (!ring)
		abort();
	for (unsigned i = 0; i < count + alive; i++) {
		struct synthetic_process *p = &ring[i % alive];

		/* The argv of an exit is that of its own exec. */
		snprintf(argument, sizeof(argument), "argument-%u-of-a-storm", i - alive);
		if (i >= alive)
			synthetic_exit(s, 500, p, 0, 0, 300 * US);
		if (i >= count)
			continue;
		snprintf(argument, sizeof(argument), "argument-%u-of-a-storm", i);
		synthetic_fork(s, 500, &parent, p);
		synthetic_exec(s, 1 * US, p, "/usr/bin/true", argv);
	}
	free(ring);
}

static void chain_link(struct synthetic *s, struct synthetic_process *p, const char *exe,
		       const char *const *argv)
{
	synthetic_exec(s, 300 * US + next_random(s, 2 * MS), p, exe, argv);
}

void synthetic_chains(struct synthetic *s, unsigned count)
{
	static const char *const argv[] = { "env", "nice", "true", NULL };
	struct synthetic_process parent = { .id = 42, .parent_id = 1, .pid = 2, .comm = "sh" };
	struct synthetic_process pair[2];

	for (unsigned i = 0; i < count; i += 2) {
		for (unsigned k = 0; k < 2; k++)
			synthetic_fork(s, 1 + next_random(s, MS), &parent, &pair[k]);
		for (unsigned k = 0; k < 2; k++)
			chain_link(s, &pair[k], "/usr/bin/env", argv);
		for (unsigned k = 0; k < 2; k++)
			chain_link(s, &pair[k], "/usr/bin/nice", argv + 1);
		for (unsigned k = 0; k < 2; k++)
			chain_link(s, &pair[k], "/usr/bin/true", argv + 2);
		for (unsigned k = 0; k < 2; k++)
			synthetic_exit(s, 1 + next_random(s, MS), &pair[k], 0, 0, 700 * US);
	}
	synthetic_summary(s);
}
