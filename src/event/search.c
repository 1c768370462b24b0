/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/search.c - failed execs that are one search along PATH, put together.
 *
 * Owns:    struct begat_searches: the open searches of all processes, and their bounds.
 * Not:     what a search is: begat/search.h.
 *
 * Invariants
 *  (1) Each failed exec is in exactly one search, and each search reaches the callback once.
 *  (2) The list is by last attempt, so the first that is due is its head.
 *  (3) No more than open_max searches, PER_PROCESS_MAX of one process, and bytes_max bytes are
 *      kept; what an event costs is bounded by PER_PROCESS_MAX, FILES_MAX and the length of its
 *      texts.
 */
#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/hash.h"
#include "base/opts.h"

#define BUCKETS 4096 /* a power of two */
#define PER_PROCESS_MAX 64 /* names that one process searches at one time: its threads */
#define FILES_MAX 256 /* of one search are compared; further ones count as different */
#define ARGV_KEPT_BYTES 65536u

struct open_search {
	struct open_search *next_in_bucket;
	struct open_search *before, *after; /* by last attempt */
	struct begat_event *event; /* the first attempt, ours */
	size_t bytes; /* that it takes */
	uint64_t argv_hash; /* of the whole argv */
	uint64_t first_ns, last_ns; /* the caller's clock */
	uint64_t last_ts_ns, last_time_ns; /* of the last attempt */
	uint64_t last_file; /* hash */
	uint64_t attempts;
	uint64_t *files; /* hashes of those that were asked for */
	uint32_t files_count, files_room;
	int error, last_error;
	bool is_wanted;
};

struct begat_searches {
	struct begat_searches_options opts;
	struct open_search *buckets[BUCKETS];
	struct open_search *oldest, *newest;
	uint32_t count;
	size_t bytes;
};

static struct begat_str filename_of(const struct begat_event *ev)
{
	return begat_event_has(ev, BEGAT_F_FILENAME) && ev->filename.data
		       ? ev->filename
		       : (struct begat_str){ "", 0 };
}

static uint64_t argv_hash_of(const struct begat_event *ev)
{
	if (!begat_event_has(ev, BEGAT_F_ARGV) || !ev->argv.bytes || !ev->argv.data)
		return 0;
	return hash_bytes(HASH_BEGIN, ev->argv.data, ev->argv.bytes) | 1;
}

/* The last path component; slashes at the end are part of no name. */
static struct begat_str base_of(struct begat_str path)
{
	size_t end = path.len;

	while (end > 1 && path.data[end - 1] == '/')
		end--;
	size_t start = end;

	while (start && path.data[start - 1] != '/')
		start--;
	return (struct begat_str){ path.data + start, end - start };
}

