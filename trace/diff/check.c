/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/check.c - conditions for --fail-if and --budget.
 *
 * Owns:    their grammar, and the sentence that says why one holds or not.
 *
 *	condition  = ( "new" | "gone" ) "exe" | measure [ "(" program ")" ] relation value
 *	measure    = "count" | "wall" | "cpu" | "rss" | "read" | "write" | "failed"
 *	relation   = ">" | ">=" | "<" | "<=" | "==" | "!="
 *	value      = number [ "%" | time unit | size unit ]
 *
 * In a comparison the left side is the change from base to other (with % its share of base); in a
 * budget it is the measure itself. A program is a shell pattern over the name or the whole path.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/units.h"
#include "diff.h"

static bool is_time(enum begat_diff_measure m)
{
	return m == BEGAT_DIFF_WALL || m == BEGAT_DIFF_CPU;
}

static bool is_size(enum begat_diff_measure m)
{
	return m == BEGAT_DIFF_RSS || m == BEGAT_DIFF_READ || m == BEGAT_DIFF_WRITE;
}

static void skip_space(const char **at)
{
	while (isspace((unsigned char)**at))
		(*at)++;
}

static size_t word_length(const char *at)
{
	size_t n = 0;

	while (isalpha((unsigned char)at[n]))
		n++;
	return n;
}

static int parse_measure(const char **at, struct diff_condition *c, char *why, size_t why_size)
{
	size_t len = word_length(*at);

	for (int m = 0; m < BEGAT_DIFF_MEASURES; m++) {
		const char *name = begat_diff_measure_name((enum begat_diff_measure)m);

		if (strlen(name) == len && !memcmp(name, *at, len)) {
			c->measure = (enum begat_diff_measure)m;
			*at += len;
			return 0;
		}
	}
	snprintf(why, why_size,
		 "'%.*s' is no measure: there are count, wall, cpu, rss, read, write and failed",
		 (int)(len < 40 ? len : 40), *at);
	return -EINVAL;
}

static int parse_program(const char **at, struct diff_condition *c, char *why, size_t why_size)
{
	const char *end;

	skip_space(at);
	if (**at != '(')
		return 0;
	end = strchr(*at, ')');
	if (!end || end == *at + 1 || end - *at > (long)sizeof(c->program)) {
		snprintf(why, why_size,
			 "a program in parentheses belongs after the measure: "
			 "count(cc1)");
		return -EINVAL;
	}
	memcpy(c->program, *at + 1, (size_t)(end - *at - 1));
	c->program[end - *at - 1] = '\0';
	*at = end + 1;
	return 0;
}

static int parse_relation(const char **at, struct diff_condition *c, char *why, size_t why_size)
{
	static const struct {
		const char *text;
		int relation;
	} all[] = {
		{ "<=", DIFF_LESS_EQUAL }, { ">=", DIFF_GREATER_EQUAL }, { "==", DIFF_EQUAL },
		{ "!=", DIFF_NOT_EQUAL },  { "<", DIFF_LESS },		 { ">", DIFF_GREATER }
	};

	skip_space(at);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t len = strlen(all[i].text);

		if (!strncmp(*at, all[i].text, len)) {
			memcpy(&c->relation, &all[i].relation, sizeof(c->relation));
			*at += len;
			return 0;
		}
	}
	snprintf(why, why_size, "one of < <= > >= == != belongs after '%s'",
		 begat_diff_measure_name(c->measure));
	return -EINVAL;
}

static int parse_value(const char **at, struct diff_condition *c, char *why, size_t why_size)
{
	const char *name = begat_diff_measure_name(c->measure);
	uint64_t factor;
	char *end;
	size_t len;

	skip_space(at);
	c->value = strtod(*at, &end);
	if (end == *at || !isfinite(c->value)) {
		snprintf(why, why_size, "a number belongs at the end of the condition");
		return -EINVAL;
	}
	*at = end;
	skip_space(at);
	if (**at == '%') {
		c->is_percent = true;
		(*at)++;
		return 0;
	}
	len = word_length(*at);
	factor = units_factor(is_time(c->measure)   ? UNITS_DURATION
			      : is_size(c->measure) ? UNITS_SIZE
						    : UNITS_NONE,
			      *at, len);
	if (factor || (!len && !is_time(c->measure))) {
		c->value *= factor ? (double)factor : 1;
		*at += len;
		return 0;
	}
	snprintf(why, why_size, "%s takes %s", name,
		 is_time(c->measure)   ? "a time: ns, us, ms, s, min, h, d or w"
		 : is_size(c->measure) ? "a size: B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"
				       : "a plain number");
	return -EINVAL;
}

