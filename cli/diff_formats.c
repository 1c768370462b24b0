/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/diff_formats.c - how a comparison is written.
 *
 * Owns:  see diff_formats.h.
 *
 * Invariants
 *  (1) Names pass begat_escape() before they reach a terminal or a page, in every format.
 */
#include "diff_formats.h"

#include <begat/sink.h>
#include <math.h>
#include <string.h>

#include "base/json_print.h"
#include "base/units.h"
#include "cli.h"
#include "color.h"

const char *const *diff_format_names(void)
{
	static const char *const names[] = { "text", "json", "html", NULL };

	return names;
}

#define ROWS_SHOWN 40 /* unless all are wanted */

static const char *const kind_names[] = { "both", "new", "gone" };

static const char *show(char out[UNITS_BYTES], enum begat_diff_measure m, double value)
{
	if (m == BEGAT_DIFF_WALL || m == BEGAT_DIFF_CPU)
		return units_duration(out, (uint64_t)value);
	if (m == BEGAT_DIFF_RSS || m == BEGAT_DIFF_READ || m == BEGAT_DIFF_WRITE)
		return units_size(out, (uint64_t)value);
	snprintf(out, UNITS_BYTES, "%.6g", value);
	return out;
}

static void safe_key(char out[2048], const char *key)
{
	begat_escape(out, 2048, key, strlen(key), false);
}

static bool has_change(const struct begat_diff_row *row)
{
	if (row->kind != BEGAT_DIFF_BOTH)
		return true;
	for (int m = 0; m < BEGAT_DIFF_MEASURES; m++)
		if (row->differs[m])
			return true;
	return false;
}

/* "=": no change beyond the noise. A question mark: nobody knows whether it is noise. */
static void change(char out[32], const struct diff_view *v, const struct begat_diff_row *row,
		   enum begat_diff_measure m)
{
	double base = row->base[m].mean, other = row->other[m].mean;

	if (!row->differs[m])
		snprintf(out, 32, "=");
	else if (!base)
		snprintf(out, 32, "new");
	else if (!other)
		snprintf(out, 32, "gone");
	else
		snprintf(out, 32, "%+.1f%%%s", (other - base) / base * 100,
			 begat_diff_noise_is_known(v->diff) ? "" : "?");
}

#define NOISE_UNKNOWN                                                                        \
	"Noise is unknown (marked ?): %d + %d recordings cannot tell a change from chance. " \
	"Record at least 5, best 5 with --base.\n"

/* ---- text ---- */

static void text_total(const struct diff_view *v, FILE *out)
{
	const struct begat_diff_row *t = begat_diff_total(v->diff);

	fprintf(out, "%-8s %12s %12s %9s\n", "total", "base", "other", "change");
	for (int m = 0; m < BEGAT_DIFF_MEASURES; m++) {
		char base[UNITS_BYTES], other[UNITS_BYTES], delta[32];

		change(delta, v, t, (enum begat_diff_measure)m);
		fprintf(out, "%-8s %12s %12s %9s",
			begat_diff_measure_name((enum begat_diff_measure)m),
			show(base, (enum begat_diff_measure)m, t->base[m].mean),
			show(other, (enum begat_diff_measure)m, t->other[m].mean), delta);
		if (t->base[m].deviation || t->other[m].deviation) {
			show(base, (enum begat_diff_measure)m, t->base[m].deviation);
			show(other, (enum begat_diff_measure)m, t->other[m].deviation);
			fprintf(out, "   spread %s, %s", base, other);
		}
		putc('\n', out);
	}
	if (!begat_diff_noise_is_known(v->diff))
		fprintf(out, NOISE_UNKNOWN, v->base_count, v->other_count);
}

