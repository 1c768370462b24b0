/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/synthetic_hostile.c - everything that is hard to store.
 *
 * Owns:    events with every field, with none, with fields on events that never have them, with
 *          bytes of all kinds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "synthetic.h"

#define GOLDEN_FIELD_COUNT 70

static char big[100 << 10];

static void fill(struct begat_event *ev, uint32_t n)
{
	static const char argv[] = "sh\0-c\0</script><img onerror=alert(1)>\0\0tab\there\nline\0"
				   "\x1b[31mred\x1b[0m\0\xff\xfe invalid\0\xed\xa0\x80\0"
				   "\"quote\\\0\xf0\x9f\x98\x80\0";
	static const char env[] = "PATH=/bin\0TOKEN=secret\0EMPTY=\0=odd\0";
	static const uint32_t pids[] = { 4711, 17, 1 };
	uint64_t *wide[] = { &ev->start_code,
			     &ev->end_code,
			     &ev->dev,
			     &ev->inode,
			     &ev->fork_to_exec_ns,
			     &ev->exec_ns,
			     &ev->duration_ns,
			     &ev->utime_ns,
			     &ev->stime_ns,
			     &ev->max_rss_bytes,
			     &ev->read_bytes,
			     &ev->write_bytes,
			     &ev->minor_faults,
			     &ev->major_faults,
			     &ev->voluntary_switches,
			     &ev->involuntary_switches,
			     &ev->children_utime_ns,
			     &ev->children_stime_ns,
			     &ev->children_max_rss_bytes,
			     &ev->env_bytes,
			     &ev->argv_bytes,
			     &ev->cap_effective,
			     &ev->cgroup_id,
			     &ev->killed_by_id,
			     &ev->forked_by_id };

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		*wide[i] = i % 4 == 3 ? UINT64_MAX - i : (uint64_t)(i + 1) * 1000003 * n;
	ev->seq = UINT64_MAX - n;
	ev->cpu = n;
	ev->tid = ev->tgid + n % 2;
	ev->uid = 0;
	ev->gid = UINT32_MAX;
	ev->loginuid = UINT32_MAX;
	ev->pids = pids;
	ev->pids_count = 3;
	ev->comm = (struct begat_str){ "a\0b\xff", 4 };
	ev->tty = (struct begat_str){ "", 0 };
	ev->cgroup = (struct begat_str){ "/a/\xe4\xb8\xad/b", 8 };
	ev->container_id = (struct begat_str){ "0123456789abcdef", 16 };
	ev->container_runtime = (struct begat_str){ "docker", 6 };
	ev->pod_uid = (struct begat_str){ "pod", 3 };
	ev->filename = (struct begat_str){ "./a\nb", 5 };
	ev->exe = (struct begat_str){ "/tmp/x (deleted)", 16 };
	ev->interpreter = (struct begat_str){ "/bin/sh", 7 };
	ev->cwd = (struct begat_str){ "/\x80", 2 };
	ev->argv = (struct begat_strv){ .data = argv, .bytes = sizeof(argv) - 1, .count = 10 };
	ev->env = (struct begat_strv){ .data = env, .bytes = sizeof(env) - 1, .count = 4 };
	ev->argc = n % 3 ? 10 : 40000;
	ev->envc = 4;
	ev->short_lived = ev->synthetic = ev->argv_truncated = n % 2;
	ev->env_truncated = ev->core_dumped = n % 3 == 0;
	ev->killed_by_oom = n % 5 == 0;
	ev->argv_rewritten = n % 7 == 0;
	ev->fs_dev = 39;
	ev->old_tid = 99;
	ev->error = 2;
	ev->repeats = 7;
	ev->exit_code = -1;
	ev->signal = 9;
	ev->killed_by_comm = (struct begat_str){ "\x1b[2J", 4 };
	ev->fd_path = (struct begat_str){ "/tmp/\xff", 6 };
	ev->missing_interpreter = (struct begat_str){ "/bin/sh\r", 8 };
	ev->count = 5;
	ev->class_type = BEGAT_EXEC;
	ev->lost_cpu = 3;
	for (int i = 0; i < BEGAT_NS_COUNT; i++)
		ev->ns[i] = 4026531835u + (uint32_t)i;
}

