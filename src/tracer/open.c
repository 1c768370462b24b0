/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/open.c - from options to an open tracer.
 *
 * Owns: checking options, demand (what nobody asks for is not captured), the order of opening:
 * the source, then the snapshot, so that nothing falls between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/api.h"
#include "base/opts.h"
#include "tracer/pids.h"
#include "tracer/start.h"
#include "tracer/tracer.h"

#define BUFFER_BYTES (8u << 20)
#define BUFFER_BYTES_MIN (4u << 10)
#define BUFFER_BYTES_MAX (1u << 30)
#define WINDOW_NS 10000000ull
#define FORKS_MARGIN_NS 1000000ull /* for the comparison of two clocks' readings */
#define LINGER_NS 1000000000ull

static int check_options(struct begat *b, const struct begat_options *opts)
{
	if (opts->events & ~BEGAT_EVENTS_ALL)
		return error_set(&b->error, -EINVAL, "begat_open: unknown event types");
	if (opts->latency > BEGAT_BATCH)
		return error_set(&b->error, -EINVAL, "begat_open: unknown latency mode");
	if (opts->buffer_bytes &&
	    (opts->buffer_bytes < BUFFER_BYTES_MIN || opts->buffer_bytes > BUFFER_BYTES_MAX))
		return error_set(&b->error, -EINVAL,
				 "a buffer of %zu bytes is out of range: from 4 KiB to 1 GiB",
				 opts->buffer_bytes);
	if (opts->uids_count > SOURCE_IDS_MAX)
		return error_set(&b->error, -EINVAL, "at most %d users can be given",
				 SOURCE_IDS_MAX);
	for (size_t i = 0; i < opts->pids_count; i++)
		if (begat_process_of(opts->pids[i]) < 0)
			return error_set(&b->error, -ESRCH,
					 "there is no process %d: see ps for those that run",
					 (int)opts->pids[i]);
	return 0;
}

/* As the events say it: what begat reports can be asked for. */
static bool is_container(const char *path, const char *id)
{
	struct begat_str cgroup = { path, strlen(path) };
	struct begat_event ev = { .size = sizeof(ev) };
	char buf[ENRICH_CONTAINER_BYTES];

	return enrich_container(&cgroup, &ev, buf, sizeof(buf)) &&
	       begat_event_has(&ev, BEGAT_F_CONTAINER_ID) && !strcmp(ev.container_id.data, id);
}

static int copy_names(const char *const *names, char ***ret)
{
	size_t count = 0;

	while (names[count])
		count++;
	*ret = calloc(count + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < count; i++) {
		(*ret)[i] = strdup(names[i]);
		if (!(*ret)[i])
			return -ENOMEM;
	}
	return *ret ? 0 : -ENOMEM;
}

static void choose_fields(struct begat *b, const struct begat_options *opts)
{
	struct begat_fields none = { 0 };

	b->fields = opts->fields;
	if (!memcmp(&b->fields, &none, sizeof(none)))
		for (int field = 0; field < BEGAT_FIELD_COUNT; field++)
			if (field < BEGAT_F_ENV || field > BEGAT_F_ENV_TRUNCATED)
				begat_fields_add(&b->fields, field);
	if (b->where)
		begat_filter_fields(b->where, &b->fields);
	for (int field = BEGAT_F_ENV; opts->env && field <= BEGAT_F_ENV_TRUNCATED; field++)
		begat_fields_add(&b->fields, field);
	b->shown = b->fields;
	for (int field = BEGAT_F_EVENT; field <= BEGAT_F_COMM; field++)
		begat_fields_add(&b->shown, field);
	begat_fields_add(&b->shown, BEGAT_F_SYNTHETIC);
	begat_fields_add(&b->shown, BEGAT_F_COUNT);
	begat_fields_add(&b->shown, BEGAT_F_CLASS);
}

static int copy_pids(struct begat *b, const pid_t *pids, size_t count)
{
	if (!count)
		return 0;
	b->pids = calloc(count, sizeof(*b->pids));
	if (!b->pids)
		return -ENOMEM;
	memcpy(b->pids, pids, count * sizeof(*b->pids));
	b->pids_count = count;
	return 0;
}

