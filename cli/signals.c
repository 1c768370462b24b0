/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/signals.c - signals as something to wait for, and their return to a child.
 *
 * Owns:    the mask, the signalfd, SIGPIPE and SIGCHLD while begat runs; SIGXFSZ from its start.
 * Not:     what a signal means.
 * Called:  by main.c first; by watch.c, run.c and record.c, before the tracer opens and after it
 *          has closed.
 *
 * Invariants
 *  (1) No handler is ever installed: a signal is seen between two batches of events, never in
 *      the middle of one, and none can be missed between a check and a sleep.
 *  (2) A command that `run` starts gets exactly the mask and dispositions that begat got.
 */
#include "signals.h"

#include <errno.h>
#include <unistd.h>

/* One process, one command line: what begat got for SIGXFSZ, once it is ignored. */
static struct sigaction old_file_size;
static bool is_file_size_ignored;

void signals_ignore_file_size(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	is_file_size_ignored = !sigaction(SIGXFSZ, &ignore, &old_file_size);
}

static void take(struct signals *signals, sigset_t *set, int signal)
{
	struct sigaction now;

	sigaddset(set, signal);
	if (!sigaction(signal, NULL, &now) && now.sa_handler == SIG_IGN)
		sigaddset(&signals->ignored, signal);
}

static void restore(const struct signals *signals)
{
	sigaction(SIGPIPE, &signals->old_pipe, NULL);
	sigaction(SIGCHLD, &signals->old_child, NULL);
	sigprocmask(SIG_SETMASK, &signals->old_mask, NULL);
}

int signals_open(struct signals *signals, bool has_child)
{
	sigset_t set;

	signals->fd = -1;
	sigemptyset(&set);
	sigemptyset(&signals->ignored);
	take(signals, &set, SIGINT);
	take(signals, &set, SIGTERM);
	take(signals, &set, SIGHUP);
	if (has_child) {
		take(signals, &set, SIGQUIT);
		sigaddset(&set, SIGCHLD);
	}
	/* An ignored SIGCHLD would take the command's exit status away. */
	struct sigaction plain = { .sa_handler = SIG_DFL };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGCHLD, &plain, &signals->old_child);
	sigaction(SIGPIPE, &ignore, &signals->old_pipe);
	sigprocmask(SIG_BLOCK, &set, &signals->old_mask);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd >= 0)
		return 0;
	int r = -errno;

	restore(signals);
	return r;
}

int signals_next(const struct signals *signals, struct signalfd_siginfo *ret)
{
	while (read(signals->fd, ret, sizeof(*ret)) == (ssize_t)sizeof(*ret)) {
		bool is_from_kernel = ret->ssi_code > 0;

		if (!is_from_kernel || !sigismember(&signals->ignored, (int)ret->ssi_signo))
			return 1;
	}
	return 0;
}

void signals_give_back(const struct signals *signals)
{
	if (is_file_size_ignored)
		sigaction(SIGXFSZ, &old_file_size, NULL);
	restore(signals);
}

void signals_close(struct signals *signals)
{
	struct signalfd_siginfo drained;

	if (signals->fd < 0)
		return;
	/* A second Ctrl-C while the first was served must not kill us on the way out. */
	while (signals_next(signals, &drained))
		;
	close(signals->fd);
	signals->fd = -1;
	restore(signals); /* but not SIGXFSZ: a summary may still be written */
}
