/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/users.h - names of users, asked once each.
 *
 * Not thread-safe. A name service can be slow: only what is shown is asked for, and remembered,
 * also that there is no name.
 */
#ifndef EVENT_USERS_H
#define EVENT_USERS_H

#include <begat/event.h>
#include <stdint.h>

struct users;

/* @accounts: where names come from; NULL = this machine. Lives as long as the result. */
struct users *users_new(const struct begat_accounts *accounts);
void users_free(struct users *users);

/* The name, or the number as text; valid until the next call. */
const char *users_name(struct users *users, uint32_t uid);

#endif
