/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/proctable.h - every process that an event named, by id and by pid.
 *
 * Owns:    identity, parents, lifetimes, the last image's exe and argv (first 4 KiB).
 * Not:     /proc (procfs/), the kernel's own cache.
 *
 * Invariants
 *  (1) After proctable_apply() an entry exists for the event's id, before any sink sees it.
 *  (2) (tgid, start) and so the id of an entry never change.
 *  (3) At most one living entry a tgid: a new one ends the old one (its exit was lost).
 *  (4) An exited entry stays findable for the linger time (in a storm: until some thousands have
 *      died after it), and as long as a living
 *      descendant names it as its ancestor; the table's size is bounded by that.
 */
#ifndef BEGAT_PROCTABLE_PROCTABLE_H
#define BEGAT_PROCTABLE_PROCTABLE_H

#include <begat/begat.h>
#include <begat/filter.h>

struct proctable;

/* @linger_ns: how long the dead stay. Returns 0 or -ENOMEM. */
int proctable_new(uint64_t linger_ns, struct proctable **ret_table);
void proctable_free(struct proctable *table);

/*
 * Folds an event in, and completes it from the table: exit gets exe, argv of the last image;
 * exec gets fork_to_exec_ns if the fork was seen and the kernel did not say; exec_failed and exit
 * get the parent if the record had none. Fields that the event has already are left alone.
 * The event's pointers may afterwards point into the table: valid until the next call.
 * ev->duration_ns is the process's age at the event, also where only an exit has the field; 0 if
 * not known (then the process is taken to start with the event).
 *
 * Returns 0; 1 if this exit was seen before (do not deliver it); -ENOMEM.
 */
int proctable_apply(struct proctable *table, struct begat_event *ev);

/* Removes the dead after their time; @now_ns on the boot clock. Cheap when there are none. */
void proctable_expire(struct proctable *table, uint64_t now_ns);

/* Living first, else the last dead. 0 or -ENOENT. */
int proctable_find_tgid(struct proctable *table, uint32_t tgid, struct begat_process *ret);
int proctable_find_id(struct proctable *table, uint64_t id, struct begat_process *ret);

/* For begat_lineage.find: @ctx is the table. */
bool proctable_find_ancestor(void *ctx, uint64_t id, struct begat_event *ret_ancestor);

/*
 * Does the stream tell of this process? It does once there was an event of it other than a
 * snapshot, or since proctable_report(): not of processes that the table has for reference only.
 */
bool proctable_is_reported(const struct proctable *table, uint64_t id);
void proctable_report(struct proctable *table, uint64_t id);

/*
 * From now on each process born after @since_ns (boot clock) has had a fork in the stream. One that
 * has not, and is named by another event first, is counted: a fork that went by unseen, and that no
 * buffer has lost.
 */
void proctable_expect_forks(struct proctable *table, uint64_t since_ns);
uint64_t proctable_unseen_forks(const struct proctable *table);

uint64_t proctable_count(const struct proctable *table); /* living and dead */
uint64_t proctable_alive(const struct proctable *table);

/*
 * Calls @callback for each living entry (after a loss each is asked whether it still runs).
 * The callback must not change the table. Stops at non-zero and returns it.
 */
int proctable_for_each_alive(struct proctable *table,
			     int (*callback)(void *ctx, const struct begat_process *process),
			     void *ctx);

#endif
