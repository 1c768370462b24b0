/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/signals.c - signals as something to wait for, and their return to a child.
 *
 * Owns:  the mask, the signalfd, SIGPIPE and SIGCHLD while begat runs; SIGXFSZ from its start.
 * Not:   what a signal means.
 *
 * The watcher is a thread of its own: begat may be busy, or blocked in a write.
 *
 * Invariants
 *  (1) No handler is ever installed: the watcher reads a signal and passes it on, so that it is
 *      seen between two events, never in the middle of one, and none can be missed between a
 *      check and a sleep.
 *  (2) A command that `run` starts gets exactly the mask and dispositions that begat got.
 *  (3) The watcher has no capabilities, opens nothing and allocates nothing.
 */
#include "signals.h"

#include <begat/begat.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "rights.h"

/*
 * timeout(1) sends its signal twice, to the command and to its group: what comes so soon after the
 * first is no second wish.
 */
#define SECOND_AFTER_NS 100000000

/* One process, one command line: what begat got for SIGXFSZ, once it is ignored. */
static struct sigaction old_file_size;
static bool is_file_size_ignored;

static struct watcher {
	pthread_t thread;
	bool is_running;
	int source; /* the signalfd */
	int to; /* what the watcher has read, for signals_next() */
	int stop[2]; /* closed at [1] when the watcher is to end */
	sigset_t ignored;
	bool has_child;
	atomic_uint waiting; /* SIGINT and SIGTERM that signals_next() has not given yet */
	atomic_bool is_ending; /* it has given one, and begat ends because of it */
	int64_t last_ns; /* of the last SIGINT or SIGTERM; 0 = none */
	pthread_mutex_t lock; /* for begat */
	struct begat *begat;
} watcher = { .source = -1, .to = -1, .stop = { -1, -1 }, .lock = PTHREAD_MUTEX_INITIALIZER };

void signals_set_tracer(struct begat *begat)
{
	pthread_mutex_lock(&watcher.lock);
	watcher.begat = begat;
	pthread_mutex_unlock(&watcher.lock);
}

static bool is_end(const struct signalfd_siginfo *signal)
{
	return signal->ssi_signo == SIGINT || signal->ssi_signo == SIGTERM;
}

/*
 * Ends begat, whatever its other threads do. The command of `run` goes on, as after a SIGKILL: one
 * that was still held back ends with the pipe that holds it.
 */
static _Noreturn void end_at_once(int signal)
{
	char text[160];
	int len = snprintf(text, sizeof(text),
			   "begat: ended by a second SIG%s; what was not written yet is lost.\n",
			   signal == SIGINT ? "INT" : "TERM");

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		/* A line may be half written, and in color. A terminal that is stopped must not
		 * stop this. */
		struct pollfd terminal = { .fd = fd, .events = POLLOUT };

		if (isatty(fd) && poll(&terminal, 1, 0) > 0 && terminal.revents & POLLOUT &&
		    write(fd, "\033[0m\n", 5) == 5)
			break;
	}
	struct pollfd err = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&err, 1, 0) > 0 && err.revents & POLLOUT &&
	    write(STDERR_FILENO, text, (size_t)len))
		_exit(128 + signal);
	_exit(128 + signal);
}

/*
 * Is it the second wish that begat ends? The first is not served yet, or begat is ending by it. With
 * a command that lives, a terminal's Ctrl-C is for the command, which may be a shell.
 */
static bool is_second(const struct signalfd_siginfo *signal)
{
	bool is_from_kernel = signal->ssi_code > 0;
	bool is_repeated = watcher.has_child && !is_from_kernel && watcher.last_ns;
	int64_t last_ns = watcher.last_ns, now = (int64_t)clock_read_ns(CLOCK_MONOTONIC);

	watcher.last_ns = now;
	if (!last_ns || now - last_ns < SECOND_AFTER_NS)
		return false;
	return is_repeated || watcher.is_ending || watcher.waiting;
}

