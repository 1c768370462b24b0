/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/signals.h - signals as something to wait for, and their return to a child.
 *
 * Owns:  the mask, the signalfd, SIGPIPE and SIGCHLD while begat runs; SIGXFSZ from its start; the
 *        end of begat by a second SIGINT or SIGTERM.
 * Not:   what the first one means (session.c).
 */
#ifndef BEGAT_CLI_SIGNALS_H
#define BEGAT_CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

struct begat;

struct signals {
	int fd; /* readable when one has come; -1 = not open */
	sigset_t old_mask;
	sigset_t ignored; /* when we were started */
	bool has_terminal; /* a controlling one, when we were started */
	struct sigaction old_pipe, old_child;
};

/*
 * First of all: beyond `ulimit -f` a write fails with EFBIG, and a sentence and a sound file can
 * follow, where the signal would end us in the middle.
 */
void signals_ignore_file_size(void);

/*
 * Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH and makes them readable; with
 * @has_child SIGCHLD and SIGQUIT too. Returns 0 or -errno.
 */
int signals_open(struct signals *signals, bool has_child);

/*
 * Does @signal end a stream of the machine? SIGINT and SIGTERM do. SIGHUP does not, unless the
 * terminal that begat was started from is gone: then nobody can press Ctrl-C.
 */
bool signals_ends(const struct signals *signals, const struct signalfd_siginfo *signal);

/*
 * One that has come: 1 and *ret, or 0. What was ignored when we were started (nohup, a script's
 * background job) stays ignored if a terminal sends it, but a kill(1) means us.
 */
int signals_next(const struct signals *signals, struct signalfd_siginfo *ret);

/*
 * The tracer whose begat_poll() a signal interrupts; NULL before it is closed.
 */
void signals_set_tracer(struct begat *begat);

/* After a fork: mask and dispositions as they were when begat started. */
void signals_give_back(const struct signals *signals);

/* Closes and gives back. */
void signals_close(struct signals *signals);

#endif
