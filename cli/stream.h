/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/stream.h - from options to a running tracer, from its events to an output.
 *
 * Owns:  what the capturing commands have in common.
 * Not:   the child of `run`, the summary tree.
 */
#ifndef BEGAT_CLI_STREAM_H
#define BEGAT_CLI_STREAM_H

#include <begat/begat.h>
#include <begat/sink.h>

#include "options.h"
#include "output.h"
#include "signals.h"

struct stream {
	const struct options *options;
	struct begat *begat;
	struct output output;
	struct begat_sink *sink; /* NULL: events are not written */
	struct folding *folding; /* of searches along PATH; NULL: each event is written */
	uint32_t written; /* BEGAT_EVENT_BIT()s that go to the sink */
	/* Match here, not in the tracer: somebody else (the tree) needs every event. */
	bool is_filtered_here;
	bool is_begun;
	bool has_rights; /* in force for good: see rights.h */
	int living_fd; /* of -p: one that lives; -1 = nobody is waited for */
	uint64_t wakeups; /* times that events ended a sleep of ours */
	uint32_t tick_ms; /* a wait ends after this at the latest; 0 = when there is something */
	bool was_resized; /* the terminal; for the caller to take back */
	/* On a person's terminal stream_start() says this once the hooks are in; NULL = nothing. */
	const char *ending;
	int error; /* first failure to write, negative errno; then nothing is written any more */
};

/* What has ended a wait. */
enum stream_wake {
	STREAM_EVENTS = 0, /* events, or nothing at all */
	STREAM_SIGNAL = 1,
	STREAM_READER_GONE = 2, /* of the pipe that we write to */
	STREAM_TREE_GONE = 3, /* nobody of the tree lives; of -p it is said on stderr */
};

/*
 * Opens the output and the sink, before anything is loaded.
 * @default_fd: where to without -o.  @events: what to write; 0 = no sink at all.
 * Returns 0, or an exit status after having complained.
 */
int stream_open(struct stream *stream, const struct options *options, const char *format,
		int default_fd, uint32_t events);

/* Sets everything in @opts that the common options and the sink say. */
void stream_fill(const struct stream *stream, struct begat_options *opts);

/* begat_open() and output_begin(); says so under -v. 0, or -errno after having complained. */
int stream_start(struct stream *stream, const struct begat_options *opts);

/*
 * "tracing (kprobe, ringbuf); <how it ends>." on a person's terminal, unless -q. stream_start()
 * does it if stream->ending is set.
 */
void stream_announce(const struct stream *stream, const char *ending);

/* How a stream without a command ends, for stream_announce(): "Ctrl-C ends", if that is true. */
const char *stream_ending(void);

/* This thread among others, as the mode wants it; stream_start() does it. */
void stream_take_priority(enum begat_latency latency);

/* begat_follow(); from here on nothing that the user names is opened any more. */
int stream_follow(struct stream *stream, pid_t pid);

/*
 * From now on stream_wait() also ends when no followed process lives. Returns STREAM_TREE_GONE
 * if that is so already, else STREAM_EVENTS.
 */
int stream_wait_tree(struct stream *stream);

/* Writes one event if it is wanted. 0 or -errno (kept in stream->error too). */
int stream_write(struct stream *stream, const struct begat_event *ev);

/*
 * Waits for events or a signal, delivers what is there.
 * Returns an enum stream_wake, or a negative errno as begat_poll().
 */
int stream_wait(struct stream *stream, const struct signals *signals,
		struct signalfd_siginfo *ret_signal);

/* Flushes, prints --stats, closes all. Returns stream->error or what closing found. */
int stream_close(struct stream *stream);

/* Complains of what the library could not do, in its own sentence. */
void stream_explain(const struct begat *begat);

/* Complains about stream->error unless it is that the reader has gone. */
void stream_complain(const struct stream *stream);

#endif
