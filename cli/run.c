/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/run.c - `begat run`: a command, everything that it begets, and where the time went.
 *
 * Owns:    the order of start and end, which signals go on to the command, the exit status.
 * Not:     making the child (child.c), the summary (summary.c), events (stream.c), a recording
 *          (recorder.c).
 * Called:  by main.c.
 *
 *   child_find -> stream_open -> child_prepare -> stream_start -> child_start -> begat_follow
 *      -> child_release -> stream_wait ... until the command has ended -> begat_finish -> summary
 * With --record: recorder_open and recorder_start after stream_start, recorder_close at last.
 *
 * Invariants
 *  (1) Nothing is written to the command's standard output.
 *  (2) The hooks are in before the command execs: its first exec is an event.
 *  (3) No signal ends begat before the command has ended and the summary is out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "child.h"
#include "cli.h"
#include "recorder.h"
#include "stream.h"
#include "summary.h"

/* One command line a process. */
static const char *record_path; /* of --record, or NULL */
static bool record_overwrites;
static bool waits; /* --wait: for what the command leaves running */
static uint64_t wait_ns; /* at most so long; 0 = for ever */

static int parse_record(struct options *options, const char *value)
{
	char why[256];

	/* "--" would be what separates the command. */
	if (!*value || !strcmp(value, "-") || !strcmp(value, "--"))
		return option_fail(options, "a recording goes into a file: --record trace.db");
	if (begat_recorder_check_path(value, why, sizeof(why)) < 0)
		return option_fail(options, "--record: %s", why);
	record_path = value;
	return 0;
}

static int parse_force(struct options *options, const char *value)
{
	record_overwrites = true;
	return 0;
}

