/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/open.c - from options to an open tracer.
 *
 * Owns: checking options, demand (what nobody asks for is not captured), the order of opening:
 * hooks in, then transport, then the snapshot, so that nothing falls between.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/cgroups.h"
#include "base/api.h"
#include "base/hash.h"
#include "base/opts.h"
#include "enrich/enrich.h"
#include "tracer/tracer.h"

#define BUFFER_BYTES (8u << 20)
#define BUFFER_BYTES_MIN (4u << 10)
#define BUFFER_BYTES_MAX (1u << 30)
#define WINDOW_NS 10000000ull
#define FORKS_MARGIN_NS 1000000ull /* for the comparison of two clocks' readings */
#define LINGER_NS 1000000000ull

_Static_assert(BEGAT_BALANCED == (int)CONFIG_WAKE_SLEEPER && BEGAT_LOW == (int)CONFIG_WAKE_NEVER &&
		       BEGAT_BATCH == (int)CONFIG_WAKE_VOLUME,
	       "a latency is the way of waking that it asks for");

static uint64_t boot_salt(void)
{
	char id[64];
	ssize_t n;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? 0 : read(fd, id, sizeof(id));
	if (fd >= 0)
		close(fd);
	return hash_bytes(HASH_BEGIN, id, n > 0 ? (size_t)n : 0);
}

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
	if (opts->uids_count > CONFIG_UIDS_MAX)
		return error_set(&b->error, -EINVAL, "at most %d users can be given",
				 CONFIG_UIDS_MAX);
	for (size_t i = 0; i < opts->pids_count; i++)
		if (begat_process_of(opts->pids[i]) < 0)
			return error_set(&b->error, -ESRCH,
					 "there is no process %d: see ps for those that run",
					 (int)opts->pids[i]);
	return 0;
}

static bool wants(const struct begat *b, enum begat_field first, enum begat_field last)
{
	for (int field = first; field <= (int)last; field++)
		if (begat_fields_has(&b->fields, field))
			return true;
	return false;
}