static void pass_on(const struct signalfd_siginfo *signal)
{
	if (signal->ssi_code > 0 && sigismember(&watcher.ignored, (int)signal->ssi_signo))
		return;
	if (is_end(signal)) {
		if (is_second(signal))
			end_at_once((int)signal->ssi_signo);
		atomic_fetch_add(&watcher.waiting, 1);
	}
	/* Full: hundreds that are not read yet say the same. */
	if (write(watcher.to, signal, sizeof(*signal)) < 0 && is_end(signal))
		atomic_fetch_sub(&watcher.waiting, 1);
	if (signal->ssi_signo == SIGCHLD || signal->ssi_signo == SIGWINCH)
		return;
	pthread_mutex_lock(&watcher.lock);
	if (watcher.begat)
		begat_interrupt(watcher.begat);
	pthread_mutex_unlock(&watcher.lock);
}

static void *watch_signals(void *unused)
{
	struct pollfd fds[2] = {
		{ .fd = watcher.source, .events = POLLIN },
		{ .fd = watcher.stop[0], .events = POLLIN },
	};
	struct signalfd_siginfo signal;

	(void)unused;
	rights_drop();
	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		while (read(watcher.source, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
			pass_on(&signal);
	}
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int start_watcher(struct signals *signals, const sigset_t *set, bool has_child)
{
	pthread_attr_t attr;
	int pipes[2], err;

	watcher.ignored = signals->ignored;
	watcher.has_child = has_child;
	watcher.source = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watcher.source < 0 || pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	signals->fd = pipes[0];
	watcher.to = pipes[1];
	if (pipe2(watcher.stop, O_CLOEXEC) < 0)
		return -errno;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	err = pthread_create(&watcher.thread, &attr, watch_signals, NULL);
	pthread_attr_destroy(&attr);
	watcher.is_running = !err;
	return -err;
}

static void stop_watcher(struct signals *signals)
{
	struct signalfd_siginfo drained;

	/* A byte: a process that was forked meanwhile may hold the other end too. */
	if (watcher.is_running && write(watcher.stop[1], "", 1) == 1)
		pthread_join(watcher.thread, NULL);
	watcher.is_running = false;
	/* One that came last must not kill us on the way out. */
	while (watcher.source >= 0 &&
	       read(watcher.source, &drained, sizeof(drained)) == (ssize_t)sizeof(drained))
		;
	close_fd(&watcher.stop[0]);
	close_fd(&watcher.stop[1]);
	close_fd(&watcher.source);
	close_fd(&watcher.to);
	close_fd(&signals->fd);
}

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

/* Is there a terminal that controls this process? After a hangup there is none any more. */
static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool signals_ends(const struct signals *signals, const struct signalfd_siginfo *signal)
{
	if (is_end(signal))
		return true;
	return signal->ssi_signo == SIGHUP && signals->has_terminal &&
	       !sigismember(&signals->ignored, SIGHUP) && !has_terminal();
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
	sigaddset(&set, SIGWINCH);
	take(signals, &set, SIGUSR1);
	take(signals, &set, SIGUSR2);
	signals->has_terminal = has_terminal();
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
	int err = start_watcher(signals, &set, has_child);

	if (!err)
		return 0;
	stop_watcher(signals);
	restore(signals);
	return err;
}

int signals_next(const struct signals *signals, struct signalfd_siginfo *ret)
{
	if (read(signals->fd, ret, sizeof(*ret)) != (ssize_t)sizeof(*ret))
		return 0;
	if (is_end(ret)) {
		atomic_fetch_sub(&watcher.waiting, 1);
		if (!watcher.has_child)
			watcher.is_ending = true;
	}
	return 1;
}

void signals_give_back(const struct signals *signals)
{
	if (is_file_size_ignored)
		sigaction(SIGXFSZ, &old_file_size, NULL);
	restore(signals);
}

void signals_close(struct signals *signals)
{
	if (signals->fd < 0)
		return;
	stop_watcher(signals);
	restore(signals); /* but not SIGXFSZ: a summary may still be written */
}
