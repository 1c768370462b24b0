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
#include "normal.h"

#define KEY_BYTES_MAX 512 /* longer command lines are cut: their starts tell them apart */

void diff_keys_done(struct diff_keys *k)
{
	string_table_done(&k->keys);
	free(k->sums);
	*k = (struct diff_keys){ 0 };
}

/* Takes @key over. NULL without memory. */
static struct diff_sums *find(struct diff_keys *k, char *key, uint32_t trace)
{
	uint32_t number = 0;
	int err = string_table_add(&k->keys, key, strlen(key) + 1, &number);
	size_t row = k->traces * sizeof(*k->sums);

	free(key);
	if (err < 0 || (number > k->count && array_grow(&k->sums, k->count, &k->room, row) < 0))
		return NULL;
	if (number > k->count)
		memset(&k->sums[(size_t)k->count++ * k->traces], 0, row);
	return &k->sums[(size_t)(number - 1) * k->traces + trace];
}

/* What a process is known by. With @argv the whole command line. */
static char *make_key(struct begat_trace *trace, const struct begat_trace_process *p,
		      bool has_arguments)
{
	struct begat_str exe = begat_trace_string(trace, p->exe);
	struct begat_strv argv = begat_trace_strings(trace, p->argv);
	char *key = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&key, &size);

	if (!out)
		return NULL;
	if (exe.len) {
		normal_write(out, exe.data, exe.len);
	} else {
		struct begat_str comm = begat_trace_string(trace, p->comm);

		/* Forked and never became anything else. */
		putc('(', out);
		normal_write(out, comm.data, comm.len);
		putc(')', out);
	}
	if (has_arguments && argv.count) {
		size_t at = strlen(argv.data) + 1;

		for (; at < argv.bytes && ftell(out) < KEY_BYTES_MAX;
		     at += strlen(argv.data + at) + 1) {
			putc(' ', out);
			normal_write(out, argv.data + at, strlen(argv.data + at));
		}
	}
	bool is_short = ferror(out) != 0;

	if (fclose(out) || is_short) {
		free(key);
		return NULL;
	}
	/* A NUL inside cannot be: texts with one are not argv, and exe has none. */
	return key;
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

int diff_collect(struct begat_trace *trace, uint32_t number, struct diff_keys *programs,
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
			char *key;
			struct diff_sums *sums;

			if (!kinds[kind])
				continue;
			key = make_key(trace, p, kind == 1);
			sums = key ? find(kinds[kind], key, number) : NULL;
			if (!sums)
				return -ENOMEM;
			add_process(sums, p);
		}
	}
	/* Not the sum over what ran side by side. */
	ret_total->values[BEGAT_DIFF_WALL] = (double)wall_of(trace, t);
	return begat_trace_check(trace);
}