static uint32_t demand(const struct begat *b)
{
	uint32_t want = 0;

	if (wants(b, BEGAT_F_NS, BEGAT_F_NS))
		want |= CONFIG_WANT_NS;
	if (wants(b, BEGAT_F_CGROUP, BEGAT_F_POD_UID))
		want |= CONFIG_WANT_CGROUP;
	if (wants(b, BEGAT_F_LOGINUID, BEGAT_F_TTY))
		want |= CONFIG_WANT_IDS;
	if (wants(b, BEGAT_F_PIDS, BEGAT_F_PIDS))
		want |= CONFIG_WANT_PIDS;
	if (wants(b, BEGAT_F_EXE, BEGAT_F_EXE) || wants(b, BEGAT_F_DEV, BEGAT_F_INODE) ||
	    wants(b, BEGAT_F_FS_DEV, BEGAT_F_FS_DEV))
		want |= CONFIG_WANT_EXE;
	if (wants(b, BEGAT_F_CWD, BEGAT_F_CWD))
		want |= CONFIG_WANT_CWD | CONFIG_WANT_FOLDER;
	if (wants(b, BEGAT_F_FD_PATH, BEGAT_F_MISSING))
		want |= CONFIG_WANT_FOLDER;
	if (wants(b, BEGAT_F_ARGV, BEGAT_F_ARGV_TRUNCATED))
		want |= CONFIG_WANT_ARGV;
	if (wants(b, BEGAT_F_ENV, BEGAT_F_ENV_TRUNCATED))
		want |= CONFIG_WANT_ENV;
	if (wants(b, BEGAT_F_UTIME, BEGAT_F_CHILDREN_MAX_RSS))
		want |= CONFIG_WANT_USAGE;
	if (wants(b, BEGAT_F_KILLED_BY, BEGAT_F_KILLED_BY))
		want |= CONFIG_WANT_KILLER;
	return want;
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

static int fill_config(struct begat *b, const struct begat_options *opts, struct bpf_config *config)
{
	int err = 0;

	config->short_lived_window_ns = b->window_ns;
	config->max_args_bytes = opts->max_args_bytes ? opts->max_args_bytes : UINT32_MAX;
	config->wake = (uint32_t)b->mode;
	config->want = demand(b);
	if (opts->uids_count) {
		config->admit |= CONFIG_ADMIT_UID;
		config->uid_count = opts->uids_count;
		memcpy(config->uids, opts->uids, opts->uids_count * sizeof(*opts->uids));
	}
	if (opts->cgroups) {
		config->admit |= CONFIG_ADMIT_CGROUP;
		err = cgroups_resolve(opts->cgroups, is_container, config, &b->error);
	}
	if (!err)
		err = push_filter(b, config);
	if (b->follow)
		config->admit |= CONFIG_ADMIT_TREE;
	b->admit = config->admit;
	b->uids_count = config->uid_count;
	memcpy(b->uids, config->uids, sizeof(b->uids));
	return err;
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

static int take_options(struct begat *b, const struct begat_options *opts)
{
	struct begat_fields none = { 0 };

	b->is_pulled = !opts->callback;
	b->callback = b->is_pulled ? next_keep : opts->callback;
	b->ctx = b->is_pulled ? b : opts->ctx;
	b->mode = opts->latency;
	/* The caller may free its own. */
	b->where = begat_filter_ref(opts->where);
	pids_resolve_threads(b);
	b->fold_failures = opts->fold_failures;
	b->follow = opts->follow || opts->pids_count;
	b->window_ns = opts->short_lived_window_ns ? opts->short_lived_window_ns : WINDOW_NS;
	b->events =
		opts->events ? opts->events : BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	b->snapshot_due = b->events & BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
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
	if (opts->env == BEGAT_ENV_NAMES && opts->env_names &&
	    copy_names(opts->env_names, &b->env_names))
		return -ENOMEM;
	if (opts->redact) {
		int err = begat_redactor_new(opts->redact_patterns, &b->redactor, b->error.text,
					     sizeof(b->error.text));

		if (err)
			return err;
	}
	if (opts->pids_count) {
		b->pids = calloc(opts->pids_count, sizeof(*b->pids));
		if (!b->pids)
			return -ENOMEM;
		memcpy(b->pids, opts->pids, opts->pids_count * sizeof(*b->pids));
		b->pids_count = opts->pids_count;
	}
	return 0;
}

static int open_decoder(struct begat *b)
{
	struct decoder_options opts = {
		.boot_salt = boot_salt(),
		.start_unit_ns = 1,
		.cpus = probes_cpus(b->probes),
		.env_names = (const char *const *)b->env_names,
	};

	if (!b->features.has_task_iterator)
		opts.start_unit_ns = 1000000000ull / sysconf(_SC_CLK_TCK);
	if (!b->features.has_boot_clock)
		b->clock_offset_ns = tracer_now_ns() - clock_read_ns(CLOCK_MONOTONIC);
	opts.clock_offset_ns = b->clock_offset_ns;
	return decoder_new(&opts, &b->decoder);
}

static int open_transport(void *ctx, struct probes *probes)
{
	struct begat *b = ctx;
	struct transport_options opts = {
		.map_fd = probes_records_fd(probes),
		.buffer_bytes = b->buffer_bytes,
		.cpus = probes_cpus(probes),
		.wake = (enum config_wake)b->mode,
	};

	b->transport_ops = probes_transport(probes);
	return b->transport_ops->open(&opts, &b->error, &b->transport);
}

static void close_transport(void *ctx)
{
	struct begat *b = ctx;

	if (b->transport)
		b->transport_ops->close(b->transport);
	b->transport = NULL;
}

static int open_parts(struct begat *b, const struct begat_options *opts)
{
	const uint32_t seen = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			      BEGAT_EVENT_BIT(BEGAT_EXIT) | BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	struct probes_options probes_opts = {
		.backend = opts->backend,
		.transport = opts->transport,
		.needs_attempts = opts->needs_failures ||
				  (opts->events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) &&
				   !(opts->events & seen)),
		.loaded = open_transport,
		.unloading = close_transport,
		.hooking = opts->reads_usage ? usage_note : NULL,
		.ctx = b,
	};
	struct stat pid_ns;
	int err;

	features_probe(&b->features);
	if (!stat("/proc/self/ns/pid", &pid_ns))
		b->own_pid_ns = (uint32_t)pid_ns.st_ino;
	__atomic_store_n(&clock_boot_ahead_ns, b->features.view.boot_ahead_ns, __ATOMIC_RELAXED);
	err = fill_config(b, opts, &probes_opts.config);
	if (err)
		return err;
	b->buffer_bytes = transport_round(opts->buffer_bytes ? opts->buffer_bytes : BUFFER_BYTES);
	probes_opts.buffer_bytes = b->buffer_bytes;
	err = probes_open(&probes_opts, &b->features, &b->error, &b->probes);
	if (!err)
		err = wait_open(b);
	if (err)
		return err;
	b->started_ns = tracer_now_ns();
	err = open_decoder(b);
	if (!err)
		err = proctable_new(LINGER_NS, &b->table);
	if (err)
		return error_set(&b->error, err, "out of memory");
	b->lineage = (struct begat_lineage){ proctable_find_forebear, b->table };
	pids_translate_filter(b);
	if (b->pids_count)
		err = heal_follow_trees(b);
	b->complete_ns = tracer_now_ns();
	if (!b->admit) /* else some forks are not meant to come */
		proctable_expect_forks(b->table, b->complete_ns + FORKS_MARGIN_NS);
	if (!err)
		err = heal_snapshot(b, false);
	if (err && !b->error.text[0])
		error_set(&b->error, err, "cannot list the processes that run: %s", strerror(-err));
	return err;
}

BEGAT_API int begat_open(const struct begat_options *opts, struct begat **ret_b)
{
	struct begat *b = calloc(1, sizeof(*b));
	struct begat_options copy = { 0 };
	int err;

	*ret_b = b;
	if (!b)
		return -ENOMEM;
	b->epoll_fd = b->timer_fd = b->always_fd = b->loadavg_fd = -1;
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
		wait_leave(b);
	}
	return err;
}

