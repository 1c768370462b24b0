/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/export.c - `begat export`: a recording in the format of another tool.
 *
 * Owns:  its options, where the bytes go.
 * Not:   formats (libbegat-trace).
 */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "traces.h"

struct export
{
	const char *format;
	bool is_cpu, is_raw;
};

static int parse_to(struct options *options, const char *value);
static int export_file(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "to", 't', "FORMAT", 0, "perfetto, chrome, folded, dot, ndjson, csv, ecs or otel",
	  .parse = parse_to },
	{ "output", 'o', "FILE", 0, "write there, not to standard output", .parse = option_output },
	{ "cpu", 0, NULL, 0, "folded: weigh by CPU time, not by wall time",
	  .sets = offsetof(struct export, is_cpu) },
	{ "raw", 0, NULL, 0, "csv: texts like formulas as they are; dot: every process a node",
	  .sets = offsetof(struct export, is_raw) },
	{ "pid", 'p', "PID", 0, "ndjson, csv, ecs: this process and all that it begot",
	  .parse = option_pid },
	{ .name = NULL },
};

const struct command_spec command_export = {
	.files = 1,
	.groups = OPTIONS_EVENTS,
	.own = own_options,
	.own_size = sizeof(struct export),
	.about =
		"Writes a recording as perfetto (ui.perfetto.dev), chrome (speedscope.app), folded "
		"(flame\n"
		"graphs), dot (Graphviz), ndjson, csv, ecs (Elastic Common Schema) or otel (OTLP "
		"spans).\n",
	.examples = "  begat export build.db --to perfetto -o build.pftrace\n"
		    "  begat export build.db --to folded --cpu | flamegraph.pl > build.svg\n",
	.run = export_file,
};

static int parse_to(struct options *options, const char *value)
{
	const struct begat_exporter *all = begat_exporters();
	const char *names[32];
	char list[256] = "", safe[96];
	struct export *own = options->own;
	size_t count = 0;

	for (; all[count].name && count < 31; count++) {
		size_t used = strlen(list);

		names[count] = all[count].name;
		snprintf(list + used, sizeof(list) - used, "%s%s", count ? ", " : "",
			 all[count].name);
		if (!strcmp(value, all[count].name))
			own->format = all[count].name;
	}
	names[count] = NULL;
	if (own->format && !strcmp(value, own->format))
		return 0;
	const char *meant = suggest_word(value, names);

	return option_fail(options, "unknown format '%s'%s%s%s there are %s",
			   cli_safe(safe, sizeof(safe), value), meant ? "; did you mean '" : ":",
			   meant ? meant : "", meant ? "'?" : "", list);
}

static bool is_stream(const char *format)
{
	return !strcmp(format, "ndjson") || !strcmp(format, "csv") || !strcmp(format, "ecs");
}

static bool is_binary(const char *format)
{
	return !strcmp(format, "perfetto");
}

static int export_one(const char *path, struct options *options)
{
	const struct export *own = options->own;
	struct begat_trace_query query = {
		.size = sizeof(query),
		.events = options->events,
		.pids = options->pids,
		.pids_count = (uint32_t)options->pids_count,
	};
	struct begat_export_options opts = {
		.size = sizeof(opts), .query = &query, .cpu = own->is_cpu, .raw = own->is_raw
	};
	struct begat_trace *trace = NULL;
	struct traces_out out;
	int status = CLI_FAILED;

	if (traces_open(path, &trace) == 0)
		status = traces_where(trace, options);
	query.where = options->where;
	if (!status)
		status = traces_out_open(&out, "export", options->output, &path, 1);
	if (!status && out.output.is_terminal && is_binary(own->format)) {
		traces_out_close(&out, 0);
		status = cli_usage_error("export", "a terminal cannot show this binary format: "
						   "name a file with -o, or write into a pipe");
	} else if (!status) {
		int err = begat_export(trace, own->format, &opts, out.file);

		if (err < 0 && !out.error) {
			if (*begat_trace_error(trace))
				traces_complain(trace);
			else
				cli_complain("cannot export: %s.", strerror(-err));
		}
		status = traces_out_close(&out, err);
	}
	begat_trace_close(trace);
	return status;
}

static int export_file(struct options *options, int argc, char **argv)
{
	const struct export *own = options->own;
	bool has_query = options->events || options->where || options->pids_count;

	if (!own->format)
		return cli_usage_error("export",
				       "into which format? Say --to perfetto, for example");
	if (has_query && !is_stream(own->format))
		return cli_usage_error(
			"export",
			"-e, -w and -p select events: only ndjson, csv and ecs have them");
	if (own->is_cpu && strcmp(own->format, "folded"))
		return cli_usage_error("export", "--cpu is for --to folded");
	if (own->is_raw && strcmp(own->format, "csv") && strcmp(own->format, "dot"))
		return cli_usage_error("export", "--raw is for --to csv and --to dot");
	return export_one(argv[0], options);
}
