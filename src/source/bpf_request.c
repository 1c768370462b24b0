/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source/bpf_request.c - from what a tracer asks for to the settings of the kernel side.
 *
 * Owns:    demand: a field or an event that nobody asks for is not captured.
 * Not:     what the machine's features decide (attach/maps.c).
 */
#include <string.h>

#include "attach/cgroups.h"
#include "source/bpf.h"

_Static_assert(SOURCE_IDS_MAX == CONFIG_UIDS_MAX && SOURCE_IDS_MAX == CONFIG_ROOTS_MAX,
	       "as many as the kernel side compares");
_Static_assert(BEGAT_BALANCED == (int)CONFIG_WAKE_SLEEPER && BEGAT_LOW == (int)CONFIG_WAKE_NEVER &&
		       BEGAT_BATCH == (int)CONFIG_WAKE_VOLUME,
	       "a latency is the way of waking that it asks for");

static bool wants(const struct begat_fields *fields, enum begat_field first, enum begat_field last)
{
	for (int field = first; field <= (int)last; field++)
		if (begat_fields_has(fields, field))
			return true;
	return false;
}

static uint32_t demand_fields(const struct begat_fields *fields)
{
	static const struct {
		enum begat_field first, last;
		uint32_t want;
	} groups[] = {
		{ BEGAT_F_NS, BEGAT_F_NS, CONFIG_WANT_NS },
		{ BEGAT_F_CGROUP, BEGAT_F_POD_UID, CONFIG_WANT_CGROUP },
		{ BEGAT_F_LOGINUID, BEGAT_F_TTY, CONFIG_WANT_IDS },
		{ BEGAT_F_PIDS, BEGAT_F_PIDS, CONFIG_WANT_PIDS },
		{ BEGAT_F_EXE, BEGAT_F_EXE, CONFIG_WANT_EXE },
		{ BEGAT_F_DEV, BEGAT_F_INODE, CONFIG_WANT_EXE },
		{ BEGAT_F_FS_DEV, BEGAT_F_FS_DEV, CONFIG_WANT_EXE },
		{ BEGAT_F_CWD, BEGAT_F_CWD, CONFIG_WANT_CWD | CONFIG_WANT_FOLDER },
		{ BEGAT_F_FD_PATH, BEGAT_F_MISSING, CONFIG_WANT_FOLDER },
		{ BEGAT_F_ARGV, BEGAT_F_ARGV_TRUNCATED, CONFIG_WANT_ARGV },
		{ BEGAT_F_ENV, BEGAT_F_ENV_TRUNCATED, CONFIG_WANT_ENV },
		{ BEGAT_F_UTIME, BEGAT_F_CHILDREN_MAX_RSS, CONFIG_WANT_USAGE },
		{ BEGAT_F_KILLED_BY, BEGAT_F_KILLED_BY, CONFIG_WANT_KILLER },
	};
	uint32_t want = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (wants(fields, groups[i].first, groups[i].last))
			want |= groups[i].want;
	return want;
}

uint32_t bpf_classes_of(uint32_t events)
{
	uint32_t classes = 0;

	for (uint32_t class = 0; class < REC_CLASS_COUNT; class ++)
		if (decode_class_event(class) &&
		    events & BEGAT_EVENT_BIT(decode_class_event(class)))
			classes |= 1 << class;
	return classes;
}

int bpf_request(const struct source_options *opts, struct bpf_config *config, struct error *error)
{
	config->short_lived_window_ns = opts->short_lived_window_ns;
	config->max_args_bytes = opts->max_args_bytes;
	config->wake = (uint32_t)opts->latency;
	config->want = demand_fields(&opts->fields);
	config->emit = bpf_classes_of(opts->events) | 1 << REC_CLASS_CHUNK | 1 << REC_CLASS_CGROUP;
	config->skip_classes = bpf_classes_of(opts->skip_events);
	if (opts->skip_events & BEGAT_EVENT_BIT(BEGAT_EXEC))
		config->skip_classes |= 1 << REC_CLASS_CHUNK;
	if (opts->uids_count) {
		config->admit |= CONFIG_ADMIT_UID;
		config->admit |= opts->may_gain_uid ? CONFIG_ADMIT_UID_LATER : 0;
		config->uid_count = opts->uids_count;
		memcpy(config->uids, opts->uids, opts->uids_count * sizeof(*opts->uids));
	}
	config->root_count = opts->roots_count;
	memcpy(config->roots, opts->roots, sizeof(config->roots));
	if (opts->follow)
		config->admit |= CONFIG_ADMIT_TREE;
	if (!opts->cgroups)
		return 0;
	config->admit |= CONFIG_ADMIT_CGROUP;
	return cgroups_resolve(opts->cgroups, opts->is_container, config, error);
}