BEGAT_API int begat_follow(struct begat *b, pid_t pid)
{
	uint32_t tgid;
	int err;

	error_clear(&b->error);
	if (!b->follow || !b->probes)
		return error_set(&b->error, -EINVAL,
				 "begat_follow: the tracer was not opened with follow");
	err = pids_find(b, pid, &tgid);
	if (err == -ESRCH)
		return error_set(&b->error, err, "there is no process %d", (int)pid);
	if (!err)
		err = probes_follow(b->probes, tgid, 0);
	return err ? error_set(&b->error, err, "cannot follow process %d: %s", (int)pid,
			       strerror(-err))
		   : 0;
}

BEGAT_API void begat_close(struct begat *b)
{
	if (!b)
		return;
	close_transport(b);
	wait_close(b);
	enrich_missing_done(&b->missing);
	next_close(&b->pulled);
	begat_filter_free((struct begat_filter *)b->where);
	probes_close(b->probes);
	proctable_free(b->table);
	decoder_free(b->decoder);
	begat_event_free(b->held);
	usage_drop(b);
	begat_redactor_free(b->redactor);
	for (char **name = b->env_names; name && *name; name++)
		free(*name);
	free(b->env_names);
	free(b->pids);
	free(b);
}

BEGAT_API uint64_t begat_now_ns(void)
{
	return tracer_now_ns();
}

BEGAT_API const char *begat_version(void)
{
	return BEGAT_VERSION;
}
