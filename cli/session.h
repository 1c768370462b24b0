/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/session.h - one capture, from the first check to the exit status: `run`, `record`, `watch`.
 *
 * Owns:  the order of start and end; the command, signals, stream and recording of a capture; which
 *        signals go on to the command; the exit status.
 * Not:   making the command's process (child.c), events and their output (stream.c), the thread
 *        that records (recorder.c), which events are wanted.
 *
 *	session_init()             searches for the command; what else is wanted is then filled in
 *	session_open()             the output, signals, the process that will become the command
 *	session_start()            the tracer, then the recording: a failed start replaces no file
 *	session_make_command()     it waits
 *	session_release_command()  it execs
 *	session_follow()           until the command or the tree has ended, or a signal ends it
 *	session_finish()           the events that remain
 *	session_close()            always, whatever failed; gives the exit status
 *
 * Invariants
 *  (1) The hooks are in before the command execs: its first exec is an event.
 *  (2) No signal ends begat before the command has ended.
 *  (3) Each failure is reported once, where it is found.
 */
#ifndef BEGAT_CLI_SESSION_H
#define BEGAT_CLI_SESSION_H

#include "child.h"
#include "recorder.h"
#include "stream.h"

struct session {
	const struct options *options;
	char **argv; /* of the command; NULL = none, the machine is captured */

	/* After session_init(), where it is wanted. */
	const char *record_path; /* NULL: nothing is recorded */
	uint32_t recorded; /* BEGAT_EVENT_BIT()s that the recording gets */
	struct begat_recorder_options recording;
	bool reads_usage; /* into usage, when the capture ends */
	/* Each may be NULL; @ctx is the ctx below. */
	void (*on_event)(const struct begat_event *ev, void *ctx);
	void (*on_turn)(void *ctx); /* before each wait */
	bool (*on_signal)(const struct signalfd_siginfo *signal, void *ctx); /* true: handled */
	void *ctx;

	struct stream stream;
	struct signals signals;
	struct child child;
	struct recorder *recorder; /* NULL: nothing is recorded */
	struct begat_usage *usage; /* of what still runs when the capture ends; or NULL */
	int wait_status; /* of the command, as wait(2) has it */
	int status; /* exit status of a start that failed; 0 = none has */
	bool is_started, could_exec, has_ended;
	bool was_interrupted; /* by Ctrl-C: the terminal has written ^C and stays behind it */
};

/* @argv: ends with NULL; the command if there is a word. CLI_OK or an exit status. */
int session_init(struct session *session, const struct options *options, char **argv);

/* @default_fd, @events: see stream_open(). CLI_OK or an exit status, which is session->status. */
int session_open(struct session *session, const char *format, int default_fd, uint32_t events);

/* @opts: what the command wants beyond the common options. CLI_OK or an exit status. */
int session_start(struct session *session, struct begat_options *opts);

/* Both do nothing if there is no command. 0 or a negative errno. */
int session_make_command(struct session *session);
int session_release_command(struct session *session);

/* 0, or a negative errno that session_finish() is to report: the tracer broke. */
int session_follow(struct session *session);

/* Waits for the command if it still runs. @err: what following returned. 0 or a negative errno. */
int session_finish(struct session *session, int err);

/* @err: negative if the capture is not whole. Returns the exit status. */
int session_close(struct session *session, int err);

#endif
