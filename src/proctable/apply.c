/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/apply.c - fold events into the process table, and complete them from it.
 *
 * Owns:    every change of a table entry that an event makes.
 * Not:     forgetting the dead (expire.c), memory and indexes (table.c), /proc (procfs/).
 *
 * Invariants
 *  (1) An entry exists for the event's id, before any sink sees it; its fork may be unseen.
 *  (2) The ancestor of an entry is its parent at fork, or the first parent reported; a
 *      later, other parent (reparenting) changes parent_id alone. So lineage is by birth.
 *  (3) An exit is seen once. An event about the dead changes what is known, never brings back.
 */
#include "proctable/expire.h"

#include <errno.h>
#include <string.h>

/*
 * An event tells its process's age in duration_ns, even where only an exit shows it to users. If
 * it does not, the process is as old as the event: right for a fork, the best guess for others.
 */
static uint64_t start_of(const struct begat_event *ev)
{
	return ev->duration_ns <= ev->ts_ns ? ev->ts_ns - ev->duration_ns : ev->ts_ns;
}

/* A second living process of one pid: the older one's exit was lost, or this event is late. */
static void settle_tgid(struct proctable *table, struct entry *entry, const struct begat_event *ev)
{
	struct entry *other = table_find_alive(table, entry->tgid);

	if (!other || other->start_ns <= entry->start_ns) {
		if (other)
			expire_end(table, other, ev->ts_ns);
		table->alive++;
		return;
	}
	table->alive++;
	expire_end(table, entry, ev->ts_ns);
}

/* The first event about this process: from nothing, or from a placeholder, to a living entry. */
static struct entry *bring_to_life(struct proctable *table, struct entry *entry,
				   const struct begat_event *ev)
{
	if (!entry)
		entry = table_add_placeholder(table, ev->id);
	if (!entry)
		return NULL;
	entry->flags = 0;
	table->placeholders--;
	entry->tgid = ev->tgid;
	entry->start_ns = start_of(ev);
	settle_tgid(table, entry, ev);
	table_add_tgid(table, entry);
	if (ev->type == BEGAT_SNAPSHOT && !ev->synthetic)
		entry->flags |= ENTRY_WAS_THERE_BEFORE;
	else if (ev->type != BEGAT_FORK && !ev->synthetic && ev->duration_ns &&
		 entry->start_ns >= table->forks_since_ns)
		table->unseen_forks++;
	return entry;
}

/* Links that lie would close a ring, which nobody would ever leave. */
static bool is_below(const struct entry *entry, const struct entry *above)
{
	for (; entry; entry = entry->ancestor)
		if (entry == above)
			return true;
	return false;
}

static int set_ancestor(struct proctable *table, struct entry *entry, uint64_t id)
{
	if (entry->ancestor && entry->ancestor->id == id)
		return 0;

	struct entry *ancestor = id == entry->id ? NULL : table_find(table, id);

	if (!ancestor && id != entry->id)
		ancestor = table_add_placeholder(table, id);
	if (!ancestor)
		return id == entry->id ? 0 : -ENOMEM;
	if (entry->children && is_below(ancestor, entry))
		return 0;
	ancestor->children++;
	expire_drop_ancestor(table, entry);
	entry->ancestor = ancestor;
	entry->depth = ancestor->depth + 1;
	if (entry->depth > 2 * PROCTABLE_DEPTH_MAX)
		expire_cut_lineage(table, entry);
	return 0;
}

static int note_parent(struct proctable *table, struct entry *entry, struct begat_event *ev)
{
	if (!begat_event_has(ev, BEGAT_F_PPID)) {
		if (!(entry->flags & ENTRY_HAS_PARENT))
			return 0;
		ev->parent_tgid = entry->parent_tgid;
		ev->parent_id = entry->parent_id;
		begat_fields_add(&ev->has, BEGAT_F_PPID);
		if (ev->parent_id)
			begat_fields_add(&ev->has, BEGAT_F_PARENT_ID);
		return 0;
	}
	entry->flags |= ENTRY_HAS_PARENT;
	entry->parent_tgid = ev->parent_tgid;
	entry->parent_id = begat_event_has(ev, BEGAT_F_PARENT_ID) ? ev->parent_id : 0;
	if (!entry->parent_id || (entry->ancestor && ev->type != BEGAT_FORK))
		return 0;
	return set_ancestor(table, entry, entry->parent_id);
}

/* A synthetic event after a loss has the identity, as far as it is known. */
static void complete_identity(const struct entry *entry, struct begat_event *ev)
{
	if (!begat_event_has(ev, BEGAT_F_COMM) && entry->comm[0]) {
		ev->comm = (struct begat_str){ entry->comm, strlen(entry->comm) };
		begat_fields_add(&ev->has, BEGAT_F_COMM);
	}
	if (begat_event_has(ev, BEGAT_F_UID) || !(entry->flags & ENTRY_HAS_CREDS))
		return;
	ev->uid = entry->uid;
	ev->gid = entry->gid;
	ev->euid = entry->euid;
	ev->egid = entry->egid;
	for (int field = BEGAT_F_UID; field <= BEGAT_F_EGID; field++)
		begat_fields_add(&ev->has, field);
}

