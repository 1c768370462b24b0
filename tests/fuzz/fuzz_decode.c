/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/fuzz_decode.c - a stream of records that nobody sent: decode, fold in, copy.
 *
 * The input is records one after the other, as in the ring: size, then the rest. A size that makes
 * no sense takes what is left. With libFuzzer: clang -fsanitize=fuzzer,address,undefined with
 * src/decode, src/proctable and base; a file for each finding comes by itself.
 */
#include "decode/decode.h"

#include <begat/event.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proctable/proctable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads everything that the event has, so that a wrong pointer is found here. */
static void look_at(const struct begat_event *ev)
{
	struct begat_event *dup = begat_event_dup(ev);

	if (!dup)
		abort();
	for (const struct begat_strv *strv = &dup->argv;; strv = &dup->env) {
		uint32_t count = 0;

		for (size_t i = 0; i < strv->bytes; i++)
			count += !strv->data[i];
		if (count != strv->count || (strv->bytes && strv->data[strv->bytes - 1]))
			abort();
		if (strv == &dup->env)
			break;
	}
	if (begat_event_has(ev, BEGAT_F_ID) && !ev->id)
		abort();
	begat_event_free(dup);
}

static void deliver(struct proctable *table, struct begat_event *ev)
{
	struct begat_event ancestor;
	uint64_t id = ev->parent_id;
	int hops = 0;

	look_at(ev);

	int result = proctable_apply(table, ev);

	if (result < 0 || (result && ev->type != BEGAT_EXIT))
		abort();
	look_at(ev);
	while (id && proctable_find_ancestor(table, id, &ancestor)) {
		look_at(&ancestor);
		id = begat_event_has(&ancestor, BEGAT_F_PARENT_ID) ? ancestor.parent_id : 0;
		if (++hops > 100000)
			abort(); /* a ring */
	}
	proctable_expire(table, ev->ts_ns);
	if (proctable_alive(table) > proctable_count(table))
		abort();
}

/* A block of its own for each record: a read beyond its end is then beyond the block's. */
static int feed(struct decoder *decoder, struct proctable *table, const uint8_t *data, size_t size)
{
	struct begat_event ev;
	char *block = malloc(size + 1);

	if (!block)
		abort();
	memcpy(block, data, size);
	block = realloc(block, size ? size : 1);

	int result = decode_record(decoder, block, size, &ev);

	if (result == 1) {
		do
			deliver(table, &ev);
		while (decode_more(decoder, &ev));
	} else if (result && result != -EBADMSG) {
		abort();
	}
	free(block);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const names[] = { "PATH", "A", NULL };
	struct decoder_options opts = {
		.boot_salt = 5,
		.start_unit_ns = size & 1 ? 1 : 10000000,
		.cpus = 4,
		.env_names = size & 2 ? names : NULL,
	};
	struct decoder *decoder = NULL;
	struct proctable *table = NULL;

	if (decoder_new(&opts, &decoder) < 0 || proctable_new(1000, &table) < 0)
		abort();
	while (size >= sizeof(uint32_t)) {
		uint32_t record;

		memcpy(&record, data, sizeof(record));
		if (record < sizeof(record) || record > size)
			record = (uint32_t)size;
		feed(decoder, table, data, record);
		data += record;
		size -= record;
	}
	proctable_expire(table, UINT64_MAX);
	proctable_free(table);
	decoder_free(decoder);
	return 0;
}