static int take_options(struct begat *b, const struct begat_options *opts)
{
	b->is_pulled = !opts->callback;
	b->callback = b->is_pulled ? next_keep : opts->callback;
	b->ctx = b->is_pulled ? b : opts->ctx;
	b->mode = opts->latency;
	/* The caller may free its own. */
	b->where = begat_filter_ref(opts->where);
	pids_resolve_threads((struct begat_filter *)b->where);
	b->coalesces = opts->fold_failures;
	b->coalescer.is_batch = b->mode == BEGAT_BATCH;
	b->follow = opts->follow || opts->pids_count;
	b->window_ns = opts->short_lived_window_ns ? opts->short_lived_window_ns : WINDOW_NS;
	b->events =
		opts->events ? opts->events : BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	b->snapshot_due = b->events & BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	choose_fields(b, opts);
	if (opts->env == BEGAT_ENV_NAMES && opts->env_names &&
	    copy_names(opts->env_names, &b->env_names))
		return -ENOMEM;
	if (opts->redact) {
		int err = begat_redactor_new(opts->redact_patterns, &b->redactor, b->error.text,
					     sizeof(b->error.text));

		if (err)
			return err;
	}
	return copy_pids(b, opts->pids, opts->pids_count);
}

/* What the source is asked for: what the options say, and what the filter lets it leave out. */
static int plan_source(struct begat *b, const struct begat_options *opts,
		       struct source_options *plan)
{
	const uint32_t seen = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			      BEGAT_EVENT_BIT(BEGAT_EXIT) | BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	pid_t roots[SOURCE_IDS_MAX];

	*plan = (struct source_options){
		.backend = opts->backend,
		.transport = opts->transport,
		.latency = b->mode,
		.buffer_bytes = opts->buffer_bytes ? opts->buffer_bytes : BUFFER_BYTES,
		.short_lived_window_ns = b->window_ns,
		.max_args_bytes = opts->max_args_bytes ? opts->max_args_bytes : UINT32_MAX,
		.fields = b->fields,
		.env_names = (const char *const *)b->env_names,
		.must_see_failures = opts->needs_failures ||
				     (opts->events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) &&
				      !(opts->events & seen)),
		.follow = b->follow,
		.uids_count = opts->uids_count,
		.cgroups = opts->cgroups,
		.is_container = is_container,
		.before_hooks = opts->reads_usage ? usage_note : NULL,
		.ctx = b,
	};
	for (size_t i = 0; i < opts->uids_count; i++)
		plan->uids[i] = opts->uids[i];
	pushdown_plan(&b->pushdown, b->where, b->events, b->source->translates_pids, plan);
	b->has_table = b->pushdown.has_table;
	b->follow = plan->follow;
	for (uint32_t i = 0; i < plan->roots_count; i++)
		roots[i] = (pid_t)plan->roots[i];
	return copy_pids(b, roots, plan->roots_count);
}

static void set_scope(struct begat *b, const struct source_options *plan)
{
	b->scope = (struct scope){ .source = b->source,
				   .table = b->table,
				   .is_tree = b->follow,
				   .is_of_cgroups = plan->cgroups,
				   .uids_count = plan->uids_count };
	memcpy(b->scope.uids, plan->uids, sizeof(b->scope.uids));
}

static int open_source(struct begat *b, const struct begat_options *opts,
		       struct source_options *plan)
{
	struct stat pid_ns;
	int err = source_best()->new (&b->source);

	if (!err && !stat("/proc/self/ns/pid", &pid_ns))
		b->own_pid_ns = (uint32_t)pid_ns.st_ino;
	if (!err)
		err = plan_source(b, opts, plan);
	if (err)
		return error_set(&b->error, err, "out of memory");
	err = b->source->ops->open(b->source, plan, &b->error);
	return err ? err
		   : waiter_open(&b->waiter, b->source, b->mode, b->pushdown.delivered, &b->error);
}

/* The trees of b->pids, as far as they have grown. */
static int follow_trees(struct begat *b)
{
	for (size_t i = 0; i < b->pids_count; i++) {
		int err = begat_follow(b, b->pids[i]);

		if (err == -ESRCH && b->pushdown.has_roots) /* it may start later */
			err = error_set(&b->error, 0, "%s", "");
		if (err)
			return err;
	}
	return b->pids_count ? start_follow_trees(&b->processes) : 0;
}