static bool is_equal(struct begat_str a, struct begat_str b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

/* Does a search go on after it? Else the file that it asks for is the one that was searched. */
static bool goes_on(const struct begat_event *ev)
{
	int error = ev->error;

	if (begat_event_has(ev, BEGAT_F_MISSING))
		return false;
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
	       error == ENODEV || error == ETIMEDOUT || error == ELOOP || error == ENAMETOOLONG ||
	       error == ENOEXEC;
}

static struct open_search **bucket_of(struct begat_searches *s, uint64_t id)
{
	return &s->buckets[(id ^ id >> 20 ^ id >> 40) & (BUCKETS - 1)];
}

BEGAT_API int begat_searches_new(const struct begat_searches_options *opts,
				 struct begat_searches **ret_s)
{
	struct begat_searches *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (!opts_copy(&s->opts, sizeof(s->opts), opts) || !s->opts.callback) {
		free(s);
		return -EINVAL;
	}
	if (!s->opts.open_max)
		s->opts.open_max = 4096;
	if (!s->opts.bytes_max)
		s->opts.bytes_max = 4u << 20;
	*ret_s = s;
	return 0;
}

static void free_search(struct open_search *search)
{
	begat_event_free(search->event);
	free(search->files);
	free(search);
}

BEGAT_API void begat_searches_free(struct begat_searches *s)
{
	while (s && s->oldest) {
		struct open_search *search = s->oldest;

		s->oldest = search->after;
		free_search(search);
	}
	free(s);
}

static void list_remove(struct begat_searches *s, struct open_search *search)
{
	*(search->before ? &search->before->after : &s->oldest) = search->after;
	*(search->after ? &search->after->before : &s->newest) = search->before;
}

static void list_append(struct begat_searches *s, struct open_search *search)
{
	search->before = s->newest;
	search->after = NULL;
	*(s->newest ? &s->newest->after : &s->oldest) = search;
	s->newest = search;
}

/* The event of one attempt becomes that of the search. */
static void sum_up(struct begat_event *ev, uint64_t attempts, uint32_t directories, int error)
{
	uint64_t others = attempts - 1;

	ev->error = error;
	ev->repeats = others < UINT32_MAX ? (uint32_t)others : UINT32_MAX;
	if (others)
		begat_fields_add(&ev->has, BEGAT_F_REPEATS);
	if (directories < 2)
		return;
	ev->searched = directories;
	begat_fields_add(&ev->has, BEGAT_F_SEARCHED);
	ev->filename = base_of(ev->filename);
}

static void end(struct begat_searches *s, struct open_search *search, bool is_found,
		bool is_unfinished)
{
	struct open_search **at = bucket_of(s, search->event->id);
	struct begat_search ended = {
		.event = search->event,
		.attempts = search->attempts,
		.directories = search->files_count,
		.is_found = is_found,
		.is_wanted = search->is_wanted,
		.is_unfinished = is_unfinished,
	};

	while (*at != search)
		at = &(*at)->next_in_bucket;
	*at = search->next_in_bucket;
	list_remove(s, search);
	s->count--;
	s->bytes -= search->bytes;
	search->event->ts_ns = search->last_ts_ns;
	search->event->time_ns = search->last_time_ns;
	sum_up(search->event, search->attempts, search->files_count, search->error);
	s->opts.callback(&ended, s->opts.ctx);
	free_search(search);
}

/* All of a process, in the order of their first attempts: the bucket has the newest first. */
static void end_all_of(struct begat_searches *s, uint64_t id, const struct begat_event *exec)
{
	struct open_search *mine[PER_PROCESS_MAX];
	uint64_t argv_hash = 0, first_hash = 0;
	struct begat_str base = { "", 0 };
	size_t count = 0;

	for (struct open_search *at = *bucket_of(s, id); at; at = at->next_in_bucket)
		if (at->event->id == id && count < PER_PROCESS_MAX)
			mine[count++] = at;
	if (count && exec) {
		base = base_of(filename_of(exec));
		argv_hash = argv_hash_of(exec);
	}
	if (argv_hash && exec->argv.count > 1) {
		size_t zeroth = strnlen(exec->argv.data, exec->argv.bytes) + 1;

		if (zeroth < exec->argv.bytes)
			first_hash = hash_bytes(
				HASH_BEGIN, exec->argv.data + zeroth,
				strnlen(exec->argv.data + zeroth, exec->argv.bytes - zeroth));
	}
	while (count--) {
		struct open_search *search = mine[count];
		bool is_found =
			exec &&
			((base.len && is_equal(base, base_of(filename_of(search->event)))) ||
			 (argv_hash && argv_hash == search->argv_hash) ||
			 (first_hash && search->last_error == ENOEXEC &&
			  first_hash == search->last_file));

		end(s, search, is_found, false);
	}
}

/* Have we met this file? Else it is remembered. */
static void note_file(struct open_search *search, uint64_t file)
{
	search->last_file = file;
	for (uint32_t i = 0; i < search->files_count && i < search->files_room; i++)
		if (search->files[i] == file)
			return;
	if (search->files_count == search->files_room && search->files_room < FILES_MAX) {
		uint32_t room = search->files_room ? 2 * search->files_room : 8;
		uint64_t *files = reallocarray(search->files, room, sizeof(*files));

		if (files) {
			search->files = files;
			search->files_room = room;
		}
	}
	if (search->files_count < search->files_room)
		search->files[search->files_count] = file;
	else if (search->files_room < FILES_MAX && search->files_count)
		return; /* no memory: rather too few than each again */
	search->files_count++;
}

static void note_attempt(struct begat_searches *s, struct open_search *search,
			 const struct begat_event *ev, bool is_wanted, uint64_t now_ns)
{
	struct begat_str filename = filename_of(ev);

	search->attempts += 1 + (begat_event_has(ev, BEGAT_F_REPEATS) ? ev->repeats : 0);
	note_file(search, hash_bytes(HASH_BEGIN, filename.data, filename.len));
	search->last_ts_ns = ev->ts_ns;
	search->last_time_ns = ev->time_ns;
	search->last_ns = now_ns;
	search->is_wanted |= is_wanted;
	search->last_error = ev->error;
	if (search->error != EACCES)
		search->error = ev->error;
	if (s->opts.whole_ns && now_ns - search->first_ns >= s->opts.whole_ns)
		end(s, search, false, true);
}

static struct open_search *find(struct begat_searches *s, const struct begat_event *ev,
				struct begat_str base, struct open_search **ret_oldest)
{
	uint32_t count = 0;

	*ret_oldest = NULL;
	for (struct open_search *at = *bucket_of(s, ev->id); at; at = at->next_in_bucket) {
		if (at->event->id != ev->id)
			continue;
		if (is_equal(base, base_of(filename_of(at->event))))
			return at;
		if (++count == PER_PROCESS_MAX)
			*ret_oldest = at;
	}
	return NULL;
}

/* An argv that is long is kept in part: a search that fails shows its beginning. */
static struct begat_event *keep_event(const struct begat_event *ev, size_t *ret_bytes)
{
	struct begat_event kept = *ev;

	if (begat_event_has(ev, BEGAT_F_ARGV) && kept.argv.bytes > ARGV_KEPT_BYTES) {
		kept.argv.bytes = ARGV_KEPT_BYTES;
		kept.argv.count = 0;
		for (const char *p = kept.argv.data, *end = p + kept.argv.bytes; p < end;
		     p += strnlen(p, (size_t)(end - p)) + 1)
			kept.argv.count++;
		kept.argv_truncated = true;
		begat_fields_add(&kept.has, BEGAT_F_ARGV_TRUNCATED);
	}
	kept.has.bits[BEGAT_F_ENV / 64] &= ~(1ull << (BEGAT_F_ENV % 64));
	*ret_bytes = sizeof(struct open_search) + sizeof(kept) + kept.argv.bytes + 4096;
	return begat_event_dup(&kept);
}

static struct open_search *open_new(struct begat_searches *s, const struct begat_event *ev,
				    uint64_t now_ns)
{
	struct open_search *search = calloc(1, sizeof(*search));
	struct open_search **bucket = bucket_of(s, ev->id);

	if (!search)
		return NULL;
	search->event = keep_event(ev, &search->bytes);
	if (!search->event) {
		free(search);
		return NULL;
	}
	search->argv_hash = argv_hash_of(ev);
	search->first_ns = now_ns;
	while (s->oldest &&
	       (s->count >= s->opts.open_max || s->bytes + search->bytes > s->opts.bytes_max))
		end(s, s->oldest, false, true);
	search->next_in_bucket = *bucket;
	*bucket = search;
	list_append(s, search);
	s->count++;
	s->bytes += search->bytes;
	return search;
}

/* What cannot be put together goes as it is. */
static void pass(struct begat_searches *s, const struct begat_event *ev, bool is_wanted)
{
	struct begat_search alone = {
		.event = ev,
		.attempts = 1 + (begat_event_has(ev, BEGAT_F_REPEATS) ? ev->repeats : 0),
		.directories = 1,
		.is_wanted = is_wanted,
	};

	s->opts.callback(&alone, s->opts.ctx);
}

static void take_failed(struct begat_searches *s, const struct begat_event *ev, bool is_wanted,
			uint64_t now_ns)
{
	struct begat_str base = base_of(filename_of(ev));
	struct open_search *oldest = NULL;
	struct open_search *search = base.len ? find(s, ev, base, &oldest) : NULL;

	if (!goes_on(ev)) {
		if (search)
			end(s, search, true, false);
		pass(s, ev, is_wanted);
		return;
	}
	if (search) {
		list_remove(s, search);
		list_append(s, search);
	} else if (base.len) {
		if (oldest)
			end(s, oldest, false, true);
		search = open_new(s, ev, now_ns);
	}
	if (search)
		note_attempt(s, search, ev, is_wanted, now_ns);
	else
		pass(s, ev, is_wanted);
}

BEGAT_API void begat_searches_take(struct begat_searches *s, const struct begat_event *ev,
				   bool is_wanted, uint64_t now_ns)
{
	begat_searches_settle(s, now_ns);
	if (ev->type == BEGAT_EXEC_FAILED)
		take_failed(s, ev, is_wanted, now_ns);
	else if (s->count && (ev->type == BEGAT_EXEC || ev->type == BEGAT_EXIT))
		end_all_of(s, ev->id, ev->type == BEGAT_EXEC ? ev : NULL);
}

BEGAT_API void begat_searches_settle(struct begat_searches *s, uint64_t now_ns)
{
	while (s->oldest && now_ns >= begat_searches_due_ns(s))
		end(s, s->oldest, false, true);
}

BEGAT_API uint64_t begat_searches_due_ns(const struct begat_searches *s)
{
	return s->oldest && s->opts.quiet_ns ? s->oldest->last_ns + s->opts.quiet_ns : UINT64_MAX;
}

BEGAT_API void begat_searches_finish(struct begat_searches *s)
{
	while (s->oldest)
		end(s, s->oldest, false, true);
}
