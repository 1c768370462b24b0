/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/recorder.h - a recording while something else captures.
 *
 * Owns:  the thread that writes, the queue to it, the words at its end.
 * Not:   the file (libbegat-trace), the capture (stream.c).
 *
 *	recorder_open(path, &opts, &recorder)   before the tracer: cheap to refuse
 *	begat_open(..)                          with recorder_fields()
 *	recorder_start(recorder, begat)         signals are blocked by then
 *	recorder_add(recorder, ev)              for each event, also the summary; never blocks
 *	recorder_end(recorder)                  just before begat_finish()
 *	recorder_close(recorder, quiet)         after begat_finish()
 */
#ifndef BEGAT_CLI_RECORDER_H
#define BEGAT_CLI_RECORDER_H

#include <begat/begat.h>
#include <begat/trace.h>

struct options;
struct recorder;
struct status_counts;

/*
 * Creates the file; the command of @opts goes into it as @options->redact wants it.
 * Returns 0, or -errno after having complained.
 */
int recorder_open(const char *path, const struct options *options,
		  const struct begat_recorder_options *opts, struct recorder **ret_recorder);

/* A recording wants all fields; env only if that is asked for (@has_env). */
void recorder_fields(struct begat_fields *fields, bool has_env);

/* Notes how @begat captures and starts the thread. 0, or -errno after having complained. */
int recorder_start(struct recorder *recorder, const struct begat *begat);

/*
 * Hands one event over. What does not fit is counted, and reported in the recording. False: the file
 * can no longer be written, which has been said; later events are only counted.
 */
bool recorder_add(struct recorder *recorder, const struct begat_event *ev);

/* Notes what those that live have used until now. NULL is fine. */
void recorder_end(struct recorder *recorder);

/*
 * What the thread has written, for a status line: as of shortly after the last call of this. Never
 * blocks, costs nothing while nobody asks.
 */
void recorder_progress(struct recorder *recorder, struct status_counts *ret_counts);

/* The file that it was writing then, safe to print. */
void recorder_name(struct recorder *recorder, char *out, size_t size);

/*
 * The thread does it a moment later, whether events come or not: closes the file and begins the next one; says
 * on stderr how far the recording is.
 */
void recorder_begin_part(struct recorder *recorder);
void recorder_say_status(struct recorder *recorder);

/*
 * Waits until all is written, completes the file, says what is in it unless @is_quiet.
 * @ending: how the command failed, the beginning of that line; or NULL.
 * Without recorder_start() before, the file that was made is removed again. NULL is fine.
 * Returns 0, or -errno after having complained.
 */
int recorder_close(struct recorder *recorder, bool is_quiet, const char *ending);

#endif
