/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source/bpf.c - events from BPF programs: attach/, transport/ and decode/ behind one seam.
 *
 * Owns:    joining the three; the order in which they are opened.
 * Not:     settings (bpf_request.c), figures (bpf_stats.c).
 */
#include "source/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define NS_PER_SEC 1000000000ull

static int bpf_new(struct source **ret_source)
{
	struct bpf_source *bpf = calloc(1, sizeof(*bpf));
	const struct view *view;

	if (!bpf)
		return -ENOMEM;
	bpf->probe_ns = clock_boot_ns();
	features_probe(&bpf->features);
	bpf->probe_ns = clock_boot_ns() - bpf->probe_ns;
	view = &bpf->features.view;
	__atomic_store_n(&clock_boot_ahead_ns, view->boot_ahead_ns, __ATOMIC_RELAXED);
	bpf->base.ops = &source_bpf;
	bpf->base.has_our_pids = view->pid_ns == VIEW_INITIAL;
	bpf->base.translates_pids = !bpf->base.has_our_pids && bpf->features.has_task_iterator;
	bpf->base.has_proc = view->has_proc;
	bpf->base.is_proc_ours = !view->proc_levels_up;
	*ret_source = &bpf->base;
	return 0;
}

static int open_transport(void *ctx, struct probes *probes)
{
	struct bpf_source *bpf = ctx;
	struct transport_options opts = {
		.map_fd = probes_records_fd(probes),
		.buffer_bytes = bpf->buffer_bytes,
		.cpus = probes_cpus(probes),
		.wake = (enum config_wake)bpf->opts->latency,
	};

	bpf->transport_ops = probes_transport(probes);
	return bpf->transport_ops->open(&opts, bpf->error, &bpf->transport);
}

static void close_transport(void *ctx)
{
	struct bpf_source *bpf = ctx;

	if (bpf->transport)
		bpf->transport_ops->close(bpf->transport);
	bpf->transport = NULL;
}

static int before_hooks(void *ctx, struct probes *probes)
{
	struct bpf_source *bpf = ctx;

	bpf->probes = probes;
	if (bpf->opts->before_hooks)
		bpf->opts->before_hooks(bpf->opts->ctx, &bpf->base);
	return 0;
}

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

static int open_decoder(struct bpf_source *bpf)
{
	struct decoder_options opts = {
		.boot_salt = boot_salt(),
		.start_unit_ns = 1,
		.cpus = probes_cpus(bpf->probes),
		.env_names = bpf->opts->env_names,
	};

	if (!bpf->features.has_task_iterator)
		opts.start_unit_ns = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	if (!bpf->features.has_boot_clock)
		bpf->clock_offset_ns = clock_boot_ns() - clock_read_ns(CLOCK_MONOTONIC);
	opts.clock_offset_ns = bpf->clock_offset_ns;
	return decoder_new(&opts, &bpf->decoder);
}

static int open_parts(struct bpf_source *bpf)
{
	const struct source_options *opts = bpf->opts;
	struct probes_options probes_opts = {
		.backend = opts->backend,
		.transport = opts->transport,
		.needs_attempts = opts->must_see_failures,
		.buffer_bytes = bpf->buffer_bytes,
		.loaded = open_transport,
		.unloading = close_transport,
		.hooking = before_hooks,
		.ctx = bpf,
	};
	int err = bpf_request(opts, &probes_opts.config, bpf->error);

	if (err)
		return err;
	err = probes_open(&probes_opts, &bpf->features, bpf->error, &bpf->probes);
	features_done(&bpf->features);
	if (err) {
		bpf->probes = NULL; /* which before_hooks() may have set */
		return err;
	}
	err = open_decoder(bpf);
	return err ? error_set(bpf->error, err, "out of memory") : 0;
}

static int bpf_open(struct source *source, const struct source_options *opts, struct error *error)
{
	struct bpf_source *bpf = bpf_source_of(source);
	int err;

	bpf->opts = opts;
	bpf->error = error;
	bpf->buffer_bytes = transport_round(opts->buffer_bytes);
	bpf->follows = opts->follow;
	err = open_parts(bpf);
	bpf->opts = NULL;
	bpf->error = NULL;
	source->is_open = !err;
	return err;
}

static void bpf_close(struct source *source)
{
	struct bpf_source *bpf = bpf_source_of(source);

	close_transport(bpf);
	features_done(&bpf->features);
	probes_close(bpf->probes);
	decoder_free(bpf->decoder);
	free(bpf);
}

