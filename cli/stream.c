/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/stream.c - from options to a running tracer, from its events to an output.
 *
 * Owns:  the order of things: output first (cheap to refuse), tracer second, then truncation.
 * Not:   which events a subcommand wants, when it ends.
 *
 * Invariants
 *  (1) Each line reaches a terminal or a pipe at once; a file is written once per batch.
 *  (2) After the first failed write nothing more is written: no half lines in the middle.
 */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture_stats.h"
#include "cli.h"
#include "folding.h"
#include "matches.h"
#include "rights.h"
#include "priority.h"
#include "status_line.h"

int stream_open(struct stream *stream, const struct options *options, const char *format,
		int default_fd, uint32_t events)
{
	char why[512];

	memset(stream, 0, sizeof(*stream));
	stream->options = options;
	stream->living_fd = -1;
	stream->written = events;
	int err = output_open(&stream->output, options->output, default_fd,
			      options->env != BEGAT_ENV_NONE, why, sizeof(why));

	if (err) {
		cli_complain("%s.", why);
		return CLI_FAILED;
	}
	if (!events)
		return CLI_OK;
	if (options->columns && strcmp(format, "text")) {
		cli_complain("--columns is for --format text.");
		output_close(&stream->output, true);
		return CLI_USAGE;
	}
	struct begat_sink_options opts = {
		.size = sizeof(opts),
		.fd = stream->output.fd,
		.line_buffered = !stream->output.is_file && options->latency != BEGAT_BATCH,
		.is_terminal = stream->output.is_terminal,
		.no_color = !stream->output.has_color,
		.utc = options->is_utc,
		.column_names = options->columns,
		.columns = stream->output.is_terminal && !options->is_wide ? stream->output.columns
									   : 0,
	};

	err = begat_sink_open(format, &opts, &stream->sink);
	if (!err && folding_is_wanted(options, format, events)) {
		err = folding_new(stream->sink, &stream->folding);
		stream->is_filtered_here = options->where && folding_splits(options->where);
	}
	if (!err)
		return CLI_OK;
	begat_sink_close(stream->sink);
	stream->sink = NULL;
	cli_complain("cannot make a %s stream: %s.", format, strerror(-err));
	output_close(&stream->output, true);
	return CLI_FAILED;
}

static const enum begat_field env_fields[] = { BEGAT_F_ENV, BEGAT_F_ENVC, BEGAT_F_ENV_BYTES,
					       BEGAT_F_ENV_TRUNCATED };

/*
 * What tells how a search ended: its exec; with a table of processes that costs nothing, the exit.
 */
static void add_folded(const struct stream *stream, struct begat_options *opts)
{
	static const enum begat_field needed[] = { BEGAT_F_ID, BEGAT_F_FILENAME, BEGAT_F_ARGV,
						   BEGAT_F_ERRNO, BEGAT_F_REPEATS };
	const uint32_t seen = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			      BEGAT_EVENT_BIT(BEGAT_EXIT) | BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);

	/*
	 * The exec is for us: a user who wants failures alone is not served by a backend without
	 * them.
	 */
	opts->needs_failures =
		opts->events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) && !(opts->events & seen);
	opts->events |= BEGAT_EVENT_BIT(BEGAT_EXEC);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		begat_fields_add(&opts->fields, needed[i]);
	/* The tracer does not see the question. */
	if (stream->is_filtered_here && begat_filter_asks_lineage(stream->options->where))
		opts->events |= BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXIT);
}

void stream_fill(const struct stream *stream, struct begat_options *opts)
{
	const struct options *o = stream->options;

	opts->size = sizeof(*opts);
	opts->backend = o->backend;
	opts->transport = o->transport;
	opts->latency = o->latency;
	opts->events |=
		stream->written | BEGAT_EVENT_BIT(BEGAT_LOST) | BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	if (stream->folding)
		add_folded(stream, opts);
	opts->buffer_bytes = o->buffer_bytes;
	opts->short_lived_window_ns = o->short_lived_window_ns;
	opts->max_args_bytes = o->max_args_bytes;
	opts->env = o->env;
	opts->env_names = (const char *const *)o->env_names;
	opts->where = stream->is_filtered_here ? NULL : o->where;
	opts->fold_failures = o->fold_failures;
	opts->redact = o->redact;
	opts->redact_patterns = (const char *const *)o->redact_patterns;
	opts->pids = o->pids;
	opts->pids_count = o->pids_count;
	opts->uids = o->uids;
	opts->uids_count = o->uids_count;
	opts->cgroups = o->cgroups;

	if (stream->sink)
		begat_sink_fields(stream->sink, &opts->fields);
	if (o->where)
		begat_filter_fields(o->where, &opts->fields);
	for (size_t i = 0; i < sizeof(env_fields) / sizeof(env_fields[0]); i++) {
		enum begat_field f = env_fields[i];

		if (o->env)
			begat_fields_add(&opts->fields, f);
		else
			opts->fields.bits[f / 64] &= ~(1ull << (f % 64));
	}
}

