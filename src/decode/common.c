/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/common.c - the part that records have in common: the header, and which process it is about.
 *
 * Owns:    header fields, struct rec_identity, strings of records.
 * Not:     what happened (fork.c, exec.c, ...).
 */
#include "decode/decoder.h"

#include <errno.h>
#include <string.h>

int decode_string(const struct decode_in *in, struct rec_span span, struct begat_str *ret)
{
	if (!span.bytes)
		return 0;

	const char *data = decode_bytes(in, span.offset, span.bytes);
	const char *nul = data ? memchr(data, 0, span.bytes) : NULL;

	if (!nul)
		return -EBADMSG;
	*ret = (struct begat_str){ .data = data, .len = (size_t)(nul - data) };
	return 1;
}

int decode_name(const char *name, size_t size, struct begat_str *ret)
{
	size_t len = strnlen(name, size);

	if (len == size)
		return -EBADMSG;
	*ret = (struct begat_str){ .data = name, .len = len };
	return 0;
}

void decode_header(const struct decoder *decoder, const struct rec_header *header,
		   enum begat_event_type type, struct begat_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->size = sizeof(*ev);
	ev->type = type;
	ev->ts_ns = header->ts_ns + decoder->clock_offset_ns;
	ev->time_ns = ev->ts_ns + decoder->realtime_offset_ns;
	decode_add(ev, BEGAT_F_EVENT);
	decode_add(ev, BEGAT_F_TIME);
	decode_add(ev, BEGAT_F_TS_NS);
	decode_add(ev, BEGAT_F_SYNTHETIC);
	if (type == BEGAT_SNAPSHOT)
		return; /* not from a CPU's stream */
	ev->seq = header->seq;
	ev->cpu = header->cpu;
	decode_add(ev, BEGAT_F_SEQ);
	decode_add(ev, BEGAT_F_CPU);
}

/* Absent means that the process lives in the outermost namespace only. */
static int decode_pids(const struct decode_in *in, const struct rec_identity *who,
		       struct begat_event *ev)
{
	struct rec_span span = who->pids;

	ev->pids = &who->tgid;
	ev->pids_count = 1;
	decode_add(ev, BEGAT_F_PIDS);
	if (!span.bytes)
		return 0;

	const char *data = decode_bytes(in, span.offset, span.bytes);

	if (!data || (span.offset | span.bytes) % sizeof(uint32_t) ||
	    span.bytes > REC_PID_LEVELS_MAX * sizeof(uint32_t))
		return -EBADMSG;
	ev->pids_count = span.bytes / sizeof(uint32_t);
	ev->pids = (const uint32_t *)(const void *)data;
	return 0;
}

/* The kernel calls a pseudo-terminal "pts0"; people know it by its path below /dev. */
static int decode_tty(struct decoder *decoder, const struct rec_identity *who,
		      struct begat_event *ev)
{
	if (decode_name(who->tty, sizeof(who->tty), &ev->tty) < 0)
		return -EBADMSG;
	if (!ev->tty.len)
		return 0;
	decode_add(ev, BEGAT_F_TTY);
	if (memcmp(who->tty, "pts", 3) || who->tty[3] < '0' || who->tty[3] > '9')
		return 0;
	memcpy(decoder->tty, "pts/", 4);
	memcpy(decoder->tty + 4, who->tty + 3, ev->tty.len - 3 + 1);
	ev->tty.data = decoder->tty;
	ev->tty.len++;
	return 0;
}

static void decode_parent(const struct decoder *decoder, const struct rec_identity *who,
			  struct begat_event *ev)
{
	ev->parent_tgid = who->parent_tgid;
	decode_add(ev, BEGAT_F_PPID);
	if (!who->parent_tgid)
		return; /* the first process: its ppid is 0, and nobody has that */
	ev->parent_id = decode_process_id(decoder, who->parent_tgid, who->parent_start_ns);
	decode_add(ev, BEGAT_F_PARENT_ID);
}

static void decode_cgroup_of(struct decoder *decoder, const struct rec_identity *who,
			     struct begat_event *ev)
{
	ev->cgroup_id = who->cgroup_id;
	if (decode_cgroups_find(&decoder->cgroups, who->cgroup_id, &ev->cgroup))
		decode_add(ev, BEGAT_F_CGROUP);
}

int decode_common(struct decoder *decoder, const struct decode_in *in,
		  const struct rec_header *header, const struct rec_identity *who,
		  struct begat_event *ev)
{
	ev->tgid = who->tgid;
	ev->tid = header->tid;
	ev->id = decode_process_id(decoder, who->tgid, who->start_ns);
	ev->uid = who->uid;
	ev->gid = who->gid;
	ev->euid = who->euid;
	ev->egid = who->egid;
	/* The process table wants the age of all; users are told it at the exit only (exit.c). */
	if (who->start_ns <= ev->ts_ns)
		ev->duration_ns = ev->ts_ns - who->start_ns;
	decode_add(ev, BEGAT_F_PID);
	decode_add(ev, BEGAT_F_TID);
	decode_add(ev, BEGAT_F_ID);
	decode_add(ev, BEGAT_F_UID);
	decode_add(ev, BEGAT_F_GID);
	decode_add(ev, BEGAT_F_EUID);
	decode_add(ev, BEGAT_F_EGID);
	decode_add(ev, BEGAT_F_COMM);
	if (decode_name(who->comm, sizeof(who->comm), &ev->comm) < 0 ||
	    decode_pids(in, who, ev) < 0)
		return -EBADMSG;

	if (who->valid & REC_IDENTITY_PARENT)
		decode_parent(decoder, who, ev);
	if (who->valid & REC_IDENTITY_NS) {
		memcpy(ev->ns, who->ns, sizeof(ev->ns));
		decode_add(ev, BEGAT_F_NS);
	}
	if (who->valid & REC_IDENTITY_CGROUP)
		decode_cgroup_of(decoder, who, ev);
	if (who->valid & REC_IDENTITY_LOGINUID) {
		ev->loginuid = who->loginuid;
		decode_add(ev, BEGAT_F_LOGINUID);
	}
	if (who->valid & REC_IDENTITY_IDS) {
		ev->sid = who->sid;
		ev->pgid = who->pgid;
		ev->cap_effective = who->cap_effective;
		decode_add(ev, BEGAT_F_SID);
		decode_add(ev, BEGAT_F_PGID);
		decode_add(ev, BEGAT_F_CAPS);
		return decode_tty(decoder, who, ev);
	}
	return 0;
}

int decode_snapshot(struct decoder *decoder, const struct decode_in *in,
		    const struct rec_snapshot *rec, struct begat_event *ev)
{
	decode_header(decoder, &rec->header, BEGAT_SNAPSHOT, ev);
	if (decode_common(decoder, in, &rec->header, &rec->identity, ev) < 0)
		return -EBADMSG;
	return 1;
}

_Static_assert((int)BEGAT_NS_COUNT == (int)REC_NS_COUNT, "namespaces in the same order");
_Static_assert(sizeof(((struct begat_event *)0)->ns) == sizeof(((struct rec_identity *)0)->ns),
	       "ns");
