/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/decode.c - the decoder's life, and the way from a record's type to its file.
 *
 * Owns:    the checks that every record passes first. Which types there are: event/records.def.
 * Not:     what is in a record (one file a kind).
 */
#include "decode/decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t fixed_bytes[] = {
#define EVENT(type, name) [REC_##type] = sizeof(struct rec_##name),
#define OTHER(type, name, bytes) [REC_##type] = (bytes),
#include "event/records.def"
};

/* The caller's list may go after decoder_new(): names are kept as one text and an index. */
static int copy_env_names(struct decoder *decoder, const char *const *names)
{
	if (!names)
		return 0;
	size_t bytes = 1, count = 0;

	for (; names[count]; count++)
		bytes += strlen(names[count]) + 1;
	decoder->has_env_names = true;
	decoder->env_names = calloc(count + 1, sizeof(*decoder->env_names));
	decoder->env_names_text = malloc(bytes);
	if (!decoder->env_names || !decoder->env_names_text)
		return -ENOMEM;

	char *text = decoder->env_names_text;

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names[i]);

		memcpy(text, names[i], len + 1);
		decoder->env_names[i] = (struct decode_env_name){ .name = text, .len = len };
		text += len + 1;
	}
	decoder->env_names_count = count;
	return 0;
}

int decoder_new(const struct decoder_options *opts, struct decoder **ret_decoder)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return -ENOMEM;
	decoder->identity.boot_salt = opts->boot_salt;
	decoder->identity.start_unit_ns = opts->start_unit_ns ? opts->start_unit_ns : 1;
	decoder->clock_offset_ns = opts->clock_offset_ns;
	decoder->cpus = opts->cpus;
	decoder->joins = calloc(opts->cpus ? opts->cpus : 1, sizeof(*decoder->joins));
	if (!decoder->joins || copy_env_names(decoder, opts->env_names) < 0 ||
	    decode_cgroups_init(&decoder->cgroups) < 0) {
		decoder_free(decoder);
		return -ENOMEM;
	}
	*ret_decoder = decoder;
	return 0;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	for (uint32_t i = 0; decoder->joins && i < decoder->cpus; i++) {
		decode_join_done(&decoder->joins[i].argv);
		decode_join_done(&decoder->joins[i].env);
	}
	decode_cgroups_done(&decoder->cgroups);
	free(decoder->joins);
	free(decoder->env_names);
	free(decoder->env_names_text);
	free(decoder);
}

void decoder_set_realtime(struct decoder *decoder, int64_t realtime_minus_boot_ns)
{
	decoder->realtime_offset_ns = (uint64_t)realtime_minus_boot_ns;
}

uint64_t decoder_orphan_chunks(const struct decoder *decoder)
{
	return decoder->orphan_chunks;
}

/* What the last event borrowed goes back; most events borrow no chunks. */
static void release_used_joins(struct decoder *decoder)
{
	for (size_t i = 0; i < 2; i++) {
		struct decode_join *join = decoder->used_joins[i];

		if (!join)
			continue;
		decoder->used_joins[i] = NULL;
		if (join->capacity > DECODE_JOIN_KEEP_BYTES)
			decode_join_done(join);
	}
}

static int dispatch(struct decoder *decoder, const struct decode_in *in,
		    const struct rec_header *header, struct begat_event *ev)
{
	const void *rec = header;

	switch (header->type) {
#define EVENT(type, name) OTHER(type, name, )
#define OTHER(type, name, bytes) \
	case REC_##type:         \
		return decode_##name(decoder, in, rec, ev);
#include "event/records.def"
	}
	return -EBADMSG; /* REC_SNAPSHOT_THREAD is for tracer/usage.c, and no event */
}

int decode_record(struct decoder *decoder, const void *record, size_t size,
		  struct begat_event *ret_ev)
{
	const struct rec_header *header = record;

	release_used_joins(decoder);
	memset(decoder->lost.count, 0, sizeof(decoder->lost.count));
	if (size < sizeof(*header) || size > REC_BYTES_MAX || size % 8)
		return -EBADMSG;
	if (header->size != size || header->cpu >= decoder->cpus || !header->type ||
	    header->type >= sizeof(fixed_bytes) / sizeof(fixed_bytes[0]))
		return -EBADMSG;

	struct decode_in in = { .base = record, .size = size, .fixed = fixed_bytes[header->type] };

	return size < in.fixed ? -EBADMSG : dispatch(decoder, &in, header, ret_ev);
}
