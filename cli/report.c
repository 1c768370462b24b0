/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/report.c - `begat report`: where the time of a recording went.
 *
 * Owns:  its options, the file that the page goes to.
 * Not:   the analysis and the formats (libbegat-trace); what -v says of a capture (capture_stats.c).
 *
 * Without -o a page goes into report.html, text and JSON to standard output: a page is useless
 * on a terminal, and everybody wants to open it.
 */
#include <begat/report.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "traces.h"

#define DEFAULT_PAGE "report.html"

static int parse_format(struct options *options, const char *value);
static int report(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "format", 0, "html|text|json", 0, "a page (the default), text for a terminal, or JSON",
	  .parse = parse_format },
	{ "output", 'o', "FILE", 0, "write there; - is standard output", .parse = option_output },
	{ "pid", 'p', "PID", 0, "this process and all that it begot; may be repeated",
	  .parse = option_pid },
	{ "where", 'w', "EXPR", 0, "only processes with an event that matches; begat help filter",
	  .parse = option_where },
	{ .name = NULL },
};

const struct command_spec command_report = {
	.files = 1,
	.groups = OPTIONS_SPAN,
	.own = own_options,
	.about = "Says where the time of a recording went: timeline, critical path, programs, "
		 "process tree,\n"
		 "short-lived processes and failures. The page is one file that loads nothing from "
		 "anywhere;\n"
		 "without -o it becomes " DEFAULT_PAGE ". Text and JSON hold the same analysis.\n",
	.examples =
		"  begat report trace.db -o build.html           a page to look at, keep or send\n"
		"  begat report trace.db --format text | less    the same for a terminal\n"
		"  begat report day.db -p 4711 --since 2h        one process and all below it, of "
		"the last two hours\n",
	.run = report,
};

static int parse_format(struct options *options, const char *value)
{
	return option_one_of(options, "--format", begat_report_formats(), value, &options->format);
}

/* Nothing left is no failure: the report says so, and so does this. */
static void warn_if_nothing(const struct begat_trace_table *table, const struct options *options)
{
	uint64_t offset_ns = (uint64_t)table->realtime_offset_ns;
	bool is_none = options->pids_count;

	for (uint32_t i = 0; i < table->processes_count && is_none; i++)
		for (size_t k = 0; k < options->pids_count; k++)
			if (table->processes[i].tgid == (uint32_t)options->pids[k])
				is_none = false;
	if (is_none)
		cli_complain("no process of -p is in the recording.");
	if ((options->since_ns && options->since_ns > table->last_ns + offset_ns) ||
	    (options->until_ns && options->until_ns < table->first_ns + offset_ns))
		cli_complain("nothing of the recording lies between --since and --until.");
}

static int write_report(struct begat_trace *trace, const char *format,
			const struct options *options, struct traces_out *out)
{
	struct begat_report_options opts = {
		.size = sizeof(opts),
		.format = format,
		.columns = out->output.columns,
		.has_colour = out->output.has_color,
		.has_utf8 = out->output.has_utf8,
		.pids = options->pids,
		.pids_count = (uint32_t)options->pids_count,
		.where = options->where,
		.where_text = options->where_text,
		.since_ns = options->since_ns,
		.until_ns = options->until_ns,
	};
	bool is_new_page = !strcmp(format, "html") && out->output.is_file;
	char name[sizeof(out->output.name)];
	int err, status;

	/* Commands and environments hold secrets: a new page is its owner's first. */
	if (is_new_page && out->output.is_created)
		fchmod(out->output.fd, 0600);
	memcpy(name, out->output.name, sizeof(name));
	err = begat_report(trace, &opts, out->file);
	if (err < 0 && !out->error) {
		if (*begat_trace_error(trace))
			traces_complain(trace);
		else
			cli_complain("cannot make the report: %s.", strerror(-err));
	}
	status = traces_out_close(out, err);
	if (status == CLI_OK && is_new_page)
		cli_complain("the report is in %s; any browser opens it.", name);
	return status;
}

static int report_file(const char *file, struct options *options)
{
	const char *format = options->format ? options->format : "html";
	const char *path = options->output;
	const struct begat_trace_table *table;
	struct begat_trace *trace = NULL;
	struct traces_out out;
	int status = CLI_FAILED;

	if (!path && !strcmp(format, "html"))
		path = DEFAULT_PAGE;
	if (traces_open(file, &trace) == 0 && !traces_where(trace, options)) {
		/* The recording must be sound before anything is written: reading it tells. */
		if (begat_trace_load(trace, &table) < 0)
			traces_complain(trace);
		else
			status = traces_out_open(&out, "report", path, &file, 1);
		if (status == CLI_OK)
			warn_if_nothing(table, options);
		if (status == CLI_OK)
			status = write_report(trace, format, options, &out);
	}
	begat_trace_close(trace);
	return status;
}

static int report(struct options *options, int argc, char **argv)
{
	if (options->until_ns && options->since_ns > options->until_ns)
		return cli_usage_error("report", "--since is later than --until");
	return report_file(argv[0], options);
}
