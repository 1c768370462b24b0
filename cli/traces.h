/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/traces.h - what the subcommands that read recordings share.
 *
 * Owns:  opening with a sentence, a FILE over an output, the line that says how far it is.
 * Not:   what is made of a recording.
 */
#ifndef BEGAT_CLI_TRACES_H
#define BEGAT_CLI_TRACES_H

#include <begat/trace.h>
#include <stdio.h>

#include "options.h"
#include "output.h"

/* Opens, complains if it cannot, and says so if the recording is not whole. 0 or -errno. */
int traces_open(const char *path, struct begat_trace **ret_trace);

/*
 * Parses -w again, with the names of users and groups that @trace has. 0, or an exit status after
 * having complained.
 */
int traces_where(struct begat_trace *trace, struct options *options);

/* begat_trace_error() as a line on stderr. */
void traces_complain(const struct begat_trace *trace);

/*
 * After a second a status line says how much has been read; the output ends it unless that is a file:
 * a terminal has something to show from then on, and so may have a pager behind a pipe.
 */
void traces_progress_end(void);

/* An output of -o through stdio. */
struct traces_out {
	struct output output;
	FILE *file;
	int error; /* of the first write that failed */
};

/*
 * Opens what -o says, or standard output. An output that is one of the recordings (@files) is
 * refused. 0, or an exit status after a complaint.
 */
int traces_out_open(struct traces_out *out, const char *command, const char *path,
		    const char *const *files, int count);

/* @err: what making the bytes returned. Returns the exit status, after a complaint if due. */
int traces_out_close(struct traces_out *out, int err);

#endif
