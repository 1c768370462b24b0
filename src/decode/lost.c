/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/lost.c - REC_LOST: one event for each class of events that a CPU has dropped.
 *
 * Owns:    the classes still to be reported, between decode_record() and decode_more().
 * Not:     counting (the kernel counts; if this record is lost too, the next one reports it).
 *
 * Dropped chunks yield no event: the exec that they belong to says what is missing. Dropped
 * cgroup paths neither: the kernel sends them again.
 */
#include "decode/decoder.h"

enum begat_event_type decode_class_event(enum rec_class class)
{
	switch (class) {
#define EVENT(type, name)      \
	case REC_CLASS_##type: \
		return BEGAT_##type;
#include "event/records.def"
	default:
		return 0;
	}
}

bool decode_more(struct decoder *decoder, struct begat_event *ret_ev)
{
	for (int class = 0; class < REC_CLASS_COUNT; class ++) {
		uint64_t count = decoder->lost.count[class];

		if (!count || !decode_class_event(class))
			continue;
		decoder->lost.count[class] = 0;
		decode_header(decoder, &decoder->lost.header, BEGAT_LOST, ret_ev);
		ret_ev->lost_cpu = decoder->lost.header.cpu;
		ret_ev->count = count;
		ret_ev->class_type = decode_class_event(class);
		decode_add(ret_ev, BEGAT_F_COUNT);
		decode_add(ret_ev, BEGAT_F_CLASS);
		return true;
	}
	return false;
}

int decode_lost(struct decoder *decoder, const struct decode_in *in, const struct rec_lost *rec,
		struct begat_event *ev)
{
	struct decode_joins *joins = &decoder->joins[rec->header.cpu];

	/* Chunks that wait may be the lost exec's, or the next one's. */
	if (rec->count[REC_CLASS_EXEC] || rec->count[REC_CLASS_EXEC_FAILED])
		joins->argv.is_doubtful = joins->env.is_doubtful = true;
	decoder->lost = *rec;
	return decode_more(decoder, ev) ? 1 : 0;
}