static void make(struct synthetic *s, struct begat_event *ev, enum begat_event_type type,
		 uint32_t n)
{
	s->now_ns += 1000;
	*ev = (struct begat_event){ .size = sizeof(*ev),
				    .type = type,
				    .ts_ns = s->now_ns,
				    .time_ns = s->now_ns + s->realtime_offset_ns + n % 3,
				    .id = 0x8000000000000000ull + n / 4,
				    .parent_id = n,
				    .tgid = 5000 + n,
				    .parent_tgid = n };
	fill(ev, n);
}

static void send(struct synthetic *s, const struct begat_event *ev)
{
	s->sent++;
	s->callback(ev, s->ctx);
}

static void every_field(struct synthetic *s, unsigned count, uint32_t *n)
{
	static const enum begat_event_type types[] = { BEGAT_SNAPSHOT,	  BEGAT_FORK, BEGAT_EXEC,
						       BEGAT_EXEC_FAILED, BEGAT_EXIT, BEGAT_LOST };
	struct begat_fields all = { { UINT64_MAX, (1ull << (count - 64)) - 1 } };
	struct begat_event ev;

	all.bits[BEGAT_F_SEARCHED / 64] &= ~(1ull << BEGAT_F_SEARCHED % 64); /* streams have it */

	/* Every type with every field, though no real one has them all. */
	for (unsigned round = 0; round < 8; round++) {
		make(s, &ev, types[round % 6], (*n)++);
		ev.has = all;
		send(s, &ev);
	}
	/* Every field alone, on every type that names a process. */
	for (unsigned t = 0; t < 5; t++) {
		for (unsigned f = 0; f < count; f++) {
			if (f == BEGAT_F_SEARCHED)
				continue;
			make(s, &ev, types[t], (*n)++);
			begat_fields_add(&ev.has, BEGAT_F_ID);
			begat_fields_add(&ev.has, (enum begat_field)f);
			send(s, &ev);
		}
	}
	/* All but one. */
	for (unsigned f = 0; f < count; f++) {
		make(s, &ev, types[f % 5], (*n)++);
		ev.has = all;
		ev.has.bits[f / 64] &= ~(1ull << (f % 64));
		send(s, &ev);
	}
}

void synthetic_every_field(struct synthetic *s)
{
	uint32_t n = 0;

	every_field(s, BEGAT_FIELD_COUNT, &n);
}

void synthetic_hostile(struct synthetic *s)
{
	struct begat_event ev;
	uint32_t n = 0;

	every_field(s, GOLDEN_FIELD_COUNT, &n);
	/* One argument of 100 KB; no arguments at all; one that is empty. */
	memset(big, 'x', sizeof(big) - 1);
	for (unsigned i = 0; i < 3; i++) {
		make(s, &ev, BEGAT_EXEC, n++);
		ev.has = (struct begat_fields){ { UINT64_MAX, 0x3f } };
		ev.argv = (struct begat_strv){ .data = i ? "" : big,
					       .bytes = i == 0 ? sizeof(big) : i - 1,
					       .count = i != 1 };
		ev.argc = ev.argv.count;
		ev.argv_bytes = ev.argv.bytes;
		ev.comm = (struct begat_str){ NULL, 0 };
		send(s, &ev);
	}
	/* One id twice: a second life, an exit after the exit. */
	for (unsigned i = 0; i < 6; i++) {
		make(s, &ev, i % 2 ? BEGAT_EXIT : BEGAT_FORK, n++);
		ev.id = 77;
		ev.has = (struct begat_fields){ { (1ull << BEGAT_F_FORKED_BY) - 1, 0 } };
		send(s, &ev);
	}
}
