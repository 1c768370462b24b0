/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/report.c - begat_report(): load, analyse, show.
 *
 * Owns:    the list of formats.
 * Not:     any of them.
 */
#include "base/api.h"
#include "base/opts.h"
#include "report.h"

#include <errno.h>
#include <string.h>

#include "store/read/reader.h"

static const struct {
	const char *name;
	int (*write)(const struct analysis *a, const struct begat_report_options *opts, FILE *out);
} formats[] = {
	{ "html", report_html },
	{ "text", report_text },
	{ "json", report_json },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

BEGAT_API const char *const *begat_report_formats(void)
{
	static const char *const names[] = { "html", "text", "json", NULL };

	_Static_assert(sizeof(names) / sizeof(names[0]) == FORMATS + 1, "one name a format");
	return names;
}

BEGAT_API int begat_report(struct begat_trace *trace, const struct begat_report_options *opts,
			   FILE *out)
{
	struct begat_report_options known = { .size = sizeof(known) };
	struct analysis_base *whole = NULL, *b = NULL;
	struct analysis *a = NULL;
	const char *format;
	int err = -EINVAL;

	trace->error[0] = '\0';
	if (opts && !opts_copy(&known, sizeof(known), opts))
		return trace_fail(trace, EINVAL,
				  "the options of the report have no size, or a member that this "
				  "library does not know");
	format = known.format ? known.format : formats[0].name;
	for (size_t i = 0; i < FORMATS; i++) {
		if (strcmp(format, formats[i].name))
			continue;
		err = narrow_load(trace, &known, &whole, &b);
		if (err == 0)
			err = analysis_new(b, &a);
		errno = 0;
		if (err == 0)
			err = formats[i].write(a, &known, out);
		if (err == 0)
			err = begat_trace_check(trace);
		if (err == 0 && (fflush(out) == EOF || ferror(out)))
			err = errno ? -errno : -EIO;
	}
	if (err == -EINVAL && !trace->error[0])
		trace_fail(trace, EINVAL, "a report is html, text or json");
	analysis_free(a);
	if (b != whole)
		analysis_base_free(b);
	analysis_base_free(whole);
	return err;
}