static int bpf_watch(struct source *source, int epoll_fd)
{
	struct bpf_source *bpf = bpf_source_of(source);

	return bpf->transport_ops->watch(bpf->transport, epoll_fd);
}

static bool bpf_is_empty(const struct source *source)
{
	const struct bpf_source *bpf = bpf_source_of(source);

	return bpf->transport_ops->is_empty(bpf->transport);
}

static bool bpf_is_held_up(const struct source *source)
{
	const struct bpf_source *bpf = bpf_source_of(source);

	return bpf->transport_ops->is_held_up(bpf->transport);
}

/* Announced first, looked at second: as bpf/emit/send.h has it the other way round. */
static void bpf_pause(struct source *source, uint32_t wakers)
{
	struct bpf_source *bpf = bpf_source_of(source);

	bpf->transport_ops->release(bpf->transport); /* else the descriptor is readable */
	if (wakers)
		__atomic_store_n(&probes_reader(bpf->probes)->sleeping, bpf_classes_of(wakers),
				 __ATOMIC_SEQ_CST);
}

static void bpf_resume(struct source *source)
{
	struct bpf_source *bpf = bpf_source_of(source);

	__atomic_store_n(&probes_reader(bpf->probes)->sleeping, 0, __ATOMIC_RELAXED);
}

static uint32_t hints_of(const struct begat_event *ev, const void *record)
{
	if (ev->type == BEGAT_EXEC)
		return decode_may_dev_differ(record) ? SOURCE_DEV_MAY_DIFFER : 0;
	if (ev->type == BEGAT_EXEC_FAILED)
		return decode_has_reader_root(record) ? SOURCE_READER_ROOT : 0;
	return 0;
}

/* All events of the record, also after the callback has had enough: a loss is several. */
static int handle_record(void *ctx, const void *record, size_t size)
{
	struct bpf_source *bpf = ctx;
	struct begat_event ev;
	int got = decode_record(bpf->decoder, record, size, &ev), err = 0;

	if (got < 0) /* out of memory for a long argv: that argv is cut, the stream goes on */
		bpf->malformed += got != -ENOMEM;
	if (got > 0)
		err = bpf->callback(bpf->ctx, &ev, hints_of(&ev, record));
	while (got > 0 && ev.type == BEGAT_LOST && decode_more(bpf->decoder, &ev)) {
		int stop = bpf->callback(bpf->ctx, &ev, 0);

		err = err ? err : stop;
	}
	return err;
}

static int bpf_drain(struct source *source, int most, source_callback callback, void *ctx)
{
	struct bpf_source *bpf = bpf_source_of(source);

	decoder_set_realtime(bpf->decoder, (int64_t)source->realtime_offset_ns);
	bpf->callback = callback;
	bpf->ctx = ctx;
	return bpf->transport_ops->drain(bpf->transport, most, handle_record, bpf);
}

static void bpf_stop(struct source *source)
{
	struct bpf_source *bpf = bpf_source_of(source);

	probes_stop(bpf->probes); /* at one moment; to detach takes a fifth of a second */
	probes_detach(bpf->probes);
}

/* As if the kernel side had found room for one more REC_LOST on each CPU. */
static int bpf_report_losses(struct source *source, source_callback callback, void *ctx)
{
	struct bpf_source *bpf = bpf_source_of(source);
	int err = 0;

	bpf->callback = callback;
	bpf->ctx = ctx;
	for (uint32_t cpu = 0; cpu < probes_cpus(bpf->probes) && err >= 0; cpu++) {
		const struct cpu_counters *c = probes_counters(bpf->probes, cpu);
		struct rec_lost rec = { .header = { .size = sizeof(rec), .type = REC_LOST } };

		rec.header.ts_ns = clock_boot_ns() - bpf->clock_offset_ns;
		rec.header.seq = __atomic_load_n(&c->seq, __ATOMIC_RELAXED);
		rec.header.cpu = cpu;
		for (int i = 0; i < REC_CLASS_COUNT; i++)
			rec.count[i] = __atomic_load_n(&c->dropped[i], __ATOMIC_RELAXED) -
				       __atomic_load_n(&c->reported[i], __ATOMIC_RELAXED);
		err = handle_record(bpf, &rec, sizeof(rec));
	}
	return err;
}