static void text_row(const struct diff_view *v, const struct begat_diff_row *row, FILE *out)
{
	char cpu[UNITS_BYTES], wall[UNITS_BYTES], deltas[4][32], key[2048], line[2400];
	const char *color = row->kind == BEGAT_DIFF_NEW	   ? COLOR_YELLOW
			    : row->kind == BEGAT_DIFF_GONE ? COLOR_DIM
							   : "";
	size_t len;

	change(deltas[0], v, row, BEGAT_DIFF_COUNT);
	change(deltas[1], v, row, BEGAT_DIFF_WALL);
	change(deltas[2], v, row, BEGAT_DIFF_CPU);
	change(deltas[3], v, row, BEGAT_DIFF_RSS);
	safe_key(key, row->key);
	snprintf(line, sizeof(line), "%-5s %6.6g %8s %9s %9s %9s %9s %9s  %s",
		 row->kind == BEGAT_DIFF_BOTH ? "" : kind_names[row->kind],
		 row->kind == BEGAT_DIFF_GONE ? row->base[BEGAT_DIFF_COUNT].mean
					      : row->other[BEGAT_DIFF_COUNT].mean,
		 deltas[0],
		 show(wall, BEGAT_DIFF_WALL,
		      row->kind == BEGAT_DIFF_GONE ? row->base[BEGAT_DIFF_WALL].mean
						   : row->other[BEGAT_DIFF_WALL].mean),
		 deltas[1],
		 show(cpu, BEGAT_DIFF_CPU,
		      row->kind == BEGAT_DIFF_GONE ? row->base[BEGAT_DIFF_CPU].mean
						   : row->other[BEGAT_DIFF_CPU].mean),
		 deltas[2], deltas[3], key);
	len = strlen(line);
	if (v->columns && len > v->columns)
		len = v->columns;
	while (len && (line[len] & 0xc0) == 0x80)
		len--;
	fprintf(out, "%s%.*s%s\n", v->has_color ? color : "", (int)len, line,
		v->has_color && *color ? COLOR_RESET : "");
}

void diff_text(const struct diff_view *v, FILE *out)
{
	size_t count, shown = 0, changed = 0;
	const struct begat_diff_row *rows = begat_diff_rows(v->diff, &count);

	text_total(v, out);
	fprintf(out, "\n%-5s %6s %8s %9s %9s %9s %9s %9s  %s\n", "", "runs", "change", "wall",
		"change", "cpu", "change", "rss", "program");
	for (size_t i = 0; i < count; i++) {
		if (!v->shows_all && !has_change(&rows[i]))
			continue;
		changed++;
		if (!v->shows_all && shown == ROWS_SHOWN)
			continue;
		text_row(v, &rows[i], out);
		shown++;
	}
	if (changed > shown)
		fprintf(out, "... and %zu more programs that changed; -v shows all\n",
			changed - shown);
	if (count > changed)
		fprintf(out, "%zu program%s without a change%s\n", count - changed,
			count - changed == 1 ? "" : "s",
			begat_diff_noise_is_known(v->diff) ? " beyond the noise" : "");
	for (int i = 0; i < v->verdicts_count; i++) {
		char condition[256], why[1024];

		fprintf(out, "%s: %s: %s\n", v->verdicts[i].is_broken ? "FAIL" : "ok",
			cli_safe(condition, sizeof(condition), v->verdicts[i].condition),
			cli_safe(why, sizeof(why), v->verdicts[i].why));
	}
}

/* ---- JSON ---- */

static void json_text(FILE *out, const char *text)
{
	char safe[2048];

	safe_key(safe, text);
	json_print_string(out, safe, strlen(safe));
}

static void json_value(FILE *out, const struct begat_diff_value *v)
{
	fprintf(out, "{\"mean\":%.17g,\"deviation\":%.17g,\"min\":%.17g,\"max\":%.17g}", v->mean,
		v->deviation, v->min, v->max);
}

static void json_row(FILE *out, const struct diff_view *v, const char *what,
		     const struct begat_diff_row *row)
{
	fprintf(out, "{\"row\":\"%s\",\"key\":", what);
	json_text(out, row->key);
	fprintf(out, ",\"kind\":\"%s\",\"base_seen\":%u,\"other_seen\":%u", kind_names[row->kind],
		row->base_seen, row->other_seen);
	fprintf(out, ",\"noise_is_known\":%s",
		begat_diff_noise_is_known(v->diff) ? "true" : "false");
	for (int m = 0; m < BEGAT_DIFF_MEASURES; m++) {
		fprintf(out,
			",\"%s\":{\"base\":", begat_diff_measure_name((enum begat_diff_measure)m));
		json_value(out, &row->base[m]);
		fputs(",\"other\":", out);
		json_value(out, &row->other[m]);
		fprintf(out, ",\"differs\":%s}", row->differs[m] ? "true" : "false");
	}
	fputs("}\n", out);
}

