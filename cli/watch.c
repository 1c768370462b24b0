/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/watch.c - `begat watch`: the machine's process events as a stream.
 *
 * Owns:  what SIGUSR1 says, the end of the line that ^C leaves.
 * Not:   formats (sinks), waiting (session.c).
 */
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli.h"
#include "session.h"

static int watch(struct options *options, int argc, char **argv);

const struct command_spec command_watch = {
	.captures = true,
	.groups = OPTIONS_OUTPUT | OPTIONS_TEXT | OPTIONS_EVENTS | OPTIONS_SELECT |
		  OPTIONS_CAPTURE | OPTIONS_TALK,
	.about = "Streams process events until Ctrl-C (with -p: until that tree is gone), then a "
		 "summary.\n"
		 "Text shows exec, exec_failed and exit; JSON also fork. Needs root, or CAP_BPF "
		 "and\n"
		 "CAP_PERFMON.\n",
	.examples = "  sudo begat watch -u www-data -e exec,exec_failed\n"
		    "  sudo begat watch --format json -w 'event == exit and exit_code != 0' | jq "
		    "-c .argv\n",
	.run = watch,
};

static uint64_t sum(const uint64_t counts[BEGAT_TYPE_SLOTS])
{
	uint64_t all = 0;

	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++)
		all += counts[i];
	return all;
}

static bool say_status(const struct signalfd_siginfo *signal, void *ctx)
{
	const struct session *session = ctx;
	struct begat_stats stats = { .size = sizeof(stats) };
	char events[UNITS_BYTES], lost[UNITS_BYTES];

	if (signal->ssi_signo != SIGUSR1)
		return false;
	if (!begat_stats(session->stream.begat, &stats))
		cli_complain("tracing (%s, %s): %s events so far, %s lost.", stats.backend,
			     stats.transport, units_count(events, sum(stats.delivered)),
			     units_count(lost, sum(stats.lost)));
	return true;
}

static int watch(struct options *options, int argc, char **argv)
{
	const char *format = options->format ? options->format : "text";
	struct begat_options opts = { 0 };
	struct session session;
	int err = 0;

	session_init(&session, options, argv);
	session.on_signal = say_status;
	session.ctx = &session;
	int status = session_open(&session, format, STDOUT_FILENO, options_events(options));

	session.stream.ending = stream_ending();
	if (!status)
		status = session_start(&session, &opts);
	if (!status) {
		struct stream *stream = &session.stream;

		err = session_follow(&session);
		/* After the terminal's ^C. */
		if (session.was_interrupted && stream->output.is_terminal && !stream->error)
			stream->error = output_write(&stream->output, "\n", 1);
		err = session_finish(&session, err);
	}
	return session_close(&session, err);
}