struct visit {
	source_visitor visit;
	void *ctx;
};

static int visit_task(void *ctx, const void *record, size_t size)
{
	const struct rec_header *header = record;
	const struct rec_snapshot *rec = record;
	const struct rec_snapshot_thread *thread = record;
	const struct visit *visit = ctx;
	struct source_process process;

	if (header->type == REC_SNAPSHOT && size >= sizeof(*rec))
		process = (struct source_process){ .tgid = rec->identity.tgid,
						   .reader_pid = rec->reader_pid,
						   .proc_pid = rec->proc_pid,
						   .is_exiting = rec->flags & REC_SNAPSHOT_EXITING,
						   .is_new = rec->flags & REC_SNAPSHOT_NEW,
						   .is_in_exec = rec->flags & REC_SNAPSHOT_IN_EXEC,
						   .exec_id = rec->exec_id,
						   .start_ns = rec->identity.start_ns,
						   .utime_ns = rec->utime_ns,
						   .stime_ns = rec->stime_ns,
						   .runtime_ns = rec->runtime_ns,
						   .record = record };
	else if (header->type == REC_SNAPSHOT_THREAD && size >= sizeof(*thread))
		process = (struct source_process){ .tgid = thread->tgid,
						   .is_thread = true,
						   .start_ns = thread->start_ns,
						   .utime_ns = thread->utime_ns,
						   .stime_ns = thread->stime_ns,
						   .runtime_ns = thread->runtime_ns };
	else
		return 0;
	return visit->visit(visit->ctx, &process);
}

static int bpf_list(struct source *source, bool with_threads, source_visitor visitor, void *ctx)
{
	struct probes *probes = bpf_source_of(source)->probes;
	struct visit visit = { visitor, ctx };

	return with_threads ? probes_snapshot_threads(probes, visit_task, &visit)
			    : probes_snapshot(probes, visit_task, &visit);
}

static int bpf_describe(struct source *source, const struct source_process *process,
			struct begat_event *ret_ev)
{
	struct bpf_source *bpf = bpf_source_of(source);
	const struct rec_header *header = process->record;
	int got;

	decoder_set_realtime(bpf->decoder, (int64_t)source->realtime_offset_ns);
	got = decode_record(bpf->decoder, header, header->size, ret_ev);
	return got == 1 ? 0 : -EBADMSG;
}

static uint64_t bpf_process_id(const struct source *source, uint32_t tgid, uint64_t start_ns)
{
	return decode_process_id(bpf_source_of(source)->decoder, tgid, start_ns);
}

static int bpf_follow(struct source *source, uint32_t tgid)
{
	return probes_follow(bpf_source_of(source)->probes, tgid, 0);
}

static bool bpf_is_followed(const struct source *source, uint32_t tgid)
{
	return probes_is_followed(bpf_source_of(source)->probes, tgid);
}

static bool bpf_has_exited(const struct source *source, uint32_t tgid, uint64_t start_ns)
{
	return probes_has_exited(bpf_source_of(source)->probes, tgid, start_ns);
}

static int bpf_skip_cgroup(struct source *source, uint64_t cgroup_id)
{
	return probes_skip_cgroup(bpf_source_of(source)->probes, cgroup_id);
}

static void bpf_sweep(struct source *source, uint64_t now_ns)
{
	struct bpf_source *bpf = bpf_source_of(source);

	probes_sweep(bpf->probes, now_ns - bpf->clock_offset_ns);
}

const struct source_ops source_bpf = {
	.name = "bpf",
	.new = bpf_new,
	.open = bpf_open,
	.close = bpf_close,
	.watch = bpf_watch,
	.is_empty = bpf_is_empty,
	.is_held_up = bpf_is_held_up,
	.pause = bpf_pause,
	.resume = bpf_resume,
	.drain = bpf_drain,
	.stop = bpf_stop,
	.report_losses = bpf_report_losses,
	.count_lost = bpf_count_lost,
	.list = bpf_list,
	.describe = bpf_describe,
	.process_id = bpf_process_id,
	.follow = bpf_follow,
	.is_followed = bpf_is_followed,
	.has_exited = bpf_has_exited,
	.skip_cgroup = bpf_skip_cgroup,
	.sweep = bpf_sweep,
	.stats = bpf_stats,
	.stats_cpu = bpf_stats_cpu,
	.stats_program = bpf_stats_program,
	.probe = bpf_probe,
};