static int parse(const char *text, struct diff_condition *c, char *why, size_t why_size)
{
	const char *at = text;
	size_t len;
	int err;

	*c = (struct diff_condition){ .kind = DIFF_MEASURE };
	skip_space(&at);
	len = word_length(at);
	if ((len == 3 && !memcmp(at, "new", 3)) || (len == 4 && !memcmp(at, "gone", 4))) {
		c->kind = len == 3 ? DIFF_NEW : DIFF_GONE;
		at += len;
		skip_space(&at);
		err = strncmp(at, "exe", 3) ? -EINVAL : 0;
		at += err ? 0 : 3;
		if (err)
			snprintf(why, why_size, "'exe' belongs after '%.*s'", (int)len,
				 c->kind == DIFF_NEW ? "new" : "gone");
	} else {
		err = parse_measure(&at, c, why, why_size);
		if (!err)
			err = parse_program(&at, c, why, why_size);
		if (!err)
			err = parse_relation(&at, c, why, why_size);
		if (!err)
			err = parse_value(&at, c, why, why_size);
	}
	if (err < 0)
		return err;
	skip_space(&at);
	if (*at) {
		snprintf(why, why_size, "'%.40s' is too much at the end of the condition", at);
		return -EINVAL;
	}
	return 0;
}

static bool holds(const struct diff_condition *c, double x)
{
	switch (c->relation) {
	case DIFF_LESS:
		return x < c->value;
	case DIFF_LESS_EQUAL:
		return x <= c->value;
	case DIFF_GREATER:
		return x > c->value;
	case DIFF_GREATER_EQUAL:
		return x >= c->value;
	case DIFF_EQUAL:
		return x == c->value;
	case DIFF_NOT_EQUAL:
		return x != c->value;
	}
	return false;
}

static bool is_meant(const struct diff_condition *c, const char *key)
{
	const char *slash = strrchr(key, '/');

	return !fnmatch(c->program, key, 0) || (slash && !fnmatch(c->program, slash + 1, 0));
}

#define SHOWN_BYTES (UNITS_BYTES + 1)

static const char *show(char out[SHOWN_BYTES], enum begat_diff_measure m, double value)
{
	const char *sign = value < 0 ? "-" : "";
	char text[UNITS_BYTES];

	if (is_time(m))
		snprintf(out, SHOWN_BYTES, "%s%s", sign,
			 units_duration(text, (uint64_t)fabs(value)));
	else if (is_size(m))
		snprintf(out, SHOWN_BYTES, "%s%s", sign, units_size(text, (uint64_t)fabs(value)));
	else
		snprintf(out, SHOWN_BYTES, "%.6g", value);
	return out;
}

/* Adds what several programs of one pattern did; a maximum stays one. */
static void add_value(double *sum, enum begat_diff_measure m, double value)
{
	*sum = m == BEGAT_DIFF_RSS ? fmax(*sum, value) : *sum + value;
}

/*
 * Sums up each trace over the programs that @c means; the result has one entry a trace. NULL
 * without memory; ret_is_known says whether any program was meant.
 */
static struct diff_sums *sum_programs(const struct begat_diff *d, const struct diff_condition *c,
				      bool *ret_is_known)
{
	const struct diff_keys *keys = &d->program_keys;
	struct diff_sums *sums = calloc(keys->traces, sizeof(*sums));

	*ret_is_known = false;
	for (uint32_t i = 0; sums && i < keys->count; i++) {
		if (!is_meant(c, diff_key(keys, i)))
			continue;
		*ret_is_known = true;
		for (uint32_t t = 0; t < keys->traces; t++)
			add_value(&sums[t].values[c->measure], c->measure,
				  keys->sums[(size_t)i * keys->traces + t].values[c->measure]);
	}
	return sums;
}

static double mean_of(const struct diff_sums *sums, size_t count, enum begat_diff_measure m)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sums[i].values[m];
	return sum / (double)count;
}

static int no_such_program(const struct diff_condition *c, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "no program '%s' ran: write a name as in the table, or a pattern such as '*cc*'",
		 c->program);
	return -ENOENT;
}