static int parse_wait(struct options *options, const char *value)
{
	char safe[96];
	int r = value ? units_parse_duration(value, 0, &wait_ns) : 0;

	if (r == -EDOM)
		return option_fail(options, "--wait needs a unit: %ss, %smin or %sh", value, value,
				   value);
	if (r || (value && !wait_ns))
		return option_fail(options, "--wait takes a time such as 30s, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	waits = true;
	return 0;
}

static const struct option_spec own_options[] = {
	{ "record", 0, "FILE", 0, "also record all of it into FILE, as 'begat record' does",
	  parse_record },
	{ "force", 'f', NULL, 0, "replace a recording that is there", parse_force },
	{ "wait", 0, "[=TIME]", 0, "wait for what CMD leaves running, at most so long",
	  parse_wait },
	{ NULL, 0, NULL, 0, NULL, NULL },
};

struct run {
	struct stream stream;
	struct recorder *recorder; /* NULL: nothing is recorded */
	struct signals signals;
	struct child child;
	struct summary *summary; /* NULL: no tree is wanted */
	int wait_status; /* of the command, as wait(2) has it */
	bool has_ended;
	bool could_exec;
	bool was_interrupted; /* by Ctrl-C: the terminal has written ^C and stays behind it */
	int status; /* exit status if it could not */
};

static int on_event(const struct begat_event *ev, void *ctx)
{
	struct run *run = ctx;

	/* A failed write or a lack of memory must not stop the command: the end reports both. */
	stream_write(&run->stream, ev);
	if (run->summary)
		summary_add(run->summary, ev);
	if (run->recorder)
		recorder_add(run->recorder, ev);
	return 0;
}

static bool wants_json(const struct options *options)
{
	return options->format && strcmp(options->format, "text");
}

static uint32_t events_to_write(const struct options *options)
{
	uint32_t events = options->events;

	if (!events && !wants_json(options) && !options->where)
		return 0;
	if (!events)
		events = BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	events |= BEGAT_EVENT_BIT(BEGAT_LOST) | BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	/* As text the tree says it better. */
	if (options->quiet || !wants_json(options))
		events &= ~BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	return events;
}

/* Passes on what was meant for the command but was sent to us: not what a terminal sent to both. */
static void forward(const struct run *run, const struct signalfd_siginfo *signal)
{
	bool is_from_kernel = signal->ssi_code > 0;

	if (is_from_kernel || (pid_t)signal->ssi_pid == run->child.pid)
		return;
	kill(run->child.pid, (int)signal->ssi_signo);
}

/* Has the command ended? */
static void reap(struct run *run)
{
	pid_t pid = waitpid(run->child.pid, &run->wait_status, WNOHANG);

	if (pid == run->child.pid || (pid < 0 && errno == ECHILD))
		run->has_ended = true;
}

/* 0, or a negative errno: the tracer broke (the command goes on and is waited for). */
static int follow_command(struct run *run)
{
	struct signalfd_siginfo signal;

	for (;;) {
		reap(run);
		if (run->has_ended)
			return 0;
		int r = stream_wait(&run->stream, &run->signals, &signal);

		if (r == STREAM_SIGNAL && signal.ssi_signo == SIGINT)
			run->was_interrupted = true;
		if (r == STREAM_SIGNAL && signal.ssi_signo != SIGCHLD)
			forward(run, &signal);
		else if (r == STREAM_READER_GONE && !run->stream.error)
			run->stream.error = -EPIPE;
		else if (r < 0)
			return r;
	}
}

/*
 * The command has ended; what it left runs on. Until all of it has ended, the time is over or a
 * signal comes, which is for us: there is no command any more. 0 or a negative errno.
 */
static int wait_for_the_left(struct run *run)
{
	struct signalfd_siginfo signal;
	uint64_t end_ns = clock_read_ns(CLOCK_MONOTONIC) + wait_ns;
	int r = stream_wait_tree(&run->stream);

	if (r == STREAM_EVENTS && !run->stream.options->quiet)
		cli_complain("the command has ended; begat waits for what it left running. Ctrl-C "
			     "ends that.");
	while (r == STREAM_EVENTS || (r == STREAM_SIGNAL && signal.ssi_signo == SIGCHLD)) {
		uint64_t now = clock_read_ns(CLOCK_MONOTONIC);

		if (wait_ns && now >= end_ns)
			break;
		if (wait_ns) /* rounded up: never a busy loop */
			run->stream.tick_ms = (end_ns - now) / 1000000 < 60000
						      ? (uint32_t)((end_ns - now) / 1000000) + 1
						      : 60000;
		r = stream_wait(&run->stream, &run->signals, &signal);
	}
	run->stream.tick_ms = 0;
	run->was_interrupted |= r == STREAM_SIGNAL && signal.ssi_signo == SIGINT;
	if (r == STREAM_READER_GONE && !run->stream.error)
		run->stream.error = -EPIPE;
	return r < 0 ? r : 0;
}

static int start_summary(struct run *run)
{
	uint32_t root = (uint32_t)run->child.pid;

	begat_translate_pid(run->stream.begat, run->child.pid, &root);
	return summary_new((pid_t)root, &run->summary);
}

static int start_command(struct run *run, char **argv)
{
	char why[512];
	int r = child_start(&run->child);

	if (r < 0) {
		cli_complain("cannot start a process: %s.", strerror(-r));
		return r;
	}
	/* From here on events can come; none can before. */
	if (!run->stream.options->quiet && !wants_json(run->stream.options))
		r = start_summary(run);
	if (r < 0) {
		cli_complain("out of memory.");
		return r;
	}
	r = stream_follow(&run->stream, run->child.pid);
	if (r < 0) {
		stream_explain(run->stream.begat);
		return r;
	}
	r = child_release(&run->child);
	run->could_exec = !r;
	if (r > 0) {
		run->status = child_explain(argv, r, why, sizeof(why));
		cli_complain("%s", why);
	}
	/* Gone before it could try (-ECHILD): killed, and waiting for it will tell. */
	run->could_exec |= r < 0;
	return 0;
}

static void print_summary(struct run *run)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct stream *stream = &run->stream;
	char *text = NULL;
	size_t size;

	if (!run->summary || !run->could_exec || stream->error)
		return;
	struct summary_style style = {
		.columns = stream->output.columns,
		.has_colour = stream->output.has_colour,
		.has_utf8 = stream->output.has_utf8,
		.shows_all = stream->options->verbose,
	};
	if (run->was_interrupted && stream->output.is_terminal)
		stream->error = output_write(&stream->output, "\n", 1);
	bool has_stats = !begat_stats(stream->begat, &stats);
	FILE *out = open_memstream(&text, &size);

	if (!out ||
	    summary_print(run->summary, has_stats ? &stats : NULL, stats.now_ns, &style, out))
		cli_complain("out of memory: the summary is not whole.");
	/* Written in one piece: daemons of the command may still talk. */
	if (out && !fclose(out)) {
		if (stream->sink)
			stream->error = begat_sink_flush(stream->sink);
		if (!stream->error)
			stream->error = output_write(&stream->output, text, size);
	}
	free(text);
}

/* From an open tracer to the command's end. 0 or a negative errno that has been told. */
static int trace_command(struct run *run, char **argv)
{
	int r = start_command(run, argv);

	if (r < 0)
		return r;
	r = follow_command(run);
	if (!r && waits)
		r = wait_for_the_left(run);
	if (r < 0)
		stream_explain(run->stream.begat);
	/* Even if the tracer broke: the command's exit status is ours. */
	while (!run->has_ended && waitpid(run->child.pid, &run->wait_status, 0) < 0 &&
	       errno == EINTR)
		;
	struct begat_usage *usage = NULL;

	recorder_end(run->recorder);
	if (run->summary)
		begat_usage_read(run->stream.begat, &usage);
	int finished = begat_finish(run->stream.begat);

	if (usage)
		summary_take_usage(run->summary, usage);
	begat_usage_free(usage);

	if (finished < 0 && r >= 0)
		stream_explain(run->stream.begat);
	print_summary(run);
	return r < 0 ? r : finished < 0 ? finished : 0;
}

static int exit_status(const struct run *run, int r, int failed_write)
{
	if (!run->could_exec)
		return run->status ? run->status : CLI_OWN_FAILURE;
	int status = WIFSIGNALED(run->wait_status) ? 128 + WTERMSIG(run->wait_status)
						   : WEXITSTATUS(run->wait_status);

	/* A trace that is not whole must not look like success; a failed command says more. */
	if (!status && (r < 0 || (failed_write && failed_write != -EPIPE)))
		return CLI_OWN_FAILURE;
	return status;
}