void stream_explain(const struct begat *begat)
{
	cli_explain(begat_error(begat));
}

/*
 * A user of low gives a core away, but on a busy machine the reader would wait a time slice for it
 * at each turn: so the reader comes first. In balanced it gets no more CPU time than before, but gets
 * it before the running task has used up its slice: a wake-up from a hook often lands on the CPU of
 * the traced process, above all in a virtual machine, where a halted CPU does not count as idle.
 */
void stream_take_priority(enum begat_latency latency)
{
	if (latency != BEGAT_BATCH)
		priority_take(latency == BEGAT_LOW ? PRIORITY_FIRST : PRIORITY_PROMPT);
}

static void say_what_is_followed(const struct options *options)
{
	for (size_t i = 0; i < options->pids_count; i++) {
		pid_t pid = options->pids[i], process = begat_process_of(pid);

		if (process > 0 && process != pid)
			cli_complain("-p %d is a thread of process %d, which is followed.",
				     (int)pid, (int)process);
	}
}

static void say_tree_is_gone(const struct options *options)
{
	if (options->quiet)
		return;
	if (options->pids_count == 1)
		cli_complain("process %d and all that it began have ended; --forever goes on.",
			     (int)options->pids[0]);
	else
		cli_complain("the processes of -p and all that they began have ended; --forever "
			     "goes on.");
}

/* Waits for another one that lives. Returns STREAM_TREE_GONE or STREAM_EVENTS. */
static int wait_for_living(struct stream *stream)
{
	const struct options *options = stream->options;
	int fd;

	if (stream->living_fd >= 0)
		close(stream->living_fd);
	stream->living_fd = fd = begat_living_fd(stream->begat);
	if (fd >= 0)
		return STREAM_EVENTS;
	stream->living_fd = -1;
	if (fd != -ESRCH) { /* it goes on to a signal */
		stream_explain(stream->begat);
		return STREAM_EVENTS;
	}
	if (options->pids_count)
		say_tree_is_gone(options);
	return STREAM_TREE_GONE;
}

const char *stream_ending(void)
{
	static char text[64]; /* one stream a process */
	struct sigaction now;

	/* A script's background job, nohup: Ctrl-C is not for it. */
	if (sigaction(SIGINT, NULL, &now) || now.sa_handler != SIG_IGN)
		return "Ctrl-C ends";
	snprintf(text, sizeof(text), "'kill %d' ends", (int)getpid());
	return text;
}

void stream_announce(const struct stream *stream, const char *ending)
{
	struct begat_stats stats = { .size = sizeof(stats) };

	if (stream->options->quiet || !status_is_seen() || begat_stats(stream->begat, &stats))
		return;
	cli_complain("tracing (%s, %s); %s.", stats.backend, stats.transport, ending);
}

int stream_start(struct stream *stream, const struct begat_options *opts)
{
	/* The recording and the command come later, with the user's own rights. */
	rights_take();
	/* Before the hooks are in: what it starts is no event. */
	stream_take_priority(opts->latency);

	int err = begat_open(opts, &stream->begat);

	rights_rest();
	if (err < 0) {
		stream_explain(stream->begat);
		begat_close(stream->begat);
		stream->begat = NULL;
		return err;
	}
	signals_set_tracer(stream->begat);
	say_what_is_followed(stream->options);
	if (stream->options->verbose)
		capture_say_how(stream);
	else if (!stream->options->quiet)
		capture_say_failed_backend(stream);
	err = output_begin(&stream->output, false);
	if (err < 0) {
		cli_complain("cannot empty %s: %s.", stream->output.name, strerror(-err));
		return err;
	}
	stream->is_begun = true;
	if (stream->ending)
		stream_announce(stream, stream->ending);
	if (stream->sink)
		stream->error = begat_sink_flush(stream->sink);
	return 0;
}

static bool is_wanted(const struct stream *stream, const struct begat_event *ev)
{
	if (!stream->sink || !(stream->written & BEGAT_EVENT_BIT(ev->type)))
		return false;
	/* A gap and the end concern everybody. */
	if (!stream->is_filtered_here || ev->type == BEGAT_LOST || ev->type == BEGAT_SUMMARY)
		return true;
	struct begat_lineage lineage = { .find = begat_find_ancestor, .ctx = stream->begat };

	return begat_filter_match(stream->options->where, ev, &lineage);
}

int stream_write(struct stream *stream, const struct begat_event *ev)
{
	if (stream->error)
		return stream->error;
	bool wanted = is_wanted(stream, ev);

	if (stream->folding)
		stream->error = folding_take(stream->folding, ev, wanted,
					     clock_read_ns(CLOCK_MONOTONIC_COARSE));
	else if (wanted)
		stream->error = begat_sink_write(stream->sink, ev);
	return stream->error;
}