/* A change within the noise counts as none: the table shows it as "=". */
static int check_measure(const struct begat_diff *d, const struct diff_condition *c, char *why,
			 size_t why_size)
{
	struct diff_sums *own = NULL;
	const struct diff_sums *sums = d->totals;
	double base, other, x;
	char from[SHOWN_BYTES], to[SHOWN_BYTES];
	bool is_known, is_change;

	if (*c->program) {
		sums = own = sum_programs(d, c, &is_known);
		if (!own) {
			snprintf(why, why_size, "out of memory");
			return -ENOMEM;
		}
		if (!is_known) {
			free(own);
			return no_such_program(c, why, why_size);
		}
	}
	base = mean_of(sums, d->base_count, c->measure);
	other = mean_of(sums + d->base_count, d->other_count, c->measure);
	is_change = diff_is_more_than_noise(sums, d->base_count, d->other_count, c->measure);
	free(own);
	x = is_change ? other - base : 0;
	if (c->is_percent)
		x = base ? x / base * 100 : x ? copysign(INFINITY, x) : 0;
	snprintf(why, why_size, "%s%s%s%s went from %s to %s (%+.1f %%)%s",
		 begat_diff_measure_name(c->measure), *c->program ? " of " : "", c->program,
		 *c->program ? "" : " in all", show(from, c->measure, base),
		 show(to, c->measure, other),
		 base	 ? (other - base) / base * 100
		 : other ? 100.
			 : 0.,
		 other == base					      ? ""
		 : !is_change					      ? ", within the noise"
		 : diff_noise_is_known(d->base_count, d->other_count) ? ""
								      : ", noise unknown");
	return holds(c, x);
}

static int check_kind(const struct begat_diff *d, enum begat_diff_kind kind, char *why,
		      size_t why_size)
{
	size_t found = 0;

	for (size_t i = 0; i < d->programs_count; i++) {
		if (d->programs[i].kind != kind)
			continue;
		if (!found++)
			snprintf(why, why_size, "%s %s", d->programs[i].key,
				 kind == BEGAT_DIFF_NEW ? "is new" : "is gone");
	}
	if (!found)
		snprintf(why, why_size, "no program is %s",
			 kind == BEGAT_DIFF_NEW ? "new" : "gone");
	else if (found > 1 && strlen(why) + 24 < why_size)
		snprintf(why + strlen(why), why_size - strlen(why), ", and %zu more", found - 1);
	return found > 0;
}

BEGAT_API int begat_diff_check(const struct begat_diff *d, const char *condition, char *why,
			       size_t why_size)
{
	struct diff_condition c;
	int err = parse(condition, &c, why, why_size);

	if (err < 0)
		return err;
	if (c.kind == DIFF_MEASURE)
		return check_measure(d, &c, why, why_size);
	return check_kind(d, c.kind == DIFF_NEW ? BEGAT_DIFF_NEW : BEGAT_DIFF_GONE, why, why_size);
}

BEGAT_API int begat_budget_check(struct begat_trace *trace, const char *limit, char *why,
				 size_t why_size)
{
	struct diff_keys programs = { .traces = 1 };
	struct diff_condition c;
	struct diff_sums total;
	char text[SHOWN_BYTES];
	bool is_known;
	double x;
	int err = parse(limit, &c, why, why_size);

	if (err < 0)
		return err;
	if (c.kind != DIFF_MEASURE || c.is_percent) {
		snprintf(why, why_size,
			 "a budget states limits of one recording: no %%, new or gone");
		return -EINVAL;
	}
	err = diff_collect(trace, 0, *c.program ? &programs : NULL, NULL, &total);
	x = total.values[c.measure];
	is_known = !*c.program;
	if (!err && *c.program) {
		x = 0;
		for (uint32_t i = 0; i < programs.count; i++) {
			if (!is_meant(&c, diff_key(&programs, i)))
				continue;
			is_known = true;
			add_value(&x, c.measure, programs.sums[i].values[c.measure]);
		}
	}
	diff_keys_done(&programs);
	if (err < 0) {
		snprintf(why, why_size, "%s", begat_trace_error(trace));
		return err;
	}
	if (!is_known)
		return no_such_program(&c, why, why_size);
	snprintf(why, why_size, "%s%s%s is %s", begat_diff_measure_name(c.measure),
		 *c.program ? " of " : "", c.program, show(text, c.measure, x));
	return holds(&c, x);
}
