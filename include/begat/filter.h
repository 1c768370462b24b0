/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/filter.h - expressions over events: event == exec and uid == 0 and exe ~ "*\/gcc"
 *
 * Fields have their JSON names. ==, !=, <, <=, >, >= compare; ~ is a shell pattern, =~ an
 * extended regular expression; not, and, or, parentheses. Durations (10ms) and sizes (64MiB) take
 * units. under(PID) is true below that process, ancestor(EXPR) if EXPR is true of an ancestor.
 * A comparison with an absent field is false.
 */
#ifndef BEGAT_FILTER_H
#define BEGAT_FILTER_H

#include <begat/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct begat_filter;

/**
 * How a filter asks about ancestors; all members may be NULL, then under() and ancestor() are
 * false. A tracer and a trace file each bring their own.
 */
struct begat_lineage {
	/* Fills @ret_ancestor with what is known of process @id (as a snapshot event) and its
	 * parent's id; false if unknown. What it points to lives until the next call. */
	bool (*find)(void *ctx, uint64_t id, struct begat_event *ret_ancestor);
	void *ctx;
};

/**
 * begat_filter_parse() - compile an expression.
 * @text:      NUL-terminated.
 * @ret:       the filter, for begat_filter_free().
 * @error:     on failure one sentence with the column: unknown field `exxe` at column 5; did you
 *             mean `exe`?
 * @error_len: size of @error, at least 128.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int begat_filter_parse(const char *text, struct begat_filter **ret, char *error, size_t error_len);

/**
 * begat_filter_parse_for() - the same with somebody's names of users and groups, as those of a
 * recording: user == alice.
 * @accounts: only for the call; NULL, or with user_id and group_id NULL: this machine's.
 */
int begat_filter_parse_for(const char *text, const struct begat_accounts *accounts,
			   struct begat_filter **ret, char *error, size_t error_len);

/**
 * begat_filter_warning() - a sentence about a part of the expression that is right and probably not
 * what was meant, as exe == gcc, which no path equals.
 * @index: 0, 1 ... Return: without a full stop, valid while @filter is; NULL: there is no further one.
 */
const char *begat_filter_warning(const struct begat_filter *filter, unsigned index);

/**
 * begat_filter_match() - does it match? Thread-safe as long as @lineage is.
 *
 * The work for one event is bounded, whatever its texts are. An event for which the bound is not
 * enough does not match, and begat_filter_counts() says how many there were.
 */
bool begat_filter_match(const struct begat_filter *filter, const struct begat_event *ev,
			const struct begat_lineage *lineage);

/**
 * begat_time_parse() - a moment as `time` in an expression takes it: 2026-01-31, 2026-01-31T23:59,
 * with seconds and a fraction; a blank may separate the two. UTC in any case; Z or UTC may say so.
 * @ret_ns: nanoseconds since 1970 UTC; untouched on failure.
 * Return: 0 or -EINVAL.
 */
int begat_time_parse(const char *text, uint64_t *ret_ns);

/** What a filter has answered, to all that use it. */
struct begat_filter_counts {
	size_t size; /* set by the caller to sizeof */
	uint64_t tested, matched; /* events */
	uint64_t undecided; /* took more work than one event may: they count as not matching */
};

/** begat_filter_counts() - so far; all 0 for NULL. */
void begat_filter_counts(const struct begat_filter *filter, struct begat_filter_counts *ret);

/** begat_filter_fields() - adds the fields that the expression reads. */
void begat_filter_fields(const struct begat_filter *filter, struct begat_fields *fields);

/** begat_filter_asks_lineage() - does it have under() or ancestor()? Those need forks and exits. */
bool begat_filter_asks_lineage(const struct begat_filter *filter);

/**
 * begat_filter_ref() - another reference to the same filter; begat_filter_free() gives one back.
 * Thread-safe. NULL is fine. Return: @filter.
 */
const struct begat_filter *begat_filter_ref(const struct begat_filter *filter);

/** begat_filter_free() - give a reference back; the last one frees. NULL is fine. */
void begat_filter_free(struct begat_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
