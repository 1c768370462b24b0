/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/report_trace.c - `begat report`: where the time of a recording went.
 *
 * Owns:    its options, the file that the page goes to.
 * Not:     the analysis and the formats (libbegat-trace); what -v says of a capture (report.c).
 * Called:  by main.c.
 *
 * Without -o a page goes into report.html, text and JSON to standard output: nobody wants a page
 * on a terminal, and everybody wants to open it.
 */
#include <begat/report.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "options.h"
#include "output.h"

#define DEFAULT_PAGE "report.html"

static int parse_format(struct options *options, const char *value)
{
	const char *const *names = begat_report_formats();
	char safe[64];

	for (size_t i = 0; names[i]; i++) {
		if (!strcmp(value, names[i])) {
			options->format = names[i];
			return 0;
		}
	}
	return option_fail(options, "--format takes html, text or json, not '%s'",
			   cli_safe(safe, sizeof(safe), value));
}

static const struct option_spec own_options[] = {
	{ "format", 0, "html|text|json", 0, "a page (the default), text for a terminal, or JSON",
	  parse_format },
	{ "output", 'o', "FILE", 0, "write there; - is standard output", option_output },
	{ NULL, 0, NULL, 0, NULL, NULL },
};

struct target {
	struct output output;
	int err; /* of the first write that failed */
};

static ssize_t write_target(void *cookie, const char *data, size_t size)
{
	struct target *target = cookie;
	int err = output_write(&target->output, data, size);

	if (err == 0)
		return size;
	if (!target->err)
		target->err = err;
	errno = -err;
	return 0;
}

static int write_report(struct begat_trace *trace, const char *format, struct target *target)
{
	struct begat_report_options opts = {
		.size = sizeof(opts),
		.format = format,
		.columns = target->output.columns,
		.has_colour = target->output.has_colour,
		.has_utf8 = target->output.has_utf8,
	};
	FILE *out = fopencookie(target, "w", (cookie_io_functions_t){ .write = write_target });
	int err;

	if (!out)
		return -ENOMEM;
	setvbuf(out, NULL, _IOFBF, 1 << 16);
	err = begat_report(trace, &opts, out);
	if (fclose(out) == EOF && err == 0)
		err = -EIO;
	return target->err ? target->err : err;
}

/* The recording must be sound before anything is written: its first reading tells. */
static int open_trace(const char *path, struct begat_trace **ret_trace)
{
	const struct begat_trace_table *table;
	int err = begat_trace_open(path, ret_trace);

	if (err == 0)
		err = begat_trace_load(*ret_trace, &table);
	if (err < 0)
		cli_complain("%s", begat_trace_error(*ret_trace));
	return err;
}

/* An output that is the recording itself would destroy it. */
static bool is_same_file(const char *path, int fd)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int report_to(struct begat_trace *trace, const char *trace_path, const char *format,
		     const char *path)
{
	bool is_page = !strcmp(format, "html");
	struct target target = { 0 };
	char error[512];
	int err, close_err;

	/* argv and env may hold secrets: a page is for its owner first. */
	if (output_open(&target.output, path, 1, is_page, error, sizeof(error)) < 0) {
		cli_complain("%s.", error);
		return CLI_FAILED;
	}
	if (is_same_file(trace_path, target.output.fd)) {
		output_close(&target.output, false);
		return cli_usage_error("report", "the report would overwrite its recording");
	}
	err = output_begin(&target.output);
	if (err == 0)
		err = write_report(trace, format, &target);
	close_err = output_close(&target.output, err < 0 && err != -EPIPE);
	err = err ? err : close_err;
	if (err == -EPIPE)
		return CLI_OK;
	if (err < 0) {
		cli_complain("cannot write the report to %s: %s.", target.output.name,
			     strerror(-err));
		return CLI_FAILED;
	}
	if (is_page && target.output.is_file)
		cli_complain("the report is in %s; any browser opens it.", target.output.name);
	return CLI_OK;
}

static int run_report(struct options *options, int argc, char **argv)
{
	struct begat_trace *trace = NULL;
	int rest = 1, status = CLI_FAILED;

	if (!argc)
		return cli_usage_error("report", "which recording? Name a trace.db");
	/* Options may follow the recording, too: nobody else's command can. */
	if (options_parse(options, OPTIONS_ALWAYS, own_options, argc, argv, &rest))
		return cli_usage_error("report", options->error);
	if (options->help) {
		help_command(stdout, command_by_name("report"));
		return output_flush_stdout();
	}
	if (rest < argc)
		return cli_usage_error("report", "one recording at a time");
	const char *format = options->format ? options->format : "html";
	const char *path = options->output;

	if (!path && !strcmp(format, "html"))
		path = DEFAULT_PAGE;
	if (open_trace(argv[0], &trace) == 0)
		status = report_to(trace, argv[0], format, path);
	begat_trace_close(trace);
	return status;
}

const struct command_spec command_report = {
	.groups = OPTIONS_ALWAYS,
	.own = own_options,
	.takes_arguments = true,
	.about = "Says where the time of a recording went: timeline, critical path, programs, "
		 "process tree,\n"
		 "short-lived processes and failures. The page is one file that loads nothing from "
		 "anywhere;\n"
		 "without -o it becomes " DEFAULT_PAGE ". Text and JSON hold the same analysis.\n",
	.examples =
		"  begat report trace.db -o build.html           a page to look at, keep or send\n"
		"  begat report trace.db --format text | less    the same for a terminal\n",
	.run = run_report,
};
