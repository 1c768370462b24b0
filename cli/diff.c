/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/diff.c - `begat diff`: what ran more, less, slower, heavier between recordings.
 *
 * Owns:    its options, budgets, the exit status for CI.
 * Not:     the comparison (libbegat-trace), how it is written (diff_formats.c).
 * Called:  by main.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_set.h"
#include "cli.h"
#include "diff_formats.h"
#include "traces.h"

#define LIST_MAX 256

/* Beyond CLI_FAILED, which says that a condition decided so. */
#define DIFF_TROUBLE 2

static struct {
	const char *format, *budget;
	const char *base[LIST_MAX], *conditions[LIST_MAX];
	int base_count, conditions_count;
} chosen; /* one command line a process */

const char *const *diff_format_names(void)
{
	static const char *const names[] = { "text", "json", "html", NULL };

	return names;
}

static int parse_format(struct options *options, const char *value)
{
	char safe[96];

	for (const char *const *name = diff_format_names(); *name; name++) {
		if (strcmp(value, *name))
			continue;
		chosen.format = value;
		return 0;
	}
	return option_fail(options, "--format takes text, json or html, not '%s'",
			   cli_safe(safe, sizeof(safe), value));
}

static int add(struct options *options, const char **list, int *count, const char *value)
{
	if (*count == LIST_MAX)
		return option_fail(options, "more than %d of one option", LIST_MAX);
	list[(*count)++] = value;
	return 0;
}

static int parse_base(struct options *options, const char *value)
{
	return add(options, chosen.base, &chosen.base_count, value);
}

static int parse_fail_if(struct options *options, const char *value)
{
	return add(options, chosen.conditions, &chosen.conditions_count, value);
}

static int parse_budget(struct options *options, const char *value)
{
	chosen.budget = value;
	return 0;
}

static const struct option_spec own_options[] = {
	{ "base", 'b', "FILE", 0,
	  "compare against this one; repeated, against their mean and spread", parse_base },
	{ "fail-if", 0, "COND", 0, "exit 1 if 'wall > 10%', 'cpu(cc1) > 2s', 'new exe' ...; repeat",
	  parse_fail_if },
	{ "budget", 0, "FILE", 0, "limits of the one recording, one a line: 'count(cc1) <= 40'",
	  parse_budget },
	{ "format", 0, "FORMAT", 0, "text, json or html", parse_format },
	{ "output", 'o', "FILE", 0, "write there, not to standard output", option_output },
	{ "verbose", 'v', NULL, 0, "also what did not change", option_verbose },
	{ NULL, 0, NULL, 0, NULL, NULL },
};

static void close_all(struct begat_trace **traces, int count)
{
	for (int i = 0; i < count; i++)
		begat_trace_close(traces[i]);
	free(traces);
}

/* NULL after a complaint. */
static struct begat_trace **open_all(const char *const *files, int count)
{
	struct begat_trace **traces = calloc((size_t)count + 1, sizeof(*traces));

	for (int i = 0; traces && i < count; i++) {
		if (traces_open(files[i], &traces[i]) < 0) {
			close_all(traces, count);
			return NULL;
		}
	}
	if (!traces)
		cli_complain("out of memory.");
	return traces;
}

/* Judges each --fail-if. 0, or a usage error that was reported. */
static int judge(const struct begat_diff *diff, struct diff_verdict *verdicts, bool *ret_failed)
{
	for (int i = 0; i < chosen.conditions_count; i++) {
		struct diff_verdict *v = &verdicts[i];
		char sentence[700], safe[900];
		int r;

		v->condition = chosen.conditions[i];
		r = begat_diff_check(diff, v->condition, v->why, sizeof(v->why));
		if (r < 0) {
			snprintf(sentence, sizeof(sentence), "--fail-if '%.100s': %s", v->condition,
				 v->why);
			cli_safe(safe, sizeof(safe), sentence);
			if (r == -EINVAL)
				return cli_usage_error("diff", safe);
			cli_complain("%s.", safe);
			return DIFF_TROUBLE;
		}
		v->is_broken = r > 0;
		*ret_failed |= v->is_broken;
	}
	return CLI_OK;
}

static int write_diff(const struct diff_view *view, const char *path)
{
	int base = view->base_count, count = base + view->other_count;
	const char **inputs = calloc((size_t)count + 1, sizeof(*inputs));
	struct diff_view styled = *view;
	struct traces_out out;

	for (int i = 0; inputs && i < count; i++)
		inputs[i] = i < base ? view->base[i] : view->other[i - base];
	if (!inputs)
		cli_complain("out of memory.");

	int status = inputs ? traces_out_open(&out, "diff", path, inputs, count) : DIFF_TROUBLE;

	free(inputs);
	if (status)
		return DIFF_TROUBLE;
	styled.columns = out.output.is_terminal ? out.output.columns : 0;
	styled.has_colour = out.output.has_colour;
	if (!chosen.format || !strcmp(chosen.format, "text"))
		diff_text(&styled, out.file);
	else if (!strcmp(chosen.format, "json"))
		diff_json(&styled, out.file);
	else
		diff_html(&styled, out.file);
	return traces_out_close(&out, 0) ? DIFF_TROUBLE : CLI_OK;
}

