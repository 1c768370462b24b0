/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/output.h - where bytes go: a terminal, a pipe, a file of -o.
 *
 * Owns:  opening without destroying, what the other end can show, a reader that has gone.
 * Not:   what is written (sinks, the summary).
 */
#ifndef BEGAT_CLI_OUTPUT_H
#define BEGAT_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/safe_open.h"

struct output {
	int fd;
	bool is_owned; /* opened here, so closed here */
	bool is_created; /* -o made this file */
	bool is_file; /* a regular file: truncated by output_begin() */
	bool is_pipe; /* its reader can go away */
	bool is_terminal;
	bool has_color; /* a terminal, and neither NO_COLOR nor TERM=dumb */
	bool has_utf8; /* a terminal in a UTF-8 locale */
	uint32_t columns; /* of the terminal; 0 = it is none and COLUMNS does not say */
	char name[256]; /* for messages, safe to print */
	const char *path; /* of -o, or NULL */
	bool is_private; /* only its owner may read it */
	struct safe_place place; /* of the file of -o; its name is "" for a descriptor */
	char new_name[NAME_MAX + 1]; /* in that folder, until it takes the place; or "" */
};

/*
 * output_open() - what -o says, or a descriptor that is there.
 * @path:       NULL for @default_fd; "-" for standard output.
 * @is_private: the file will hold secrets (environments, or what a private recording holds): only
 *              its owner may read it, also where the file is there already.
 *
 * Nothing that is in the file is lost yet: output_begin() does that, once it is sure that
 * there is something to write instead.
 * Return: 0, or -errno with a sentence in @error.
 */
int output_open(struct output *output, const char *path, int default_fd, bool is_private,
		char *error, size_t error_size);

/*
 * output_begin() - what is written from here on takes the place of what the file held.
 * @is_whole: only when output_close() succeeds; a failure leaves the old file as it was.
 *            Otherwise at once: a stream can be read while it is written.
 * Return: 0 or -errno.
 */
int output_begin(struct output *output, bool is_whole);

/* Columns of the terminal @fd, as COLUMNS or the terminal says, else 80. */
uint32_t output_terminal_columns(int fd);

/* The terminal has another size now. */
void output_resize(struct output *output);

/* Writes all of it. 0 or -errno; -EPIPE: the reader has gone. */
int output_write(struct output *output, const char *data, size_t size);

/*
 * @is_failed: nothing was begun, or not the whole is there; a file that output_open() made is
 *             removed again, and an old one stays as it was.
 * Closing is also the last chance to hear of a full disk: 0 or -errno.
 */
int output_close(struct output *output, bool is_failed);

/*
 * Descriptors 0 to 2 that are closed get a stand-in until an exec, so that no map becomes "stdout".
 */
void output_guard_stdio(void);

/* Flushes stdio's standard output; an exit status: CLI_OK also when the reader has gone. */
int output_flush_stdout(void);

/* Is it one of these recordings, or a file that SQLite has beside one? It would be destroyed. */
bool output_is_one_of(const struct output *output, const char *const *files, int count);

#endif
