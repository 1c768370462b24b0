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

#include "cli.h"

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
	else if (!info.complete)
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
	int err = out->error ? out->error : output_write(&out->output, data, size);

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