static void resize(struct stream *stream)
{
	uint32_t before = stream->output.columns;

	output_resize(&stream->output);
	stream->was_resized = true;
	if (stream->sink && stream->output.is_terminal && !stream->options->is_wide &&
	    stream->output.columns != before)
		begat_sink_resize(stream->sink, stream->output.columns);
}

/* Has a signal come, or the reader gone? @timeout_ms as poll(2); @has_events: the tracer too. */
static int wait_for(struct stream *stream, const struct signals *signals, bool has_events,
		    int timeout_ms, struct signalfd_siginfo *ret_signal)
{
	struct pollfd fds[4] = {
		{ .fd = signals->fd, .events = POLLIN },
		/* No events asked: POLLERR is reported anyway once nobody can read. */
		{ .fd = stream->output.is_pipe && stream->sink ? stream->output.fd : -1 },
		{ .fd = has_events ? begat_fd(stream->begat) : -1, .events = POLLIN },
		{ .fd = stream->living_fd, .events = POLLIN },
	};

	if (poll(fds, 4, timeout_ms) < 0)
		return errno == EINTR ? STREAM_EVENTS : -errno;
	stream->wakeups += fds[2].revents != 0;
	if (fds[0].revents && signals_next(signals, ret_signal)) {
		if (ret_signal->ssi_signo != SIGWINCH)
			return STREAM_SIGNAL;
		resize(stream);
	}
	if (fds[1].revents & POLLERR)
		return STREAM_READER_GONE;
	return fds[3].revents ? wait_for_living(stream) : STREAM_EVENTS;
}

/* BEGAT_LOW: spin in the tracer; a system call for signals only once a tick. */
static int spin(struct stream *stream, const struct signals *signals,
		struct signalfd_siginfo *ret_signal)
{
	uint64_t start = clock_read_ns(CLOCK_MONOTONIC_COARSE) / 1000000;

	do {
		int err = begat_poll(stream->begat, 1);

		if (err < 0 && err != -EINTR)
			return err;
	} while (clock_read_ns(CLOCK_MONOTONIC_COARSE) / 1000000 == start);
	return wait_for(stream, signals, false, 0, ret_signal);
}

int stream_follow(struct stream *stream, pid_t pid)
{
	/* Nothing that the user names is opened from here on: the rights stay in force. */
	rights_take();
	return begat_follow(stream->begat, pid);
}

int stream_wait_tree(struct stream *stream)
{
	return wait_for_living(stream);
}

/* For poll(2): the tick, or the line of a search that has gone quiet. */
static int next_look_ms(const struct stream *stream)
{
	int folding_ms = folding_wait_ms(stream->folding, clock_read_ns(CLOCK_MONOTONIC_COARSE));
	int tick_ms = stream->tick_ms ? (int)stream->tick_ms : -1;

	return tick_ms < 0 || (folding_ms >= 0 && folding_ms < tick_ms) ? folding_ms : tick_ms;
}

int stream_wait(struct stream *stream, const struct signals *signals,
		struct signalfd_siginfo *ret_signal)
{
	int wake;

	if (!stream->has_rights) {
		rights_take();
		stream->has_rights = true;
		if (stream->options->pids_count && !stream->options->is_forever &&
		    wait_for_living(stream) == STREAM_TREE_GONE)
			return STREAM_TREE_GONE;
	}
	if (stream->options->latency == BEGAT_LOW) {
		wake = spin(stream, signals, ret_signal);
	} else {
		wake = wait_for(stream, signals, true, next_look_ms(stream), ret_signal);
		if (wake == STREAM_EVENTS) {
			int err = begat_poll(stream->begat, 0);

			if (err < 0 && err != -EINTR)
				wake = err;
		}
	}
	matches_warn(stream->options);
	if (stream->folding && !stream->error)
		stream->error =
			folding_settle(stream->folding, clock_read_ns(CLOCK_MONOTONIC_COARSE));
	if (stream->sink && !stream->error)
		stream->error = begat_sink_flush(stream->sink);
	return wake;
}

int stream_close(struct stream *stream)
{
	if (stream->folding && !stream->error) /* its tracer broke: else the summary was the end */
		stream->error = folding_finish(stream->folding);
	folding_free(stream->folding);
	stream->folding = NULL;
	if (stream->sink) {
		int err = begat_sink_close(stream->sink);

		if (!stream->error)
			stream->error = err;
		stream->sink = NULL;
	}
	if (stream->begat && stream->options->stats) {
		rights_take();
		capture_say_stats(stream);
	}
	if (stream->living_fd >= 0)
		close(stream->living_fd);
	stream->living_fd = -1;
	signals_set_tracer(NULL);
	begat_close(stream->begat);
	stream->begat = NULL;
	rights_drop();
	int err = output_close(&stream->output, !stream->is_begun);

	if (!stream->error)
		stream->error = err;
	return stream->error;
}

void stream_complain(const struct stream *stream)
{
	if (stream->error && stream->error != -EPIPE)
		cli_complain("cannot write to %s: %s.", stream->output.name,
			     strerror(-stream->error));
}
