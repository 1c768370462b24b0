/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/users.c - names of users, asked once each.
 */
#include "event/users.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 64

struct slot {
	uint32_t uid;
	bool is_used;
	char name[256]; /* LOGIN_NAME_MAX */
};

struct users {
	const struct begat_accounts *accounts;
	struct slot slots[SLOTS]; /* by the low bits of the uid; a newcomer takes the place */
};

struct users *users_new(const struct begat_accounts *accounts)
{
	struct users *users = calloc(1, sizeof(*users));

	if (users)
		users->accounts = accounts;
	return users;
}

/* A recording has its names at hand. */
static const char *recorded(const struct begat_accounts *accounts, struct slot *slot, uint32_t uid)
{
	const char *name = accounts->user_name ? accounts->user_name(accounts->ctx, uid) : NULL;

	if (name)
		return name;
	snprintf(slot->name, sizeof(slot->name), "%u", uid);
	slot->is_used = false;
	return slot->name;
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

	if (users->accounts)
		return recorded(users->accounts, slot, uid);
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
