/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/recorder.c - a recording while something else captures.
 *
 * Owns:  the writing thread: it pops, writes, commits in time, and goes on counting after a
 *        failure so that the capture never waits for a disk.
 *
 * Invariants
 *  (1) recorder_add() neither blocks nor allocates.
 *  (2) Between recorder_start() and recorder_close() only the thread touches the file.
 *  (3) A failure is reported once, by the thread and at once: a recording may go on for days.
 */
#include "recorder.h"

#include <begat/sink.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli.h"
#include "options.h"
#include "rights.h"
#include "status_line.h"

#define TICK_MS 50 /* half of a batch's time */

struct recorder {
	struct begat_recorder *file;
	uint32_t keep; /* of earlier parts; 0 = all */
	struct begat_queue *queue;
	pthread_t thread;
	sem_t go; /* what the thread waits for before it touches the file */
	bool has_thread, is_running;
	atomic_bool has_failed;
	/* For a status line: asked for by the capture, answered by the thread. */
	atomic_bool is_asked;
	_Atomic uint64_t events, bytes, lost;
	/* Set by the capturing thread, cleared by the other. */
	atomic_bool wants_part, wants_status;
	pthread_mutex_t lock; /* for name; held for a moment only */
	char name[512]; /* of the file that is written, safe to print */
	uint64_t begun_ns; /* CLOCK_BOOTTIME */
	const struct begat *begat;
	struct begat_usage *usage; /* what the last part that ended got */
	_Atomic(struct begat_usage *) last; /* what the end of the recording gets */
	char *path;
};

static void complain_of(const struct recorder *r)
{
	char safe[1024];

	cli_complain("%s.", cli_safe(safe, sizeof(safe), begat_recorder_error(r->file)));
}

static void free_recorder(struct recorder *r)
{
	/* It waits in vain: is_running says that there is nothing to do. */
	if (r->has_thread && !r->is_running) {
		sem_post(&r->go);
		pthread_join(r->thread, NULL);
	}
	sem_destroy(&r->go);
	begat_recorder_close(r->file);
	begat_queue_free(r->queue);
	begat_usage_free(r->usage);
	begat_usage_free(atomic_load(&r->last));
	free(r->path);
	free(r);
}

/*
 * For the end of a part, on the writing thread. Once the capture nears its end the tracer goes, and
 * what was read then holds for whatever is still to be written.
 */
static const struct begat_usage *read_usage(void *ctx)
{
	struct recorder *r = ctx;
	struct begat_usage *last = atomic_load(&r->last);

	if (last)
		return last;
	begat_usage_free(r->usage);
	r->usage = NULL;
	return begat_usage_read(r->begat, &r->usage) ? NULL : r->usage;
}

/* @event's argv as an array, each string where it is in the event. NULL: no memory. */
static const char **array_of(const struct begat_event *event)
{
	const char **array = calloc(event->argv.count + 1, sizeof(*array));
	const char *at = event->argv.data;

	for (size_t i = 0; array && i < event->argv.count; i++, at += strlen(at) + 1)
		array[i] = at;
	return array;
}

/* The command line is an argv as any other: what is hidden in the events is hidden there too. */
static int open_file(struct recorder *r, const struct options *options,
		     const struct begat_recorder_options *opts)
{
	struct begat_recorder_options redacted = *opts, asked = *opts;
	struct begat_redactor *redactor = NULL;
	struct begat_event event = { .size = sizeof(event), .type = BEGAT_EXEC };
	const struct begat_event *shown;
	const char **command = NULL;
	size_t bytes = 0;
	char *joined;

	asked.read_usage = redacted.read_usage = read_usage;
	asked.ctx = redacted.ctx = r;
	if (!options->redact || !opts->command)
		return begat_recorder_open(r->path, &asked, &r->file);
	for (const char *const *arg = opts->command; *arg; arg++, event.argv.count++)
		bytes += strlen(*arg) + 1;
	joined = malloc(bytes + 1);
	for (const char *const *arg = opts->command; joined && *arg; arg++) {
		size_t len = strlen(*arg) + 1;

		memcpy(joined + event.argv.bytes, *arg, len);
		event.argv.bytes += len;
	}
	event.argv.data = joined;
	begat_fields_add(&event.has, BEGAT_F_ARGV);

	int err = joined ? begat_redactor_new((const char *const *)options->redact_patterns,
					      &redactor, NULL, 0)
			 : -ENOMEM;

	shown = err ? NULL : begat_redact(redactor, &event);
	command = shown ? array_of(shown) : NULL;
	redacted.command = command;
	err = command ? begat_recorder_open(r->path, &redacted, &r->file) : -ENOMEM;
	free(command);
	begat_redactor_free(redactor);
	free(joined);
	return err;
}

