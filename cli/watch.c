/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/watch.c - `begat watch`: the machine's process events as a stream.
 *
 * Owns:    the default events, when the stream ends and with what status.
 * Not:     formats (sinks), waiting (stream.c).
 * Called:  by main.c.
 *
 *   stream_open -> stream_start -> stream_wait ... -> begat_finish -> stream_close
 *                                     | a signal, or the tree of -p is gone: deliver the rest,
 *                                     |           then the summary
 *                                     | the reader has gone: nobody to deliver to
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli.h"
#include "stream.h"

static int on_event(const struct begat_event *ev, void *ctx)
{
	return stream_write(ctx, ev) < 0;
}

static uint32_t events_to_write(const struct options *options, const char *format)
{
	uint32_t events = options->events;

	if (!events && !strcmp(format, "text"))
		events = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) |
			 BEGAT_EVENT_BIT(BEGAT_EXIT);
	else if (!events)
		events = BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	/* A gap that is not shown is a lie; how it ended is what -q is for. */
	events |= BEGAT_EVENT_BIT(BEGAT_LOST) | BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	if (options->quiet)
		events &= ~BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	return events;
}

static uint64_t sum(const uint64_t counts[BEGAT_TYPE_SLOTS])
{
	uint64_t all = 0;

	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++)
		all += counts[i];
	return all;
}

static void say_status(const struct stream *stream)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	char events[UNITS_BYTES], lost[UNITS_BYTES];

	if (begat_stats(stream->begat, &stats) < 0)
		return;
	cli_complain("tracing (%s, %s): %s events so far, %s lost.", stats.backend, stats.transport,
		     units_count(events, sum(stats.delivered)), units_count(lost, sum(stats.lost)));
}

/* Returns 0, or a negative errno: the tracer broke. */
static int follow_stream(struct stream *stream, const struct signals *signals)
{
	struct signalfd_siginfo signal;
	int r;

	for (;;) {
		r = stream_wait(stream, signals, &signal);
		if (stream->error || (r != STREAM_EVENTS && r != STREAM_SIGNAL))
			break;
		if (r == STREAM_EVENTS)
			continue;
		if (signals_ends(signals, &signal))
			break;
		if (signal.ssi_signo == SIGUSR1)
			say_status(stream);
	}
	if (stream->error || r == STREAM_READER_GONE)
		return 0;
	if (r == STREAM_SIGNAL && signal.ssi_signo == SIGINT && stream->output.is_terminal)
		stream->error =
			output_write(&stream->output, "\n", 1); /* after the terminal's ^C */
	if (r == STREAM_SIGNAL || r == STREAM_TREE_GONE)
		r = begat_finish(stream->begat);
	return r == -ECANCELED ? 0 : r < 0 ? r : 0;
}

static int watch(struct options *options, int argc, char **argv)
{
	const char *format = options->format ? options->format : "text";
	struct stream stream;
	struct signals signals;
	int status = stream_open(&stream, options, format, STDOUT_FILENO,
				 events_to_write(options, format));

	if (status)
		return status;
	int r = signals_open(&signals, false);

	if (r < 0) {
		cli_complain("cannot wait for signals: %s.", strerror(-r));
		stream_close(&stream);
		return CLI_FAILED;
	}
	struct begat_options opts = { .callback = on_event, .ctx = &stream };

	stream.ending = stream_ending();
	stream_fill(&stream, &opts);
	r = stream_start(&stream, &opts);
	if (!r) {
		r = follow_stream(&stream, &signals);
		if (r < 0)
			stream_explain(stream.begat);
	}
	int failed_write = stream_close(&stream);

	stream_complain(&stream);
	signals_close(&signals);
	return r < 0 || (failed_write && failed_write != -EPIPE) ? CLI_FAILED : CLI_OK;
}

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