static int compare(const struct options *options, const char *const *base, int base_count,
		   const char *const *other, int other_count)
{
	static struct diff_verdict verdicts[LIST_MAX];
	struct begat_trace **before = open_all(base, base_count);
	struct begat_trace **after = before ? open_all(other, other_count) : NULL;
	struct begat_diff *diff = NULL;
	struct diff_view view = { .base = base,
				  .other = other,
				  .base_count = base_count,
				  .other_count = other_count,
				  .verdicts = verdicts,
				  .verdicts_count = chosen.conditions_count,
				  .shows_all = options->verbose > 0 };
	bool has_failed = false;
	int status = DIFF_TROUBLE;

	if (after) {
		int err = begat_diff_new(before, (size_t)base_count, after, (size_t)other_count,
					 &diff);

		if (err < 0) {
			const char *why = NULL;

			for (int i = 0; i < base_count + other_count; i++) {
				struct begat_trace *t =
					i < base_count ? before[i] : after[i - base_count];

				why = !why && *begat_trace_error(t) ? begat_trace_error(t) : why;
			}
			cli_complain("%s.", why ? why : strerror(-err));
		} else {
			view.diff = diff;
			status = judge(diff, verdicts, &has_failed);
		}
		if (diff && !status)
			status = write_diff(&view, options->output);
		if (!status && has_failed)
			status = CLI_FAILED;
	}
	begat_diff_free(diff);
	if (before)
		close_all(before, base_count);
	if (after)
		close_all(after, other_count);
	return status;
}

/* Without its comment and the blanks around it; "" if that is all. */
static char *limit_of(char *line)
{
	size_t len = strcspn(line, "#\r\n");

	while (len && byte_is_one_of(line[len - 1], " \t"))
		len--;
	line[len] = '\0';
	return line + strspn(line, " \t");
}

/* One limit of a budget; prints the verdict. 1 = kept, 0 = broken, negative: told. */
static int check_limit(struct begat_trace *trace, const char *line, int number, FILE *out)
{
	char why[512], safe[256], safe_why[1024];
	int r = begat_budget_check(trace, line, why, sizeof(why));

	cli_safe(safe, sizeof(safe), line);
	cli_safe(safe_why, sizeof(safe_why), why);
	if (r < 0)
		cli_complain("line %d of the budget, '%s': %s.", number, safe, safe_why);
	else
		fprintf(out, "%s: %s: %s\n", r ? "ok" : "FAIL", safe, safe_why);
	return r;
}

static int check_budget(const struct options *options, const char *path)
{
	struct begat_trace *trace = NULL;
	struct traces_out out;
	char *line = NULL, safe[512];
	size_t size = 0;
	bool has_failed = false;
	int r = 1, number = 0, limits = 0, status = DIFF_TROUBLE;
	const char *inputs[] = { path, chosen.budget };
	FILE *budget = fopen(chosen.budget, "re");

	cli_safe(safe, sizeof(safe), chosen.budget);
	if (!budget)
		cli_complain("cannot open the budget %s: %s.", safe, strerror(errno));
	else if (traces_open(path, &trace) == 0 &&
		 traces_out_open(&out, "diff", options->output, inputs, 2) == 0) {
		while (r >= 0 && getline(&line, &size, budget) >= 0) {
			const char *limit = limit_of(line);

			number++;
			if (!*limit)
				continue;
			r = check_limit(trace, limit, number, out.file);
			has_failed |= r == 0;
			limits++;
		}
		/* A budget that checks nothing would be kept for ever. */
		if (ferror(budget))
			cli_complain("cannot read the budget %s: %s.", safe, strerror(errno));
		else if (!limits)
			cli_complain("the budget %s states no limit: write one a line, as "
				     "'count(cc1) <= 40'.",
				     safe);
		if (ferror(budget) || !limits)
			r = -EINVAL;
		status = traces_out_close(&out, 0) || r < 0 ? DIFF_TROUBLE
			 : has_failed			    ? CLI_FAILED
							    : CLI_OK;
	}
	free(line);
	if (budget)
		fclose(budget);
	begat_trace_close(trace);
	return status;
}

static int diff_files(const struct options *options, const char **files, int count)
{
	if (chosen.budget) {
		if (count != 1 || chosen.base_count || chosen.conditions_count || chosen.format)
			return cli_usage_error("diff",
					       "a budget is for one recording, without a base");
		return check_budget(options, files[0]);
	}
	if (chosen.base_count) {
		if (!count)
			return cli_usage_error("diff", "what is to be compared with the base?");
		return compare(options, chosen.base, chosen.base_count, files, count);
	}
	if (count != 2)
		return cli_usage_error("diff", "two recordings, the base first; or --base FILE for "
					       "each of several");
	return compare(options, files, 1, files + 1, 1);
}

static int diff(struct options *options, int argc, char **argv)
{
	const char **files = calloc((size_t)argc + 1, sizeof(*files));
	bool is_done = true;
	int count = 0, status = DIFF_TROUBLE;

	if (!files)
		cli_complain("out of memory.");
	else
		status = traces_arguments("diff", options, OPTIONS_ALWAYS, own_options, argc, argv,
					  files, &count, &is_done);
	if (!is_done)
		status = diff_files(options, files, count);
	free(files);
	return status;
}

const struct command_spec command_diff = {
	.groups = OPTIONS_ALWAYS,
	.own = own_options,
	.takes_arguments = true,
	.about = "Compares recordings by program and command line; pids, temporary names and other "
		 "accidents\n"
		 "are folded. Exit status: 0, 1 if a --fail-if holds or a budget is broken, 2 for "
		 "trouble.\n",
	.examples = "  begat diff main.db branch.db --fail-if 'wall > 10%' --fail-if 'new exe'\n"
		    "  begat diff --base m1.db --base m2.db --base m3.db --base m4.db --base m5.db "
		    "branch.db\n",
	.run = diff,
};
