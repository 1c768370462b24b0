/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/doctor.c - `begat doctor`: what this kernel allows, and what begat will use.
 *
 * Owns:  the table and the conclusion, as text and as JSON.
 * Not:   the probes (the library's): this only asks and shows.
 *
 * The conclusion is not derived from the probes: a tracer is really opened and asked.
 */
#include <begat/begat.h>
#include <begat/sink.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json_print.h"
#include "cli.h"
#include "color.h"
#include "rights.h"
#include "options.h"
#include "output.h"
#include "width.h"

static int doctor(struct options *options, int argc, char **argv);

const struct command_spec command_doctor = {
	.captures = true,
	.groups = OPTIONS_ANSWER,
	.about = "Probes this kernel, says what each finding means for tracing, then opens a "
		 "tracer to\n"
		 "prove it. Exit status 1 if tracing cannot work.\n",
	.examples =
		"  sudo begat doctor\n"
		"  sudo begat doctor --format json | jq -r 'select(.result != \"ok\") | .probe'\n",
	.run = doctor,
};

#define NAME_MAX_WIDTH 24
#define MARK_WIDTH 9

struct finding {
	char *name, *found, *meaning;
	enum begat_probe_result result;
};

struct findings {
	struct finding *all;
	size_t count;
	bool is_out_of_memory;
};

struct conclusion {
	bool works;
	struct begat *begat; /* holds the strings below; to be closed */
	const char *backend, *transport, *fallback, *error;
};

static const char *const result_names[] = {
	[BEGAT_PROBE_OK] = "ok",
	[BEGAT_PROBE_MISSING] = "missing",
	[BEGAT_PROBE_FATAL] = "FATAL",
};

static void collect(const struct begat_probe *probe, void *ctx)
{
	struct findings *findings = ctx;
	struct finding *bigger =
		reallocarray(findings->all, findings->count + 1, sizeof(*findings->all));

	if (!bigger) {
		findings->is_out_of_memory = true;
		return;
	}
	findings->all = bigger;
	struct finding *f = &bigger[findings->count++];

	f->name = strdup(probe->name ? probe->name : "");
	f->found = strdup(probe->found ? probe->found : "");
	f->meaning = strdup(probe->meaning ? probe->meaning : "");
	f->result = probe->result <= BEGAT_PROBE_FATAL ? probe->result : BEGAT_PROBE_FATAL;
	if (!f->name || !f->found || !f->meaning)
		findings->is_out_of_memory = true;
}

static int ignore_event(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static void conclude(bool can_work, const struct options *options, struct conclusion *ret)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = ignore_event,
		.backend = options->backend,
		.transport = options->transport,
		.latency = options->latency,
		.buffer_bytes = options->buffer_bytes,
	};

	*ret = (struct conclusion){ 0 };
	if (begat_open(&opts, &ret->begat) < 0) {
		ret->error = begat_error(ret->begat);
		return;
	}
	if (begat_stats(ret->begat, &stats)) {
		ret->error = "no statistics could be read.";
		return;
	}
	ret->works = can_work;
	ret->backend = stats.backend;
	ret->transport = stats.transport;
	ret->fallback = stats.fallback ? stats.fallback : "";
	if (!can_work)
		ret->error = "a probe that tracing depends on has failed.";
}

static void print_row(FILE *out, const struct output *output, const struct finding *f,
		      size_t name_width)
{
	static const char *const colors[] = { COLOR_GREEN, COLOR_YELLOW, COLOR_BOLD_RED };
	bool has_color = output->has_color;
	size_t indent = 1 + MARK_WIDTH + name_width + 2;
	size_t columns = output->columns ? output->columns : 100;
	struct paragraph p = { out, indent, columns > indent + 30 ? columns - indent - 1 : 30, 0 };

	fprintf(out, " %s%-*s%s%-*s  ", has_color ? colors[f->result] : "", MARK_WIDTH,
		result_names[f->result], has_color ? COLOR_RESET : "", (int)name_width, f->name);
	paragraph_put(&p, f->found);
	if (*f->meaning) {
		fputs(has_color ? COLOR_DIM : "", out);
		paragraph_put(&p, "-");
		paragraph_put(&p, f->meaning);
		fputs(has_color ? COLOR_RESET : "", out);
	}
	fputc('\n', out);
}

