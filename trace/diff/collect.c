/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/collect.c - what each program did in one trace.
 *
 * Owns:    the key of a process (normalised), the sums.
 * Not:     comparing (diff.c), conditions (check.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "diff.h"
#include "model/model.h"
#include "normal.h"

#define KEY_BYTES_MAX 512 /* longer command lines are cut: their starts tell them apart */

void diff_keys_done(struct diff_keys *k)
{
	string_table_done(&k->keys);
	bytes_done(&k->key);
	free(k->sums);
	*k = (struct diff_keys){ 0 };
}

/* The sums of @k->key in this trace. NULL without memory. */
static struct diff_sums *find(struct diff_keys *k, uint32_t trace)
{
	uint32_t number = 0;
	int err = string_table_add(&k->keys, k->key.data, k->key.len, &number);
	size_t row = k->traces * sizeof(*k->sums);

	if (err < 0 || (number > k->count && array_grow(&k->sums, k->count, &k->room, row) < 0))
		return NULL;
	if (number > k->count)
		memset(&k->sums[(size_t)k->count++ * k->traces], 0, row);
	return &k->sums[(size_t)(number - 1) * k->traces + trace];
}

/* What a process is known by, as the string @key. With @argv the whole command line. 0 or -ENOMEM. */
static int make_key(struct begat_trace *trace, const struct begat_trace_process *p,
		    bool has_arguments, struct bytes *key)
{
	struct begat_str exe = begat_trace_string(trace, p->exe);
	struct begat_strv argv = begat_trace_strings(trace, p->argv);
	int err;

	key->len = 0;
	if (exe.len) {
		err = normal_write(key, exe.data, exe.len);
	} else {
		struct begat_str comm = begat_trace_string(trace, p->comm);

		/* Forked and never became anything else. */
		err = bytes_add(key, "(", 1);
		if (!err)
			err = normal_write(key, comm.data, comm.len);
		if (!err)
			err = bytes_add(key, ")", 1);
	}
	if (has_arguments && argv.count) {
		size_t at = strlen(argv.data) + 1;

		for (; !err && at < argv.bytes && key->len < KEY_BYTES_MAX;
		     at += strlen(argv.data + at) + 1) {
			err = bytes_add(key, " ", 1);
			if (!err)
				err = normal_write(key, argv.data + at, strlen(argv.data + at));
		}
	}
	/* A NUL inside cannot be: texts with one are not argv, and exe has none. */
	return err ? err : bytes_add(key, "", 1);
}

/* A file may contradict itself. */
static uint64_t life_of(const struct begat_trace_process *p)
{
	return p->end_ns > p->start_ns ? p->end_ns - p->start_ns : 0;
}

static void add_process(struct diff_sums *sums, const struct begat_trace_process *p)
{
	double *v = sums->values;

	v[BEGAT_DIFF_CPU] += (double)(p->utime_ns + p->stime_ns);
	if (p->was_there_before)
		return;
	v[BEGAT_DIFF_COUNT]++;
	v[BEGAT_DIFF_WALL] += (double)life_of(p);
	if ((double)p->max_rss_bytes > v[BEGAT_DIFF_RSS])
		v[BEGAT_DIFF_RSS] = (double)p->max_rss_bytes;
	v[BEGAT_DIFF_READ] += (double)p->read_bytes;
	v[BEGAT_DIFF_WRITE] += (double)p->write_bytes;
	v[BEGAT_DIFF_FAILED] += p->has_status && (p->exit_code || p->signal);
}

/* It was there before, but what it used within the recording is known, and part of it. */
static bool is_known_bystander(struct begat_trace *trace, const struct begat_trace_process *p)
{
	return p->has_cpu && p->has_cpu_before && !begat_trace_meta(trace, "command");
}

/*
 * The time that passed, as a report tells it: the life of the recorded command; for a whole machine
 * the time that was recorded, in old recordings from the first start to the last end.
 * docs/analysis.md
 */
static uint64_t wall_of(struct begat_trace *trace, const struct begat_trace_table *t)
{
	const struct begat_trace_process *top = NULL;
	uint64_t begin_ns = UINT64_MAX, end_ns = 0;
	size_t tops = 0;
	bool has_command = begat_trace_meta(trace, "command");

	if (t->usage_end_ns && !has_command)
		return t->last_ns - (t->usage_begin_ns && t->usage_begin_ns < t->first_ns
					     ? t->usage_begin_ns
					     : t->first_ns);
	for (uint32_t i = 0; i < t->processes_count; i++) {
		const struct begat_trace_process *p = &t->processes[i];

		if (p->was_there_before)
			continue;
		if (p->start_ns < begin_ns)
			begin_ns = p->start_ns;
		if (p->end_ns > end_ns)
			end_ns = p->end_ns;
		if (p->parent != BEGAT_TRACE_NONE && !t->processes[p->parent].was_there_before)
			continue;
		if (!top || p->start_ns < top->start_ns)
			top = p;
		tops++;
	}
	if (top && (tops == 1 || has_command))
		return life_of(top);
	return end_ns > begin_ns ? end_ns - begin_ns : 0;
}

static int collect(struct begat_trace *trace, uint32_t number, struct diff_keys *programs,
		   struct diff_keys *commands, struct diff_sums *ret_total)
{
	const struct begat_trace_table *t;
	struct diff_keys *kinds[2] = { programs, commands };
	int err = begat_trace_load(trace, &t);

	if (err < 0)
		return err;
	*ret_total = (struct diff_sums){ 0 };
	for (uint32_t i = 0; i < t->processes_count; i++) {
		const struct begat_trace_process *p = &t->processes[i];

		/* Who only stood by is no part of what was recorded. */
		if (p->was_there_before && !is_known_bystander(trace, p))
			continue;
		add_process(ret_total, p);
		for (int kind = 0; kind < 2; kind++) {
			struct diff_sums *sums = NULL;

			if (!kinds[kind])
				continue;
			if (!make_key(trace, p, kind == 1, &kinds[kind]->key))
				sums = find(kinds[kind], number);
			if (!sums)
				return -ENOMEM;
			add_process(sums, p);
		}
	}
	/* Not the sum over what ran side by side. */
	ret_total->values[BEGAT_DIFF_WALL] = (double)wall_of(trace, t);
	return begat_trace_check(trace);
}

/* Recordings are compared by the dozen: each is in memory only while it is read. */
int diff_collect(struct begat_trace *trace, uint32_t number, struct diff_keys *programs,
		 struct diff_keys *commands, struct diff_sums *ret_total)
{
	bool was_loaded = model_is_loaded(trace);
	int err = collect(trace, number, programs, commands, ret_total);

	if (!was_loaded)
		model_unload(trace);
	return err;
}
