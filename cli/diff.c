/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/diff.c - `begat diff`: what ran more, less, slower, heavier between recordings.
 *
 * Owns:  its options, budgets, the exit status for CI.
 * Not:   the comparison (libbegat-trace), how it is written (diff_formats.c).
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

struct diff {
	const char *format, *budget;
	const char *base[LIST_MAX], *conditions[LIST_MAX];
	int base_count, conditions_count;
};

static int parse_format(struct options *options, const char *value);
static int parse_base(struct options *options, const char *value);
static int parse_fail_if(struct options *options, const char *value);
static int parse_budget(struct options *options, const char *value);
static int diff(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "base", 'b', "FILE", 0,
	  "compare against this one; repeated, against their mean and spread",
	  .parse = parse_base },
	{ "fail-if", 0, "COND", 0, "exit 1 if 'wall > 10%', 'cpu(cc1) > 2s', 'new exe' ...; repeat",
	  .parse = parse_fail_if },
	{ "budget", 0, "FILE", 0, "limits of the one recording, one a line: 'count(cc1) <= 40'",
	  .parse = parse_budget },
	{ "format", 0, "FORMAT", 0, "text, json or html", .parse = parse_format },
	{ "output", 'o', "FILE", 0, "write there, not to standard output", .parse = option_output },
	{ "verbose", 'v', NULL, 0, "also what did not change", .parse = option_verbose },
	{ .name = NULL },
};

const struct command_spec command_diff = {
	.files = ANY_NUMBER,
	.groups = OPTIONS_ALWAYS,
	.own = own_options,
	.own_size = sizeof(struct diff),
	.about = "Compares recordings by program and command line; pids, temporary names and other "
		 "accidents\n"
		 "are folded. Exit status: 0, 1 if a --fail-if holds or a budget is broken, 2 for "
		 "trouble.\n",
	.examples = "  begat diff main.db branch.db --fail-if 'wall > 10%' --fail-if 'new exe'\n"
		    "  begat diff --base m1.db --base m2.db --base m3.db --base m4.db --base m5.db "
		    "branch.db\n",
	.run = diff,
};

static int parse_format(struct options *options, const char *value)
{
	return option_one_of(options, "--format", diff_format_names(), value,
			     &((struct diff *)options->own)->format);
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
	struct diff *own = options->own;

	return add(options, own->base, &own->base_count, value);
}

static int parse_fail_if(struct options *options, const char *value)
{
	struct diff *own = options->own;

	return add(options, own->conditions, &own->conditions_count, value);
}

static int parse_budget(struct options *options, const char *value)
{
	((struct diff *)options->own)->budget = value;
	return 0;
}

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
static int judge(const struct diff *own, const struct begat_diff *diff,
		 struct diff_verdict *verdicts, bool *ret_failed)
{
	for (int i = 0; i < own->conditions_count; i++) {
		struct diff_verdict *v = &verdicts[i];
		char sentence[700], safe[900];
		int verdict;

		v->condition = own->conditions[i];
		verdict = begat_diff_check(diff, v->condition, v->why, sizeof(v->why));
		if (verdict < 0) {
			snprintf(sentence, sizeof(sentence), "--fail-if '%.100s': %s", v->condition,
				 v->why);
			cli_safe(safe, sizeof(safe), sentence);
			if (verdict == -EINVAL)
				return cli_usage_error("diff", safe);
			cli_complain("%s.", safe);
			return DIFF_TROUBLE;
		}
		v->is_broken = verdict > 0;
		*ret_failed |= v->is_broken;
	}
	return CLI_OK;
}

static int write_diff(const struct diff_view *view, const char *format, const char *path)
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
	styled.has_color = out.output.has_color;
	if (!format || !strcmp(format, "text"))
		diff_text(&styled, out.file);
	else if (!strcmp(format, "json"))
		diff_json(&styled, out.file);
	else
		diff_html(&styled, out.file);
	return traces_out_close(&out, 0) ? DIFF_TROUBLE : CLI_OK;
}

static int compare(const struct options *options, const char *const *base, int base_count,
		   const char *const *other, int other_count)
{
	const struct diff *own = options->own;
	static struct diff_verdict verdicts[LIST_MAX];
	struct begat_trace **before = open_all(base, base_count);
	struct begat_trace **after = before ? open_all(other, other_count) : NULL;
	struct begat_diff *diff = NULL;
	struct diff_view view = { .base = base,
				  .other = other,
				  .base_count = base_count,
				  .other_count = other_count,
				  .verdicts = verdicts,
				  .verdicts_count = own->conditions_count,
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
			status = judge(own, diff, verdicts, &has_failed);
		}
		if (diff && !status)
			status = write_diff(&view, own->format, options->output);
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

/* One limit of a budget; prints the verdict. 1 = kept, 0 = broken, negative: it was reported. */
static int check_limit(struct begat_trace *trace, const char *line, int number, FILE *out)
{
	char why[512], safe[256], safe_why[1024];
	int kept = begat_budget_check(trace, line, why, sizeof(why));

	cli_safe(safe, sizeof(safe), line);
	cli_safe(safe_why, sizeof(safe_why), why);
	if (kept < 0)
		cli_complain("line %d of the budget, '%s': %s.", number, safe, safe_why);
	else
		fprintf(out, "%s: %s: %s\n", kept ? "ok" : "FAIL", safe, safe_why);
	return kept;
}

static int check_budget(const struct options *options, const char *path)
{
	const char *budget_path = ((const struct diff *)options->own)->budget;
	struct begat_trace *trace = NULL;
	struct traces_out out;
	char *line = NULL, safe[512];
	size_t size = 0;
	bool has_failed = false;
	int kept = 1, number = 0, limits = 0, status = DIFF_TROUBLE;
	const char *inputs[] = { path, budget_path };
	FILE *budget = fopen(budget_path, "re");

	cli_safe(safe, sizeof(safe), budget_path);
	if (!budget)
		cli_complain("cannot open the budget %s: %s.", safe, strerror(errno));
	else if (traces_open(path, &trace) == 0 &&
		 traces_out_open(&out, "diff", options->output, inputs, 2) == 0) {
		while (kept >= 0 && getline(&line, &size, budget) >= 0) {
			const char *limit = limit_of(line);

			number++;
			if (!*limit)
				continue;
			kept = check_limit(trace, limit, number, out.file);
			has_failed |= kept == 0;
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
			kept = -EINVAL;
		status = traces_out_close(&out, 0) || kept < 0 ? DIFF_TROUBLE
			 : has_failed			       ? CLI_FAILED
							       : CLI_OK;
	}
	free(line);
	if (budget)
		fclose(budget);
	begat_trace_close(trace);
	return status;
}

static int diff(struct options *options, int argc, char **argv)
{
	const struct diff *own = options->own;
	const char *const *files = (const char *const *)argv;

	if (own->budget) {
		if (argc != 1 || own->base_count || own->conditions_count || own->format)
			return cli_usage_error("diff",
					       "a budget is for one recording, without a base");
		return check_budget(options, files[0]);
	}
	if (own->base_count) {
		if (!argc)
			return cli_usage_error("diff", "what is to be compared with the base?");
		return compare(options, own->base, own->base_count, files, argc);
	}
	if (argc != 2)
		return cli_usage_error("diff", "two recordings, the base first; or --base FILE for "
					       "each of several");
	return compare(options, files, 1, files + 1, 1);
}
