/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/safe_open.h - open a file for output where others may have prepared the way.
 *
 * Owns:    the walk along a path, the checks of what is found at its end, the sentences for it.
 * Not:     what is written, when an old file is emptied or replaced.
 *
 * Invariants
 *  (1) No symbolic link is followed that belongs to neither the caller nor root.
 *  (2) Nothing is opened for writing that belongs to another user, in any kind of file.
 *  (3) No open waits: a FIFO without a reader is an error.
 *  (4) A new file in a folder of the user that called sudo belongs to this user: `sudo begat
 *      record` makes what `begat report` reads. Such a user's files count as the caller's own.
 *  (5) Nothing is changed: an existing file is neither emptied nor gets another mode.
 */
#ifndef BASE_SAFE_OPEN_H
#define BASE_SAFE_OPEN_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* The end of a path: a folder that is open, and a name in it that is no symbolic link. */
struct safe_place {
	int dir_fd; /* O_PATH; -1 = none */
	char name[NAME_MAX + 1];
};

/*
 * safe_find() - walk along @path to the place that it names; nothing need be there.
 * @ret_why: if not NULL, a sentence without a name in it, or NULL where strerror() says enough.
 * Return: 0, or -errno. The caller ends with safe_done() in either case.
 */
int safe_find(const char *path, struct safe_place *ret_place, const char **ret_why);
void safe_done(struct safe_place *place);

/*
 * safe_open() - open what is at @place for writing (O_APPEND), or create it with @mode.
 * @ret_is_created: it was not there.
 *
 * Regular files, FIFOs with a reader, terminals and other character devices of the caller or root.
 * A regular file that has a second name in a folder where others can write is refused.
 * Return: a descriptor, close-on-exec and blocking, or -errno with @ret_why as above.
 */
int safe_open(const struct safe_place *place, mode_t mode, bool *ret_is_created,
	      const char **ret_why);

/*
 * safe_create() - make a new file beside @place, for a later safe_replace().
 * @name: gets its name, NAME_MAX + 1 bytes.
 * Return: a descriptor (O_RDWR | O_APPEND, close-on-exec), or -errno.
 */
int safe_create(const struct safe_place *place, mode_t mode, char *name);

/*
 * safe_make() - make the file at @place, where none may be.
 * Return: a descriptor (O_RDWR | O_APPEND, close-on-exec), or -errno; -EEXIST: there is one.
 */
int safe_make(const struct safe_place *place, mode_t mode);

/* safe_is_own() - does a file with this owner count as the caller's own? */
bool safe_is_own(uid_t uid);

/* safe_replace() - @name, made by safe_create(), takes the place. 0 or -errno. */
int safe_replace(const struct safe_place *place, const char *name);

#endif
