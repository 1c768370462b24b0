/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * begat/search.h - failed execs that are one search along PATH, put together.
 *
 * Owns:  the definition of a search, the one that `watch`, `run`, `show` and reports use.
 * Not:   showing a search.
 *
 * A search is all failed execs of one process that ask for the same last path component. It ends
 *  - found, when the process execs a file of that name; or passes the same arguments to another
 *    file; or, after ENOEXEC, passes the file to a shell, as execvp() does; or gets an error of a
 *    file that is there (E2BIG, a missing interpreter, ...), which is a failure of its own;
 *  - not found, when the process execs something else or ends.
 * The attempts of a search that found its command are PATH misses.
 */
#ifndef BEGAT_SEARCH_H
#define BEGAT_SEARCH_H

#include <begat/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A search that has ended. It and its event live until the callback returns. */
struct begat_search {
	/*
	 * The first attempt, with the time of the last one. Its error is EACCES if any attempt had
	 * that, else the last one's; its repeats are the other attempts; of several directories,
	 * searched is their number and filename the bare name.
	 */
	const struct begat_event *event;
	uint64_t attempts; /* failed ones, folded repeats included */
	uint32_t directories; /* different files that were asked for */
	bool is_found;
	bool is_wanted; /* one of its attempts was */
	bool is_unfinished; /* a bound or the end of the stream ended it, not the process */
};

typedef void (*begat_search_callback)(const struct begat_search *search, void *ctx);

/** Zero means the default for every member but size and callback. */
struct begat_searches_options {
	size_t size; /* sizeof(struct begat_searches_options) */
	begat_search_callback callback; /* for each search, when it ends */
	void *ctx;
	uint32_t open_max; /* searches at one time; 0 = 4096. The oldest ends ahead of a new one */
	uint32_t reserved;
	size_t bytes_max; /* of the events that are kept; 0 = 4 MiB */
	uint64_t quiet_ns; /* after the last attempt a search ends; 0 = no bound */
	uint64_t whole_ns; /* after the first attempt; 0 = no bound */
};

struct begat_searches;

/** begat_searches_new() - Return: 0, -EINVAL or -ENOMEM. */
int begat_searches_new(const struct begat_searches_options *opts, struct begat_searches **ret_s);
void begat_searches_free(struct begat_searches *s); /* without a word about the open ones */

/**
 * begat_searches_take() - the next event of a stream: exec, exec_failed and exit; others do nothing.
 * @is_wanted: of exec_failed: kept for the callback.
 * @now_ns:    the caller's clock, for the bounds; it may be that of the events.
 *
 * The callback runs for what this event ends, before the call returns. The event needs id, filename,
 * argv and errno. Without memory each attempt is a search of its own.
 */
void begat_searches_take(struct begat_searches *s, const struct begat_event *ev, bool is_wanted,
			 uint64_t now_ns);

/** begat_searches_settle() - ends what has reached a bound. */
void begat_searches_settle(struct begat_searches *s, uint64_t now_ns);

/** begat_searches_due_ns() - when begat_searches_settle() has work; UINT64_MAX = never. */
uint64_t begat_searches_due_ns(const struct begat_searches *s);

/** begat_searches_finish() - ends all: the stream is over. */
void begat_searches_finish(struct begat_searches *s);

#ifdef __cplusplus
}
#endif
#endif