static void note_name(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	cli_safe(r->name, sizeof(r->name), begat_recorder_path(r->file));
	pthread_mutex_unlock(&r->lock);
}

void recorder_name(struct recorder *r, char *out, size_t size)
{
	pthread_mutex_lock(&r->lock);
	snprintf(out, size, "%s", r->name);
	pthread_mutex_unlock(&r->lock);
}

static void answer(struct recorder *r)
{
	struct begat_recorder_counts counts = { .size = sizeof(counts) };

	if (!atomic_load_explicit(&r->is_asked, memory_order_relaxed))
		return;
	atomic_store(&r->is_asked, false);
	begat_recorder_counts(r->file, &counts);
	atomic_store(&r->events, counts.events);
	atomic_store(&r->bytes, counts.bytes);
	atomic_store(&r->lost, counts.lost);
	note_name(r);
}

void recorder_progress(struct recorder *r, struct status_counts *ret_counts)
{
	ret_counts->events = atomic_load(&r->events);
	ret_counts->bytes = atomic_load(&r->bytes);
	ret_counts->lost = atomic_load(&r->lost);
	atomic_store(&r->is_asked, true);
}

static void say_status(const struct recorder *r)
{
	struct begat_recorder_counts c = { .size = sizeof(c) };
	char size[UNITS_BYTES], events[UNITS_BYTES], processes[UNITS_BYTES], lost[UNITS_BYTES];
	char age[UNITS_BYTES], part[32] = "", safe[512];

	begat_recorder_counts(r->file, &c);
	if (c.parts)
		snprintf(part, sizeof(part), "part %u, ", c.parts + 1);
	cli_complain("recording for %s into %s (%s%s): %s events, %s processes, %s lost.",
		     units_duration(age, clock_read_ns(CLOCK_BOOTTIME) - r->begun_ns),
		     cli_safe(safe, sizeof(safe), begat_recorder_path(r->file)), part,
		     units_size(size, c.bytes), units_count(events, c.events),
		     units_count(processes, c.processes), units_count(lost, c.lost));
}

/* What the capturing thread has asked for. 0 or a negative errno. */
static int serve(struct recorder *r)
{
	int err = 0;

	if (atomic_exchange(&r->wants_part, false))
		err = begat_recorder_rotate(r->file);
	if (atomic_exchange(&r->wants_status, false))
		say_status(r);
	return err;
}

static void *write_events(void *ctx)
{
	struct recorder *r = ctx;
	bool is_closed = false;

	rights_drop();
	pthread_setname_np(pthread_self(), "begat-record");
	while (sem_wait(&r->go) < 0)
		; /* a signal */
	if (!r->is_running)
		return NULL;

	while (!is_closed) {
		const struct begat_event *ev = begat_queue_pop(r->queue, TICK_MS, &is_closed);

		/* A failure stays in r->file; later events are counted there. */
		int err = ev ? begat_recorder_write(r->file, ev) : begat_recorder_tick(r->file);

		if (!err)
			err = serve(r);
		if (err < 0 && !atomic_load_explicit(&r->has_failed, memory_order_relaxed)) {
			complain_of(r);
			atomic_store_explicit(&r->has_failed, true, memory_order_relaxed);
		}
		answer(r);
	}
	return NULL;
}

int recorder_open(const char *path, const struct options *options,
		  const struct begat_recorder_options *opts, struct recorder **ret_recorder)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int err = r ? begat_queue_new(0, &r->queue) : -ENOMEM;

	if (r)
		sem_init(&r->go, 0, 0);
	if (r)
		pthread_mutex_init(&r->lock, NULL);

	if (err < 0 || !(r->path = strdup(path))) {
		cli_complain("out of memory.");
		if (r)
			free_recorder(r);
		return -ENOMEM;
	}
	/* The thread first: what can fail has done so before an old recording is replaced. */
	err = pthread_create(&r->thread, NULL, write_events, r);
	if (err) {
		cli_complain("cannot start a thread to record: %s.", strerror(err));
		free_recorder(r);
		return -err;
	}
	r->has_thread = true;
	err = open_file(r, options, opts);
	if (err < 0) {
		complain_of(r);
		free_recorder(r);
		return err;
	}
	r->keep = opts->keep;
	r->begun_ns = clock_read_ns(CLOCK_BOOTTIME);
	note_name(r);
	*ret_recorder = r;
	return 0;
}