static void print_text(FILE *out, const struct output *output, const struct findings *findings,
		       const struct conclusion *conclusion)
{
	size_t name_width = 5;
	struct utsname host = { 0 };

	uname(&host);
	fprintf(out, "begat %s on %s %s, %s\n\n", begat_version(), host.sysname, host.release,
		host.machine);
	for (size_t i = 0; i < findings->count; i++) {
		size_t len = strlen(findings->all[i].name);

		if (len > name_width)
			name_width = len < NAME_MAX_WIDTH ? len : NAME_MAX_WIDTH;
	}
	for (size_t i = 0; i < findings->count; i++)
		print_row(out, output, &findings->all[i], name_width);
	fputc('\n', out);
	if (conclusion->works) {
		fprintf(out, "Tracing works here: the %s backend over the %s transport.\n",
			conclusion->backend, conclusion->transport);
		if (*conclusion->fallback)
			fprintf(out, "Not better because %s\n", conclusion->fallback);
	} else {
		/* The library's sentence may end in the advice to run what is running. */
		const char *advice = strstr(conclusion->error, " 'begat doctor'");
		size_t len =
			advice ? (size_t)(advice - conclusion->error) : strlen(conclusion->error);

		fprintf(out, "Tracing cannot work here: %.*s\n", (int)len, conclusion->error);
	}
}

static void print_member(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":", name);
	json_print_string(out, text, strlen(text));
}

static void print_json(FILE *out, const struct findings *findings,
		       const struct conclusion *conclusion)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->all[i];

		fputc('{', out);
		print_member(out, "probe", f->name);
		fputc(',', out);
		print_member(out, "result",
			     f->result == BEGAT_PROBE_FATAL ? "fatal" : result_names[f->result]);
		fputc(',', out);
		print_member(out, "found", f->found);
		fputc(',', out);
		print_member(out, "meaning", f->meaning);
		fputs("}\n", out);
	}
	fprintf(out, "{\"works\":%s", conclusion->works ? "true" : "false");
	if (conclusion->works) {
		fputc(',', out);
		print_member(out, "backend", conclusion->backend);
		fputc(',', out);
		print_member(out, "transport", conclusion->transport);
		fputc(',', out);
		print_member(out, "fallback", conclusion->fallback);
	} else {
		fputc(',', out);
		print_member(out, "error", conclusion->error);
	}
	fputs("}\n", out);
}

static int write_all(struct output *output, const struct options *options,
		     const struct findings *findings, const struct conclusion *conclusion)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	if (options->format && !strcmp(options->format, "json"))
		print_json(out, findings, conclusion);
	else
		print_text(out, output, findings, conclusion);
	bool is_short = ferror(out) != 0;
	int err = fclose(out) || is_short ? -ENOMEM : 0;

	if (!err)
		err = output_begin(output, true);
	if (!err)
		err = output_write(output, text, size);
	free(text);
	return err;
}

static int doctor(struct options *options, int argc, char **argv)
{
	struct output output;
	struct findings findings = { 0 };
	struct conclusion conclusion;
	char why[512];

	if (output_open(&output, options->output, STDOUT_FILENO, false, why, sizeof(why))) {
		cli_complain("%s.", why);
		return CLI_FAILED;
	}
	rights_take();
	int err = begat_probe(collect, &findings);

	if (err < 0 || findings.is_out_of_memory) {
		cli_complain("cannot probe this kernel: %s.", strerror(err < 0 ? -err : ENOMEM));
		err = err < 0 ? err : -ENOMEM;
	} else {
		conclude(err == 0, options, &conclusion);
		err = write_all(&output, options, &findings, &conclusion);
		begat_close(conclusion.begat);
		if (err < 0 && err != -EPIPE)
			cli_complain("cannot write to %s: %s.", output.name, strerror(-err));
		else
			err = conclusion.works ? 0 : 1;
	}
	int closed = output_close(&output, err < 0);

	if (closed < 0 && err >= 0) {
		cli_complain("cannot write to %s: %s.", output.name, strerror(-closed));
		err = closed;
	}
	for (size_t i = 0; i < findings.count; i++) {
		free(findings.all[i].name);
		free(findings.all[i].found);
		free(findings.all[i].meaning);
	}
	free(findings.all);
	return err ? CLI_FAILED : CLI_OK;
}
