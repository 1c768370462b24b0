/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/traces.c - what the subcommands that read recordings share.
 *
 * Owns:  see traces.h.
 */
#include "traces.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/units.h"
#include "cli.h"
#include "status_line.h"

#define QUIET_MS 500 /* on top of what a status line waits: what takes a second says nothing */

/* A command reads one recording after the other, and has one terminal. */
static struct {
	struct status_line line;
	bool is_open;
	const char *path; /* of the recording that is being read */
	unsigned percent;
	uint64_t written;
} progress;

static void draw_progress(void)
{
	const char *slash = strrchr(progress.path, '/');
	char text[400], safe[200], bytes[UNITS_BYTES], written[UNITS_BYTES + 16] = "";

	cli_safe(safe, sizeof(safe), slash && slash[1] ? slash + 1 : progress.path);
	if (progress.written)
		snprintf(written, sizeof(written), ", %s written",
			 units_size(bytes, progress.written));
	snprintf(text, sizeof(text), "begat: %u %% of %s%s", progress.percent, safe, written);
	status_line_say(&progress.line, text);
}

static void note_progress(uint64_t done, uint64_t total, void *path)
{
	if (progress.line.fd < 0)
		return;
	progress.path = path;
	progress.percent = total && done < total ? (unsigned)(done * 100 / total) : total ? 100 : 0;
	draw_progress();
}

void traces_progress_end(void)
{
	if (progress.is_open)
		status_line_close(&progress.line);
}

void traces_complain(const struct begat_trace *trace)
{
	char safe[1024];

	cli_complain("%s.", cli_safe(safe, sizeof(safe), begat_trace_error(trace)));
}

int traces_open(const char *path, struct begat_trace **ret_trace)
{
	struct begat_trace_info info = { .size = sizeof(info) };
	int err = begat_trace_open(path, ret_trace);
	char safe[512];

	if (!err)
		err = begat_trace_info(*ret_trace, &info);
	if (err < 0)
		traces_complain(*ret_trace);
	if (!err && !progress.is_open) {
		progress.is_open = true;
		status_line_open(&progress.line, path);
		progress.line.next_ms += QUIET_MS;
	}
	if (!err)
		begat_trace_on_progress(*ret_trace, note_progress, (void *)path);
	if (!err && !info.complete)
		cli_complain("%s is incomplete: its recording has not ended (yet); what follows is "
			     "what it holds.",
			     cli_safe(safe, sizeof(safe), path));
	return err;
}

int traces_where(struct begat_trace *trace, struct options *options)
{
	const struct begat_accounts *accounts = begat_trace_accounts(trace);
	struct begat_filter *where = NULL;
	char why[256];
	int err;

	if (!accounts) {
		traces_complain(trace);
		return CLI_FAILED;
	}
	if (!options->where_text)
		return CLI_OK;
	err = begat_filter_parse_for(options->where_text, accounts, &where, why, sizeof(why));
	if (err < 0) {
		cli_complain("in --where: %s.", err == -ENOMEM ? "out of memory" : why);
		return err == -ENOMEM ? CLI_FAILED : CLI_USAGE;
	}
	begat_filter_free(options->where);
	options->where = where;
	return CLI_OK;
}

static ssize_t write_out(void *cookie, const char *data, size_t size)
{
	struct traces_out *out = cookie;
	int err;

	if (!out->output.is_file)
		traces_progress_end();
	err = out->error ? out->error : output_write(&out->output, data, size);
	progress.written += size;
	if (out->output.is_file && progress.path && progress.line.fd >= 0)
		draw_progress();

	if (!err)
		return (ssize_t)size;
	out->error = err;
	errno = -err;
	return 0;
}

/* What others may not read stays so, whatever is made of it: its owner alone may read that. */
static bool is_any_private(const char *const *files, int count)
{
	struct stat st;

	for (int i = 0; i < count; i++)
		if (stat(files[i], &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & S_IROTH))
			return true;
	return false;
}

int traces_out_open(struct traces_out *out, const char *command, const char *path,
		    const char *const *files, int count)
{
	char why[512];

	*out = (struct traces_out){ 0 };
	if (output_open(&out->output, path, 1, is_any_private(files, count), why, sizeof(why)) <
	    0) {
		cli_complain("%s.", why);
		return CLI_FAILED;
	}
	if (output_is_one_of(&out->output, files, count)) {
		output_close(&out->output, true);
		return cli_usage_error(command, "the output would overwrite its recording");
	}
	int err = output_begin(&out->output, true);

	out->file = fopencookie(out, "w", (cookie_io_functions_t){ .write = write_out });
	if (err < 0 || !out->file) {
		cli_complain("cannot write to %s: %s.", out->output.name,
			     strerror(err < 0 ? -err : ENOMEM));
		output_close(&out->output, true);
		return CLI_FAILED;
	}
	setvbuf(out->file, NULL, _IOFBF, 1 << 16);
	return CLI_OK;
}

int traces_out_close(struct traces_out *out, int err)
{
	char name[sizeof(out->output.name)];

	traces_progress_end();
	if (fclose(out->file) == EOF && !out->error)
		out->error = -EIO;
	memcpy(name, out->output.name, sizeof(name));
	int closed = output_close(&out->output, (err < 0 || out->error) && out->error != -EPIPE);

	if (!out->error)
		out->error = closed;
	if (out->error == -EPIPE)
		return CLI_OK;
	if (out->error) {
		cli_complain("cannot write to %s: %s.", name, strerror(-out->error));
		return CLI_FAILED;
	}
	return err < 0 ? CLI_FAILED : CLI_OK;
}
