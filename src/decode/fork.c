/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/fork.c - REC_FORK: a new process.
 *
 * forked_by is there only where the process that called fork is not the parent (CLONE_PARENT).
 */
#include "decode/decoder.h"

#include <errno.h>

int decode_fork(struct decoder *decoder, const struct decode_in *in, const struct rec_fork *rec,
		struct begat_event *ev)
{
	decode_header(decoder, &rec->header, BEGAT_FORK, ev);
	if (decode_common(decoder, in, &rec->header, &rec->identity, ev) < 0)
		return -EBADMSG;
	if (!rec->forked_by_tgid)
		return 1;

	uint64_t id = decode_process_id(decoder, rec->forked_by_tgid, rec->forked_by_start_ns);

	if (begat_event_has(ev, BEGAT_F_PARENT_ID) && id == ev->parent_id)
		return 1;
	ev->forked_by_id = id;
	ev->forked_by_tgid = rec->forked_by_tgid;
	decode_add(ev, BEGAT_F_FORKED_BY);
	return 1;
}
