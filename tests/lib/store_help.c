/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/store_help.c - recordings for tests.
 *
 * Owns:    what store_help.h says.
 */
#include "store_help.h"

#include <begat/sink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

int store_capture_event(const struct begat_event *ev, void *ctx)
{
	struct store_capture *c = ctx;

	if (c->count == c->capacity) {
		c->capacity = c->capacity ? c->capacity * 2 : 256;
		c->events = reallocarray(c->events, c->capacity, sizeof(*c->events));
		assert_non_null(c->events);
	}
	c->events[c->count] = begat_event_dup(ev);
	assert_non_null(c->events[c->count++]);
	return 0;
}

void store_capture_done(struct store_capture *c)
{
	for (uint64_t i = 0; i < c->count; i++)
		begat_event_free(c->events[i]);
	free(c->events);
	*c = (struct store_capture){ 0 };
}

char *store_path(const char *name)
{
	const char *folder = getenv("TMPDIR");
	char *path = NULL;

	if (asprintf(&path, "%s/begat-test-%d-%s.db", folder ? folder : "/tmp", (int)getpid(),
		     name) < 0)
		abort();
	unlink(path);
	return path;
}

struct both {
	struct begat_recorder *rec;
	struct store_capture *capture;
};

static int record_event(const struct begat_event *ev, void *ctx)
{
	struct both *both = ctx;

	if (both->capture)
		store_capture_event(ev, both->capture);
	if (begat_recorder_write(both->rec, ev) < 0)
		fail_msg("%s", begat_recorder_error(both->rec));
	return 0;
}

struct begat_recorder_counts store_record_with(const char *path,
					       const struct begat_recorder_options *opts,
					       void (*story)(struct synthetic *s),
					       struct store_capture *before)
{
	struct begat_recorder_counts counts = { .size = sizeof(counts) };
	struct both both = { .capture = before };
	struct synthetic s;

	if (begat_recorder_open(path, opts, &both.rec) < 0)
		fail_msg("%s", begat_recorder_error(both.rec));
	synthetic_init(&s, record_event, &both);
	story(&s);
	if (begat_recorder_finish(both.rec) < 0)
		fail_msg("%s", begat_recorder_error(both.rec));
	begat_recorder_counts(both.rec, &counts);
	begat_recorder_close(both.rec);
	return counts;
}

void store_record(const char *path, void (*story)(struct synthetic *s),
		  struct store_capture *before)
{
	store_record_with(path, NULL, story, before);
}

char *store_json(const struct store_capture *c, size_t *ret_len)
{
	struct begat_sink_options opts = { .size = sizeof(opts),
					   .fd = memfd_create("json", MFD_CLOEXEC) };
	struct begat_sink *sink = NULL;
	struct stat st;
	char *text;

	assert_true(opts.fd >= 0);
	assert_int_equal(begat_sink_open("json", &opts, &sink), 0);
	for (uint64_t i = 0; i < c->count; i++)
		assert_int_equal(begat_sink_write(sink, c->events[i]), 0);
	assert_int_equal(begat_sink_close(sink), 0);
	assert_int_equal(fstat(opts.fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(opts.fd, text, (size_t)st.st_size, 0), st.st_size);
	text[st.st_size] = '\0';
	close(opts.fd);
	*ret_len = (size_t)st.st_size;
	return text;
}

/* The members that JSON does not show, or shows only in part. */
static void compare_members(const struct begat_event *a, const struct begat_event *b, uint64_t n)
{
	if (a->type != b->type || a->has.bits[0] != b->has.bits[0] ||
	    a->has.bits[1] != b->has.bits[1])
		fail_msg("event %llu: type %u fields %llx %llx became type %u fields %llx %llx",
			 (unsigned long long)n, a->type, (unsigned long long)a->has.bits[0],
			 (unsigned long long)a->has.bits[1], b->type,
			 (unsigned long long)b->has.bits[0], (unsigned long long)b->has.bits[1]);
	if (begat_event_has(a, BEGAT_F_ARGV)) {
		assert_int_equal(a->argv.count, b->argv.count);
		assert_int_equal(a->argv.bytes, b->argv.bytes);
		assert_memory_equal(a->argv.data, b->argv.data, a->argv.bytes);
	}
	if (begat_event_has(a, BEGAT_F_ENV)) {
		assert_int_equal(a->env.bytes, b->env.bytes);
		assert_memory_equal(a->env.data, b->env.data, a->env.bytes);
	}
	if (begat_event_has(a, BEGAT_F_CWD)) {
		assert_int_equal(a->cwd.len, b->cwd.len);
		assert_memory_equal(a->cwd.data, b->cwd.data, a->cwd.len);
	}
	if (begat_event_has(a, BEGAT_F_CGROUP))
		assert_int_equal(a->cgroup_id, b->cgroup_id);
	if (begat_event_has(a, BEGAT_F_CLASS))
		assert_int_equal(a->lost_cpu, b->lost_cpu);
	if (begat_event_has(a, BEGAT_F_KILLED_BY)) {
		assert_int_equal(a->killed_by_oom, b->killed_by_oom);
		assert_int_equal(a->killed_by_tgid, b->killed_by_tgid);
	}
}

void store_compare(const struct store_capture *a, const struct store_capture *b)
{
	size_t a_len, b_len, line = 0, start = 0;
	char *left, *right;

	assert_int_equal(a->count, b->count);
	for (uint64_t i = 0; i < a->count; i++)
		compare_members(a->events[i], b->events[i], i);
	left = store_json(a, &a_len);
	right = store_json(b, &b_len);
	for (size_t i = 0; i < a_len || i < b_len; i++) {
		if (i >= a_len || i >= b_len || left[i] != right[i])
			fail_msg("line %zu differs at byte %zu:\n%.*s\n%.*s", line, i - start,
				 (int)strcspn(left + start, "\n"), left + start,
				 (int)strcspn(right + start, "\n"), right + start);
		if (left[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	assert_true(a_len > 0);
	free(left);
	free(right);
}