static bool can_write(const struct options *options)
{
	if (!options->output)
		return true;
	if (!strcmp(options->output, "-"))
		cli_complain("-o - would mix into the command's own output: name a file, or use "
			     "/dev/stderr.");
	else
		return true;
	return false;
}

/* The tracer, and with it all that reads its events. 0 or a negative errno that was reported. */
static int open_capture(struct run *run, struct options *options)
{
	struct begat_options opts = { .callback = on_event, .ctx = run, .follow = true };

	if (!options->quiet && !wants_json(options)) {
		opts.events = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			      BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT);
		summary_fields(&opts.fields);
	}
	/* --where thins out what is written, never what the tree or a recording gets. */
	run->stream.is_filtered_here |= options->where && (!wants_json(options) || record_path);
	stream_fill(&run->stream, &opts);
	if (record_path) {
		opts.events |= BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
		opts.reads_usage = true;
		recorder_fields(&opts.fields, options->env != BEGAT_ENV_NONE);
	}
	return stream_start(&run->stream, &opts);
}

/* Only a recording that can begin takes the place of an old one. 0, or a negative errno, told. */
static int open_recording(struct run *run, const struct options *options, char **argv)
{
	struct begat_recorder_options opts = {
		.size = sizeof(opts),
		.overwrite = record_overwrites,
		.path_has_time = true,
		.command = (const char *const *)argv,
	};
	int r = recorder_open(record_path, options, &opts, &run->recorder);

	return r < 0 ? r : recorder_start(run->recorder, run->stream.begat);
}

static int open_run(struct run *run, struct options *options, char **argv)
{
	if (!can_write(options))
		return CLI_OWN_FAILURE;
	if (stream_open(&run->stream, options, options->format ? options->format : "text",
			STDERR_FILENO, events_to_write(options)))
		return CLI_OWN_FAILURE;
	if (record_path && output_is_one_of(&run->stream.output, &record_path, 1)) {
		cli_complain("-o and --record name the same file: give each its own.");
		return CLI_OWN_FAILURE;
	}
	/* Piped it must stay JSON alone; on a terminal somebody reads it. */
	if (wants_json(options) && !options->output && !options->quiet && isatty(STDERR_FILENO))
		cli_complain("events go to standard error, where the command writes, too: "
			     "-o FILE keeps them apart.");
	int r = signals_open(&run->signals, true);

	if (r < 0) {
		cli_complain("cannot wait for signals: %s.", strerror(-r));
		return CLI_OWN_FAILURE;
	}
	r = child_prepare(&run->child, &run->signals, argv);
	if (r < 0) {
		cli_complain("cannot start a process: %s.", strerror(-r));
		return CLI_OWN_FAILURE;
	}
	if (open_capture(run, options) < 0 ||
	    (record_path && open_recording(run, options, argv) < 0))
		return CLI_OWN_FAILURE;
	return CLI_OK;
}

static int run_command(struct options *options, int argc, char **argv)
{
	struct run run = {
		.signals.fd = -1,
		.child = { .pid = -1, .maker = -1, .release_fd = -1, .error_fd = -1 },
		.stream.output.fd = -1,
	};
	const char *ending = NULL;
	char why[200];
	int status;

	if (!argc)
		return cli_usage_error("run", "a command to run is missing");
	status = child_find(&run.child, argv);
	if (status)
		return status;
	status = open_run(&run, options, argv);
	int r = status ? 0 : trace_command(&run, argv);
	if (!status && r >= 0)
		ending = child_ending(argv[0], run.could_exec, run.wait_status, why, sizeof(why));
	int recorded = recorder_close(run.recorder, options->quiet || status, ending);
	int failed_write = stream_close(&run.stream);

	child_drop(&run.child);
	stream_complain(&run.stream);
	signals_close(&run.signals);
	summary_free(run.summary);
	return status ? status : exit_status(&run, r < 0 ? r : recorded, failed_write);
}

const struct command_spec command_run = {
	.captures = true,
	.groups = OPTIONS_OUTPUT | OPTIONS_TEXT | OPTIONS_EVENTS | OPTIONS_CAPTURE | OPTIONS_TALK,
	.own = own_options,
	.takes_arguments = true,
	.about = "Runs CMD, follows everything that it begets, then shows on standard error a tree "
		 "of what\n"
		 "ran, what it cost and how it ended. With -e, -w or --format json the events are "
		 "written\n"
		 "too, as they happen, to -o or standard error. The exit status is that of CMD; "
		 "125 if\n"
		 "begat failed, 126 if CMD cannot be executed, 127 if it is not found.\n",
	.examples = "  sudo begat run -- make -j8\n"
		    "  sudo begat run --record build.db -- make -j8\n"
		    "  sudo begat run --format json -o build.ndjson -- ./configure --quiet\n",
	.run = run_command,
};
