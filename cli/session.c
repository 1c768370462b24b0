/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/session.c - one capture, from the first check to the exit status: `run`, `record`, `watch`.
 *
 * Owns:  see session.h.
 */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "cli.h"

int session_init(struct session *s, const struct options *options, char **argv)
{
	*s = (struct session){
		.options = options,
		.argv = *argv ? argv : NULL,
		.stream = { .output = { .fd = -1, .place.dir_fd = -1 }, .living_fd = -1 },
		.signals.fd = -1,
		.child = { .pid = -1, .maker = -1, .release_fd = -1, .error_fd = -1 },
	};
	return s->argv ? child_find(&s->child, argv) : CLI_OK;
}

/* The exit status of a failure of begat: a command has those below 125 for itself. */
static int own_failure(const struct session *s, int status)
{
	return s->argv ? CLI_OWN_FAILURE : status;
}

int session_open(struct session *s, const char *format, int default_fd, uint32_t events)
{
	int status = stream_open(&s->stream, s->options, format, default_fd, events);

	if (status)
		return s->status = own_failure(s, status);
	int err = signals_open(&s->signals, s->argv);

	if (err < 0)
		cli_complain("cannot wait for signals: %s.", strerror(-err));
	if (!err && s->argv) {
		err = child_prepare(&s->child, &s->signals, s->argv);
		if (err < 0)
			cli_complain("cannot start a process: %s.", strerror(-err));
	}
	return s->status = err < 0 ? own_failure(s, CLI_FAILED) : CLI_OK;
}

static int on_event(const struct begat_event *ev, void *ctx)
{
	struct session *s = ctx;
	bool is_failed = s->stream.sink && stream_write(&s->stream, ev) < 0;

	if (s->on_event)
		s->on_event(ev, s->ctx);
	if (s->recorder)
		is_failed |= !recorder_add(s->recorder, ev);
	/* A command goes on whatever cannot be written; without one there is nothing left to do. */
	return is_failed && !s->argv ? -ECANCELED : 0;
}

/* Only a recording that can begin takes the place of an old one. 0 or a negative errno. */
static int start_recording(struct session *s)
{
	struct begat_recorder_options *opts = &s->recording;

	opts->size = sizeof(*opts);
	opts->path_has_time = true;
	opts->command = (const char *const *)s->argv;
	int err = recorder_open(s->record_path, s->options, opts, &s->recorder);

	return err < 0 ? err : recorder_start(s->recorder, s->stream.begat);
}

int session_start(struct session *s, struct begat_options *opts)
{
	opts->callback = on_event;
	opts->ctx = s;
	opts->follow = s->argv;
	stream_fill(&s->stream, opts);
	if (s->record_path) {
		opts->events |= s->recorded;
		opts->reads_usage = true;
		recorder_fields(&opts->fields, s->options->env != BEGAT_ENV_NONE);
	}
	int err = stream_start(&s->stream, opts);

	if (!err && s->record_path)
		err = start_recording(s);
	s->is_started = !err;
	return s->status = err < 0 ? own_failure(s, CLI_FAILED) : CLI_OK;
}

int session_make_command(struct session *s)
{
	int err = s->argv ? child_start(&s->child) : 0;

	if (err < 0)
		cli_complain("cannot start a process: %s.", strerror(-err));
	return err;
}

int session_release_command(struct session *s)
{
	char why[512];

	if (!s->argv)
		return 0;
	int err = stream_follow(&s->stream, s->child.pid);

	if (err < 0) {
		stream_explain(s->stream.begat);
		return err;
	}
	int exec_errno = child_release(&s->child);

	/* Gone before it could try (negative): killed, and waiting for it will tell. */
	s->could_exec = exec_errno <= 0;
	if (!s->could_exec) {
		s->status = child_explain(s->argv, exec_errno, why, sizeof(why));
		cli_complain("%s", why);
	}
	return 0;
}

