/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/html.c - the page: the built template with a recording's data put in.
 *
 * Owns:    the places in the template where data goes; escaping for HTML.
 * Not:     the template (web/, built into web/dist/report.html), the data (json.c, columns.c).
 *
 * Invariant: nothing of a recording reaches the page but as base64, as JSON without '<', or
 * escaped here. The page's own script and style are fixed by hashes in its policy.
 */
#include "report.h"

#include <errno.h>
#include <string.h>

#include "base/byte_set.h"

/* page.S: the file, and a NUL that does not count. */
extern const char report_page[], report_page_end[];

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (byte_is_one_of(*text, "<>&\"'"))
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}

static void put_title(const struct analysis *a, FILE *out)
{
	const struct analysis_base *b = a->base;
	struct report_ending ending;
	char text[200] = "";
	struct begat_str host = base_text(b, b->meta.host);

	report_find_ending(a, &ending);
	put_escaped(out, ending.sentence);
	if (*ending.sentence)
		fputs(" - ", out);
	if (b->meta.command)
		format_argv(b, b->meta.command, text, sizeof(text));
	else if (host.len)
		snprintf(text, sizeof(text), "%.*s", (int)host.len, host.data);
	put_escaped(out, text);
	fputs(text[0] ? " - begat" : "begat report", out);
}

/* Writes the template up to @mark; returns what comes after it, or NULL. */
static const char *put_until(const char *at, const char *mark, FILE *out)
{
	const char *found = memmem(at, report_page_end - at, mark, strlen(mark));

	if (!found)
		return NULL;
	fwrite(at, 1, found - at, out);
	return found + strlen(mark);
}

int report_html(const struct analysis *a, const struct begat_report_options *opts, FILE *out)
{
	const char *at = put_until(report_page, "@BEGAT_TITLE@", out);
	int err;

	if (!at)
		return -EIO;
	put_title(a, out);
	at = put_until(at, "@BEGAT_ANALYSIS@", out);
	if (!at)
		return -EIO;
	json_analysis(a, true, out);
	at = put_until(at, "@BEGAT_COLUMNS@", out);
	if (!at)
		return -EIO;
	err = columns_write(a, out);
	if (err < 0)
		return err;
	fwrite(at, 1, report_page_end - at, out);
	return 0;
}
