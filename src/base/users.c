/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/users.c - names of users, asked once each.
 */
#include "base/users.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 64

struct slot {
	uint32_t uid;
	bool is_used;
	char name[33]; /* LOGIN_NAME_MAX is larger, useradd's limit is 32 */
};

struct users {
	struct slot slots[SLOTS]; /* by the low bits of the uid; a newcomer takes the place */
};

struct users *users_new(void)
{
	return calloc(1, sizeof(struct users));
}

void users_free(struct users *users)
{
	free(users);
}

const char *users_name(struct users *users, uint32_t uid)
{
	struct slot *slot = &users->slots[uid % SLOTS];
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (slot->is_used && slot->uid == uid)
		return slot->name;
	if (getpwuid_r(uid, &entry, buf, sizeof(buf), &found) != 0 || !found || !found->pw_name[0])
		snprintf(slot->name, sizeof(slot->name), "%u", uid);
	else
		snprintf(slot->name, sizeof(slot->name), "%s", found->pw_name);
	slot->uid = uid;
	slot->is_used = true;
	return slot->name;
}