static void note_identity(struct entry *entry, const struct begat_event *ev)
{
	if (begat_event_has(ev, BEGAT_F_COMM)) {
		size_t len = ev->comm.len;

		if (len >= sizeof(entry->comm))
			len = sizeof(entry->comm) - 1;
		memmove(entry->comm, ev->comm.data, len); /* it may be our own */
		entry->comm[len] = '\0';
	}
	if (begat_event_has(ev, BEGAT_F_UID)) {
		entry->uid = ev->uid;
		entry->gid = ev->gid;
		entry->euid = ev->euid;
		entry->egid = ev->egid;
		entry->flags |= ENTRY_HAS_CREDS;
	}
	if (begat_event_has(ev, BEGAT_F_LOGINUID)) {
		entry->loginuid = ev->loginuid;
		entry->flags |= ENTRY_HAS_LOGINUID;
	}
}

/* Until it execs, a child runs what the process that forked it ran. */
static void apply_fork(struct proctable *table, struct entry *entry, const struct begat_event *ev)
{
	bool has_other = begat_event_has(ev, BEGAT_F_FORKED_BY);
	const struct entry *forker =
		has_other ? table_find(table, ev->forked_by_id) : entry->ancestor;

	entry->fork_ts_ns = ev->synthetic ? entry->start_ns : ev->ts_ns;
	if (forker && !entry->image && !entry->execs)
		entry->image = image_share(forker->image);
}

static int apply_exec(struct entry *entry, struct begat_event *ev)
{
	entry->execs++;
	if (entry->fork_ts_ns && entry->fork_ts_ns <= ev->ts_ns &&
	    !begat_event_has(ev, BEGAT_F_FORK_TO_EXEC)) {
		ev->fork_to_exec_ns = ev->ts_ns - entry->fork_ts_ns;
		begat_fields_add(&ev->has, BEGAT_F_FORK_TO_EXEC);
	}
	return image_set(&entry->image, ev);
}

/* An exec that the kernel counted and we did not see has put another image in this one's place. */
static bool is_stale(const struct entry *entry, const struct begat_event *ev)
{
	return entry->fork_ts_ns && !(entry->flags & ENTRY_IMAGE_FROM_SNAPSHOT) &&
	       begat_event_has(ev, BEGAT_F_EXECS) && ev->execs > entry->execs;
}

static void complete_image(const struct entry *entry, struct begat_event *ev)
{
	const struct image *image = entry->image;

	if (!image || is_stale(entry, ev))
		return;
	if (image->has_exe && !begat_event_has(ev, BEGAT_F_EXE)) {
		ev->exe = (struct begat_str){ image->text, image->exe_len };
		begat_fields_add(&ev->has, BEGAT_F_EXE);
	}
	if (image->has_argv && !begat_event_has(ev, BEGAT_F_ARGV)) {
		ev->argv = (struct begat_strv){ .data = image->text + image->exe_len + 1,
						.bytes = image->argv_bytes,
						.count = image->argv_count };
		ev->argv_truncated = image->is_truncated;
		begat_fields_add(&ev->has, BEGAT_F_ARGV);
		begat_fields_add(&ev->has, BEGAT_F_ARGV_TRUNCATED);
		ev->argv_rewritten = image->is_rewritten;
		if (ev->argv_rewritten)
			begat_fields_add(&ev->has, BEGAT_F_ARGV_REWRITTEN);
	}
}

/* Returns 1 if it was seen before. An end that was only inferred gets its real time. */
static int apply_exit(struct proctable *table, struct entry *entry, struct begat_event *ev)
{
	if (entry->flags & ENTRY_EXIT_SEEN)
		return 1;
	entry->flags |= ENTRY_EXIT_SEEN;
	if (!(entry->flags & ENTRY_ENDED))
		expire_end(table, entry, ev->ts_ns);
	else
		entry->exit_ns = ev->ts_ns;
	complete_image(entry, ev);
	return 0;
}

static int apply_snapshot(struct entry *entry, struct begat_event *ev)
{
	bool has_image = begat_event_has(ev, BEGAT_F_EXE) || begat_event_has(ev, BEGAT_F_ARGV);

	if (!has_image)
		return 0;
	entry->flags |= ENTRY_IMAGE_FROM_SNAPSHOT;
	return image_set(&entry->image, ev);
}

int proctable_apply(struct proctable *table, struct begat_event *ev)
{
	if (!begat_event_has(ev, BEGAT_F_ID) || !begat_event_has(ev, BEGAT_F_PID))
		return 0; /* lost, summary */

	struct entry *entry = table_find(table, ev->id);

	if (!entry || entry->flags & ENTRY_PLACEHOLDER)
		entry = bring_to_life(table, entry, ev);
	if (!entry)
		return -ENOMEM;
	if (ev->type != BEGAT_SNAPSHOT)
		entry->flags |= ENTRY_REPORTED;
	note_identity(entry, ev);
	complete_identity(entry, ev);

	int err = note_parent(table, entry, ev);

	switch ((enum begat_event_type)ev->type) {
	case BEGAT_FORK:
		apply_fork(table, entry, ev);
		return err;
	case BEGAT_EXEC:
		return apply_exec(entry, ev) < 0 ? -ENOMEM : err;
	case BEGAT_EXIT:
		return apply_exit(table, entry, ev) ? 1 : err;
	case BEGAT_SNAPSHOT:
		return apply_snapshot(entry, ev) < 0 ? -ENOMEM : err;
	case BEGAT_EXEC_FAILED:
	case BEGAT_LOST:
	case BEGAT_SUMMARY:
		break;
	}
	return err;
}
