/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz/fuzz_filter.c - any expression: parsed or refused with a sentence, and what is parsed can be
 * asked of any event. What matches must lie within what is pushed to the kernel.
 */
#include <begat/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "filter/pushdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find(void *ctx, uint64_t id, struct begat_event *ret)
{
	static const char comm[] = "bash";

	(void)ctx;
	if (id > 20)
		return false;
	ret->type = BEGAT_SNAPSHOT;
	ret->id = id;
	ret->tgid = (uint32_t)id;
	ret->parent_id = id - 1;
	ret->comm = (struct begat_str){ comm, 4 };
	begat_fields_add(&ret->has, BEGAT_F_COMM);
	begat_fields_add(&ret->has, BEGAT_F_PARENT_ID);
	return true;
}

static void check(const struct begat_filter *filter, enum begat_event_type type)
{
	static const struct begat_str text = { "gcc -c x.c", 10 };
	static const struct begat_strv argv = { "gcc\0-c\0x.c", 11, 3, 0 };
	static const uint32_t pids[] = { 5, 1 };
	struct begat_lineage lineage = { .find = find };
	struct filter_pushdown push;
	struct begat_event ev = { .size = sizeof(ev), .type = type };
	bool in_uids;

	memset(&ev.has, 0xff, sizeof(ev.has));
	ev.comm = ev.exe = ev.filename = ev.cwd = ev.cgroup = ev.tty = text;
	ev.fd_path = ev.missing_interpreter = text;
	ev.container_id = ev.container_runtime = ev.pod_uid = ev.interpreter = text;
	ev.killed_by_comm = text;
	ev.argv = ev.env = argv;
	ev.pids = pids;
	ev.pids_count = 2;
	ev.uid = 3;
	ev.parent_id = 12;
	if (type != BEGAT_EXIT)
		memset(&ev.has.bits[0], 0, sizeof(ev.has.bits[0]));
	if (!begat_filter_match(filter, &ev, &lineage) || type == BEGAT_EXIT)
		return;
	filter_pushable(filter, &push);
	in_uids = !push.uids_count;
	for (uint32_t i = 0; i < push.uids_count; i++)
		in_uids |= push.uids[i] == ev.uid && begat_event_has(&ev, BEGAT_F_UID);
	if (!in_uids)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct begat_filter *filter = NULL;
	struct begat_fields fields = { { 0, 0 } };
	char *text = malloc(size + 1), error[160] = "";

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (begat_filter_parse(text, &filter, error, sizeof(error)) == 0) {
		begat_filter_fields(filter, &fields);
		for (int type = BEGAT_FORK; type <= BEGAT_SUMMARY; type++)
			check(filter, (enum begat_event_type)type);
		begat_filter_free(filter);
	} else if (!error[0]) {
		abort();
	}
	free(text);
	return 0;
}