void recorder_fields(struct begat_fields *fields, bool has_env)
{
	static const enum begat_field env[] = { BEGAT_F_ENV, BEGAT_F_ENVC, BEGAT_F_ENV_BYTES,
						BEGAT_F_ENV_TRUNCATED };

	for (int f = 0; f < BEGAT_FIELD_COUNT; f++)
		begat_fields_add(fields, (enum begat_field)f);
	for (size_t i = 0; !has_env && i < sizeof(env) / sizeof(env[0]); i++)
		fields->bits[env[i] / 64] &= ~(1ull << (env[i] % 64));
}

int recorder_start(struct recorder *r, const struct begat *begat)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	int err = begat_stats(begat, &stats);

	if (!err)
		err = begat_recorder_stats(r->file, &stats);
	if (err < 0) {
		complain_of(r);
		return err;
	}
	r->begat = begat;
	/* Without it the recording is whole; it only cannot tell of the CPU time of the living. */
	struct begat_usage *usage = NULL;

	if (!begat_usage_first(begat, &usage))
		err = begat_recorder_usage(r->file, usage);
	begat_usage_free(usage);
	if (err < 0) {
		complain_of(r);
		return err;
	}
	r->is_running = true;
	sem_post(&r->go);
	return 0;
}

void recorder_begin_part(struct recorder *r)
{
	atomic_store(&r->wants_part, true);
}

void recorder_say_status(struct recorder *r)
{
	atomic_store(&r->wants_status, true);
}

bool recorder_add(struct recorder *r, const struct begat_event *ev)
{
	begat_queue_push(r->queue, ev);
	return !atomic_load_explicit(&r->has_failed, memory_order_relaxed);
}

void recorder_end(struct recorder *r)
{
	struct begat_usage *usage = NULL;

	if (r && r->is_running && !begat_usage_read(r->begat, &usage))
		begat_usage_free(atomic_exchange(&r->last, usage));
}

static void say_what_is_in(const struct recorder *r, const struct begat_recorder_counts *c,
			   const char *ending)
{
	char size[UNITS_BYTES], parts[96] = "", safe[512];
	uint32_t kept = r->keep && c->parts > r->keep ? r->keep : c->parts;

	if (kept < c->parts)
		snprintf(parts, sizeof(parts), " and %u earlier part%s, the %u before removed",
			 kept, kept == 1 ? "" : "s", c->parts - kept);
	else if (c->parts)
		snprintf(parts, sizeof(parts), " and %u earlier part%s", c->parts,
			 c->parts == 1 ? "" : "s");
	cli_complain("%s%srecorded %llu process%s, %llu events in %s%s (%s), %llu lost; "
		     "'begat report %s' shows where the time went.",
		     ending ? ending : "", ending ? "; " : "", (unsigned long long)c->processes,
		     c->processes == 1 ? "" : "es", (unsigned long long)c->events,
		     cli_safe(safe, sizeof(safe), begat_recorder_path(r->file)), parts,
		     units_size(size, c->bytes), (unsigned long long)c->lost, safe);
}

int recorder_close(struct recorder *r, bool is_quiet, const char *ending)
{
	struct begat_recorder_counts counts = { .size = sizeof(counts) };
	int err;

	if (!r)
		return 0;
	/* To the very end SQLite opens and removes files by their path. */
	rights_rest();
	if (!r->is_running) {
		/* Nothing began, so nothing is left behind. */
		begat_recorder_discard(r->file);
		r->file = NULL;
		free_recorder(r);
		return 0;
	}
	begat_queue_close(r->queue);
	pthread_join(r->thread, NULL);
	err = begat_recorder_finish(r->file);
	begat_recorder_counts(r->file, &counts);
	if (err < 0) {
		if (!atomic_load(&r->has_failed))
			complain_of(r);
		if (counts.dropped)
			cli_complain("%llu events are not in the recording.",
				     (unsigned long long)counts.dropped);
	} else if (!is_quiet) {
		say_what_is_in(r, &counts, ending);
	}
	free_recorder(r);
	return err;
}