/* Hooks are in; now what was there before, so that nothing falls between. */
static int take_stock(struct begat *b)
{
	bool has_doubtful = false;
	int err = follow_trees(b);

	b->processes.complete_ns = clock_boot_ns();
	if (!b->follow && !b->scope.uids_count && !b->scope.is_of_cgroups)
		/* else some forks are not meant to come */
		proctable_expect_forks(b->table, b->processes.complete_ns + FORKS_MARGIN_NS);
	if (!err)
		err = start_snapshot(&b->processes, &b->scope, NULL, &has_doubtful);
	resync_note_doubtful(&b->resync, has_doubtful);
	if (err && !b->error.text[0])
		error_set(&b->error, err, "cannot list the processes that run: %s", strerror(-err));
	return err;
}

static int open_parts(struct begat *b, const struct begat_options *opts)
{
	struct source_options plan;
	int err = open_source(b, opts, &plan);

	if (err)
		return err;
	b->started_ns = clock_boot_ns();
	err = proctable_new(LINGER_NS, &b->table);
	if (err)
		return error_set(&b->error, err, "out of memory");
	b->lineage = (struct begat_lineage){ proctable_find_ancestor, b->table };
	b->processes = (struct processes){ .source = b->source, .table = b->table };
	set_scope(b, &plan);
	tracer_join_parts(b);
	pids_translate_filter((struct begat_filter *)b->where, b->source);
	return take_stock(b);
}

BEGAT_API int begat_open(const struct begat_options *opts, struct begat **ret_b)
{
	struct begat *b = calloc(1, sizeof(*b));
	struct begat_options copy = { 0 };
	int err;

	*ret_b = b;
	if (!b)
		return -ENOMEM;
	waiter_init(&b->waiter);
	b->missing.root_fd = -1;
	if (!opts_copy(&copy, sizeof(copy), opts))
		return error_set(&b->error, -EINVAL,
				 "begat_open: options.size is wrong, or a member is set that this "
				 "version of the library does not know: set it to sizeof(struct "
				 "begat_options)");
	err = check_options(b, &copy);
	if (err)
		return err;
	err = take_options(b, &copy);
	if (err)
		return err == -ENOMEM ? error_set(&b->error, err, "out of memory") : err;
	err = open_parts(b, &copy);
	if (!err) {
		error_clear(&b->error);
		tracer_leave(b);
	}
	return err;
}

BEGAT_API int begat_follow(struct begat *b, pid_t pid)
{
	uint32_t tgid;
	int err;

	error_clear(&b->error);
	if (!b->follow || !source_is_open(b->source))
		return error_set(&b->error, -EINVAL,
				 "begat_follow: the tracer was not opened with follow");
	err = pids_find(b->source, pid, &tgid);
	if (err == -ESRCH)
		return error_set(&b->error, err, "there is no process %d", (int)pid);
	if (!err)
		err = b->source->ops->follow(b->source, tgid);
	return err ? error_set(&b->error, err, "cannot follow process %d: %s", (int)pid,
			       strerror(-err))
		   : 0;
}

BEGAT_API int begat_translate_pid(struct begat *b, pid_t pid, uint32_t *ret_tgid)
{
	int err = source_is_open(b->source) ? pids_find(b->source, pid, ret_tgid) : -ESRCH;

	error_clear(&b->error);
	return err ? error_set(&b->error, err, "there is no process %d", (int)pid) : 0;
}

BEGAT_API void begat_close(struct begat *b)
{
	if (!b)
		return;
	if (b->source)
		b->source->ops->close(b->source);
	waiter_close(&b->waiter);
	enrich_missing_done(&b->missing);
	next_close(&b->pulled);
	begat_filter_free((struct begat_filter *)b->where);
	proctable_free(b->table);
	begat_event_free(coalescer_flush(&b->coalescer));
	usage_drop(b->first_usage);
	begat_redactor_free(b->redactor);
	for (char **name = b->env_names; name && *name; name++)
		free(*name);
	free(b->env_names);
	free(b->pids);
	free(b);
}

BEGAT_API uint64_t begat_now_ns(void)
{
	return clock_boot_ns();
}

BEGAT_API const char *begat_version(void)
{
	return BEGAT_VERSION;
}