void diff_json(const struct diff_view *v, FILE *out)
{
	size_t count;
	const struct begat_diff_row *rows;

	json_row(out, v, "total", begat_diff_total(v->diff));
	rows = begat_diff_rows(v->diff, &count);
	for (size_t i = 0; i < count; i++)
		json_row(out, v, "program", &rows[i]);
	rows = begat_diff_commands(v->diff, &count);
	for (size_t i = 0; i < count; i++)
		json_row(out, v, "command", &rows[i]);
	for (int i = 0; i < v->verdicts_count; i++) {
		fputs("{\"row\":\"verdict\",\"condition\":", out);
		json_text(out, v->verdicts[i].condition);
		fputs(",\"why\":", out);
		json_text(out, v->verdicts[i].why);
		fprintf(out, ",\"failed\":%s}\n", v->verdicts[i].is_broken ? "true" : "false");
	}
}

/* ---- HTML ---- */

static void html_text(FILE *out, const char *text)
{
	char safe[2048];

	safe_key(safe, text);
	for (const char *c = safe; *c; c++) {
		switch (*c) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			putc(*c, out);
		}
	}
}

static const char page_start[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>begat diff</title>\n<style>\n"
	/* The palette and the manners of the report's page, trace/report/web/src/style.css. */
	":root { color-scheme: light dark; --ground: #faf9f7; --paper: #fff; --ink: #1d1c1a; "
	"--soft: #5f5b55; --faint: #8f8a82; --line: #e7e4df; --bad: #b3261e; --bad-soft: #fbeae8; "
	"--good: #2f6b3c; --good-soft: #e8f3ea; }\n"
	"@media (prefers-color-scheme: dark) { :root { --ground: #141416; --paper: #1b1b1d; "
	"--ink: #ecebe8; --soft: #aeaaa3; --faint: #7d7972; --line: #2c2c2f; --bad: #ff8a7f; "
	"--bad-soft: #402321; --good: #8fcf9d; --good-soft: #1f3325; } }\n"
	"body { font: 14px/1.5 Inter, system-ui, \"Segoe UI\", Roboto, \"Liberation Sans\", "
	"sans-serif; font-variant-numeric: tabular-nums; background: var(--ground); "
	"color: var(--ink); max-width: 1336px; margin: 0 auto; padding: 30px 32px 80px; }\n"
	"h1 { font-size: 21px; font-weight: 600; letter-spacing: -.01em; margin: 0 0 10px; }\n"
	"h2 { font-size: 16px; font-weight: 620; margin: 34px 0 12px; }\n"
	"p { margin: 4px 0; color: var(--soft); }\n"
	"p b { display: inline-block; min-width: 3.4em; font-weight: 400; color: var(--faint); }\n"
	".files { font: 13px ui-monospace, Menlo, Consolas, monospace; color: var(--ink); }\n"
	".ok, .FAIL { margin: 10px 0 0; padding: 7px 12px; border-left: 3px solid var(--good); "
	"background: var(--good-soft); color: var(--ink); }\n"
	".FAIL { border-color: var(--bad); background: var(--bad-soft); font-weight: 600; }\n"
	".table { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; "
	"overflow-x: auto; }\n"
	"table { border-collapse: collapse; width: 100%; font-size: 13px; }\n"
	"th { font-size: 12px; font-weight: 400; color: var(--soft); }\n"
	"th, td { text-align: right; padding: 5px 14px 5px 0; white-space: nowrap; "
	"vertical-align: baseline; border-top: 1px solid var(--line); }\n"
	"thead th { border: 0; } td.more, td.less, td.same { min-width: 4.6em; }\n"
	"th:first-child, td:first-child { text-align: left; padding-left: 14px; width: 99%; }\n"
	"td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 260px; "
	"font: 12px/1.5 ui-monospace, Menlo, Consolas, monospace; }\n"
	".kind { font: 12px Inter, system-ui, sans-serif; color: var(--soft); "
	"background: var(--line); border-radius: 10px; padding: 1px 8px; margin-right: 6px; }\n"
	".more { color: var(--bad); } .less { color: var(--good); } .same { color: var(--faint); "
	"}\n"
	"@media (max-width: 860px) { body { padding: 20px 18px 60px; } }\n"
	"@media print { body { background: #fff; padding: 0; } .table { overflow: visible; } "
	"tr { break-inside: avoid; } }\n"
	"</style></head><body>\n<h1>begat diff</h1>\n";

static void html_change(FILE *out, const struct diff_view *v, const struct begat_diff_row *row,
			enum begat_diff_measure m)
{
	char text[32], value[UNITS_BYTES];
	const char *class = !row->differs[m]			     ? "same"
			    : row->other[m].mean > row->base[m].mean ? "more"
								     : "less";

	change(text, v, row, m);
	fprintf(out, "<td>%s</td><td class=\"%s\">%s</td>", show(value, m, row->other[m].mean),
		class, text);
}

static void html_row(FILE *out, const struct diff_view *v, const struct begat_diff_row *row)
{
	fputs("<tr><td>", out);
	if (row->kind != BEGAT_DIFF_BOTH)
		fprintf(out, "<span class=\"kind\">%s</span>", kind_names[row->kind]);
	html_text(out, row->key);
	fputs("</td>", out);
	html_change(out, v, row, BEGAT_DIFF_COUNT);
	html_change(out, v, row, BEGAT_DIFF_WALL);
	html_change(out, v, row, BEGAT_DIFF_CPU);
	html_change(out, v, row, BEGAT_DIFF_RSS);
	html_change(out, v, row, BEGAT_DIFF_FAILED);
	fputs("</tr>\n", out);
}

static void html_files(FILE *out, const char *label, const char *const *files, int count)
{
	fprintf(out, "<p><b>%s</b> <span class=\"files\">", label);
	for (int i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		html_text(out, files[i]);
	}
	fputs("</span></p>\n", out);
}

static void html_table(FILE *out, const struct diff_view *v, const char *title,
		       const struct begat_diff_row *rows, size_t count, bool shows_all)
{
	size_t shown = 0;

	fprintf(out,
		"<h2>%s</h2>\n<div class=\"table\"><table><thead><tr><th>Command</th>"
		"<th>Runs</th><th>Change</th><th>Wall</th><th>Change</th><th>CPU</th>"
		"<th>Change</th><th>Max RSS</th><th>Change</th><th>Failed</th><th>Change</th>"
		"</tr></thead><tbody>\n",
		title);
	for (size_t i = 0; i < count; i++) {
		if (!shows_all && (!has_change(&rows[i]) || shown == 500))
			continue;
		html_row(out, v, &rows[i]);
		shown++;
	}
	fputs("</tbody></table></div>\n", out);
	if (shown < count)
		fprintf(out,
			"<p>%zu more without a change beyond the noise, or a smaller one.</p>\n",
			count - shown);
}

void diff_html(const struct diff_view *v, FILE *out)
{
	size_t count;
	const struct begat_diff_row *rows;

	fputs(page_start, out);
	html_files(out, "base", v->base, v->base_count);
	html_files(out, "other", v->other, v->other_count);
	for (int i = 0; i < v->verdicts_count; i++) {
		const char *verdict = v->verdicts[i].is_broken ? "FAIL" : "ok";

		fprintf(out, "<p class=\"%s\">%s: ", verdict, verdict);
		html_text(out, v->verdicts[i].condition);
		fputs(": ", out);
		html_text(out, v->verdicts[i].why);
		fputs("</p>\n", out);
	}
	if (!begat_diff_noise_is_known(v->diff)) {
		fputs("<p>", out);
		fprintf(out, NOISE_UNKNOWN, v->base_count, v->other_count);
		fputs("</p>\n", out);
	}
	html_table(out, v, "Total", begat_diff_total(v->diff), 1, true);
	rows = begat_diff_rows(v->diff, &count);
	html_table(out, v, "Programs", rows, count, v->shows_all);
	rows = begat_diff_commands(v->diff, &count);
	html_table(out, v, "Command lines", rows, count, v->shows_all);
	fputs("</body></html>\n", out);
}
