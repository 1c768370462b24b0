/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/folding.c - a stream in which each search along PATH is at most one line.
 *
 * Owns:  when a search is written, and with which time.
 * Not:   what a search is (begat/search.h), which events are wanted (their caller).
 *
 * Invariants
 *  (1) No other event waits for a search: a search is written when it has ended.
 *  (2) Times do not go back by it: a search has the time of its last attempt, or that of the
 *      line above if this is later.
 *  (3) A search is kept no longer than QUIET_NS after its last attempt and about WHOLE_NS after its
 *      first one, and no more of them than begat/search.h says.
 */
#include "folding.h"

#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_NS 100000000ull /* a directory on a slow network takes no longer */
#define WHOLE_NS 1000000000ull

struct folding {
	struct begat_sink *sink;
	struct begat_searches *searches;
	uint64_t ts_ns, time_ns; /* of the last line */
	/* Bounds are of the events' clock, so that a replay folds as the stream did. */
	uint64_t clock_ns; /* of the latest event */
	uint64_t taken_ns; /* the caller's clock when it came */
	uint64_t path_misses;
	int error;
};

/* Fields that an exec does not change. */
static const enum begat_field lasting[] = {
	BEGAT_F_ID,	     BEGAT_F_PID,	   BEGAT_F_PPID,
	BEGAT_F_PARENT_ID,   BEGAT_F_UID,	   BEGAT_F_LOGINUID,
	BEGAT_F_SID,	     BEGAT_F_PGID,	   BEGAT_F_TTY,
	BEGAT_F_PIDS,	     BEGAT_F_NS,	   BEGAT_F_CGROUP,
	BEGAT_F_GID,	     BEGAT_F_CONTAINER_ID, BEGAT_F_POD_UID,
	BEGAT_F_SHORT_LIVED, BEGAT_F_TIME,	   BEGAT_F_CONTAINER_RUNTIME,
};

bool folding_splits(const struct begat_filter *where)
{
	struct begat_fields asked = { 0 };

	begat_filter_fields(where, &asked);
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		asked.bits[lasting[i] / 64] &= ~(1ull << (lasting[i] % 64));
	return asked.bits[0] || asked.bits[1];
}

bool folding_is_wanted(const struct options *options, const char *format, uint32_t events)
{
	bool is_text = !format || !strcmp(format, "text");

	if (!(events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED)))
		return false;
	return options->path_misses == PATH_MISSES_FOLD ||
	       (is_text && options->path_misses != PATH_MISSES_EACH);
}

static void write_search(const struct begat_search *search, void *ctx)
{
	struct folding *f = ctx;
	struct begat_event ev = *search->event;

	if (search->is_found && search->is_wanted)
		f->path_misses += search->attempts;
	if (search->is_found || !search->is_wanted || f->error)
		return;
	if (ev.ts_ns < f->ts_ns) {
		ev.ts_ns = f->ts_ns;
		ev.time_ns = f->time_ns;
	}
	f->error = folding_write(f, &ev);
}

int folding_new(struct begat_sink *sink, struct folding **ret_folding)
{
	struct folding *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	struct begat_searches_options opts = {
		.size = sizeof(opts),
		.callback = write_search,
		.ctx = f,
		.quiet_ns = QUIET_NS,
		.whole_ns = WHOLE_NS,
	};

	f->sink = sink;
	if (begat_searches_new(&opts, &f->searches) < 0) {
		free(f);
		return -ENOMEM;
	}
	*ret_folding = f;
	return 0;
}

void folding_free(struct folding *f)
{
	if (!f)
		return;
	begat_searches_free(f->searches);
	free(f);
}

int folding_write(struct folding *f, const struct begat_event *ev)
{
	struct begat_event summary = *ev;
	struct begat_stats stats;

	if (ev->ts_ns > f->ts_ns) {
		f->ts_ns = ev->ts_ns;
		f->time_ns = ev->time_ns;
	}
	if (ev->type == BEGAT_SUMMARY && ev->stats) {
		stats = *ev->stats;
		stats.path_misses = f->path_misses;
		summary.stats = &stats;
		ev = &summary;
	}
	return begat_sink_write(f->sink, ev);
}

void folding_note(struct folding *f, const struct begat_event *ev, bool is_wanted, uint64_t now_ns)
{
	if (ev->type == BEGAT_SUMMARY) {
		begat_searches_finish(f->searches);
		return;
	}
	if (ev->ts_ns > f->clock_ns)
		f->clock_ns = ev->ts_ns;
	f->taken_ns = now_ns;
	begat_searches_take(f->searches, ev, is_wanted, f->clock_ns);
}

int folding_take(struct folding *f, const struct begat_event *ev, bool is_wanted, uint64_t now_ns)
{
	folding_note(f, ev, is_wanted, now_ns);
	if (!f->error && is_wanted && ev->type != BEGAT_EXEC_FAILED)
		f->error = folding_write(f, ev);
	return f->error;
}

int folding_settle(struct folding *f, uint64_t now_ns)
{
	begat_searches_settle(f->searches, f->clock_ns + (now_ns - f->taken_ns));
	return f->error;
}

int folding_wait_ms(const struct folding *f, uint64_t now_ns)
{
	uint64_t due_ns = f ? begat_searches_due_ns(f->searches) : UINT64_MAX;

	if (due_ns == UINT64_MAX)
		return -1;
	now_ns = f->clock_ns + (now_ns - f->taken_ns);
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns) / 1000000 + 1);
}

int folding_finish(struct folding *f)
{
	begat_searches_finish(f->searches);
	return f->error;
}
