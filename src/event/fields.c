/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/fields.c - the table of fields.def.
 */
#include "event/fields.h"

#define ALL BEGAT_EVENTS_ALL
#define FORK BEGAT_EVENT_BIT(BEGAT_FORK)
#define EXEC BEGAT_EVENT_BIT(BEGAT_EXEC)
#define EXEC_FAILED BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED)
#define EXIT BEGAT_EVENT_BIT(BEGAT_EXIT)
#define LOST BEGAT_EVENT_BIT(BEGAT_LOST)
#define SNAPSHOT BEGAT_EVENT_BIT(BEGAT_SNAPSHOT)
#define PROCESS (FORK | EXEC | EXEC_FAILED | EXIT | SNAPSHOT)

#define FIELD(number, name_, ...) \
	_Static_assert(sizeof(",\"" name_ "\":") <= FIELD_KEY_BYTES, "too long: " name_);
#include "event/fields.def"
#undef FIELD

const struct field fields[BEGAT_FIELD_COUNT] = {
#define FIELD(number, name_, alias_, kind_, member, events_)    \
	[BEGAT_F_##number] = {                                  \
		.name = name_,                                  \
		.alias = alias_,                                \
		.json_key = ",\"" name_ "\":",                  \
		.json_key_len = sizeof(",\"" name_ "\":") - 1,  \
		.kind = FIELD_##kind_,                          \
		.offset = offsetof(struct begat_event, member), \
		.events = events_,                              \
	},
#include "event/fields.def"
#undef FIELD
};

const char *const field_ns_names[BEGAT_NS_COUNT] = {
	[BEGAT_NS_PID] = "pid",	      [BEGAT_NS_MNT] = "mnt", [BEGAT_NS_NET] = "net",
	[BEGAT_NS_USER] = "user",     [BEGAT_NS_UTS] = "uts", [BEGAT_NS_IPC] = "ipc",
	[BEGAT_NS_CGROUP] = "cgroup",
};

static bool is_name(const char *candidate, const char *name, size_t len)
{
	return candidate && strlen(candidate) == len && memcmp(candidate, name, len) == 0;
}

int fields_find(const char *name, size_t len)
{
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		if (is_name(fields[i].name, name, len) || is_name(fields[i].alias, name, len))
			return i;
	}
	return -1;
}