static bool has_command_ended(struct session *s)
{
	pid_t pid = waitpid(s->child.pid, &s->wait_status, WNOHANG);

	s->has_ended = pid == s->child.pid || (pid < 0 && errno == ECHILD);
	return s->has_ended;
}

/* Passes on what was meant for the command but was sent to us: not what a terminal sent to both. */
static void forward(const struct session *s, const struct signalfd_siginfo *signal)
{
	bool is_from_kernel = signal->ssi_code > 0;

	if (!is_from_kernel && (pid_t)signal->ssi_pid != s->child.pid)
		kill(s->child.pid, (int)signal->ssi_signo);
}

/* Returns whether it ends the session. A command gets each signal that begat has no use for. */
static bool take_signal(struct session *s, const struct signalfd_siginfo *signal)
{
	if (signal->ssi_signo == SIGINT)
		s->was_interrupted = true;
	if (s->on_signal && s->on_signal(signal, s->ctx))
		return false;
	if (!s->argv)
		return signals_ends(&s->signals, signal);
	if (signal->ssi_signo != SIGCHLD)
		forward(s, signal);
	return false;
}

int session_follow(struct session *s)
{
	struct signalfd_siginfo signal;

	while (!s->argv || !has_command_ended(s)) {
		if (s->on_turn)
			s->on_turn(s->ctx);
		int wake = stream_wait(&s->stream, &s->signals, &signal);

		if (wake < 0)
			return wake == -ECANCELED ? 0 : wake; /* by on_event(): it was reported */
		if (wake == STREAM_READER_GONE && !s->stream.error)
			s->stream.error = -EPIPE;
		if (wake == STREAM_SIGNAL && take_signal(s, &signal))
			return 0;
		if (!s->argv && (s->stream.error || wake == STREAM_TREE_GONE))
			return 0;
	}
	return 0;
}

int session_finish(struct session *s, int err)
{
	if (err < 0)
		stream_explain(s->stream.begat);
	/* Even if the tracer broke: the command's exit status is ours. */
	while (s->argv && !s->has_ended && waitpid(s->child.pid, &s->wait_status, 0) < 0 &&
	       errno == EINTR)
		;
	if (!s->argv && !s->recorder && (err < 0 || s->stream.error))
		return err; /* nobody is left to deliver to */
	recorder_end(s->recorder);
	if (s->reads_usage)
		begat_usage_read(s->stream.begat, &s->usage);
	int finished = begat_finish(s->stream.begat);

	if (finished >= 0 || finished == -ECANCELED)
		return err;
	if (err >= 0)
		stream_explain(s->stream.begat);
	return err < 0 ? err : finished;
}

static int exit_status(const struct session *s, int err)
{
	if (s->status)
		return s->status;
	if (!s->argv)
		return err < 0 ? CLI_FAILED : CLI_OK;
	if (!s->could_exec)
		return CLI_OWN_FAILURE;
	int status = WIFSIGNALED(s->wait_status) ? 128 + WTERMSIG(s->wait_status)
						 : WEXITSTATUS(s->wait_status);

	/* A trace that is not whole must not look like success; a failed command says more. */
	return !status && err < 0 ? CLI_OWN_FAILURE : status;
}

int session_close(struct session *s, int err)
{
	const char *ending = NULL;
	char why[200];

	if (s->argv && s->is_started && err >= 0)
		ending = child_ending(s->argv[0], s->could_exec, s->wait_status, why, sizeof(why));
	int recorded = recorder_close(s->recorder, s->options->quiet || !s->is_started, ending);
	int written = stream_close(&s->stream);

	child_drop(&s->child);
	stream_complain(&s->stream);
	signals_close(&s->signals);
	begat_usage_free(s->usage);
	if (err >= 0)
		err = recorded;
	if (err >= 0 && written != -EPIPE)
		err = written;
	return exit_status(s, err);
}
