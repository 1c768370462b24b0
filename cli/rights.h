/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/rights.h - which capabilities are in force, and when.
 *
 * Owns:    the effective set of an ordinary user that begat got capabilities from its file
 *          (setcap) or from the caller (ambient).
 * Not:     root: its rights are the user's own.
 *
 * Invariants
 *  (1) Whatever file the user names is opened with the user's rights: nothing is in force then.
 *  (2) No rights come from a set-user-ID or set-group-ID bit.
 *  (3) A command that does not capture has none at all, from its first line on.
 *
 *   main: rights_rest() --> command without capture: rights_drop()
 *                      \--> capture: files of -o, rights_take(), begat_open(), rights_rest(),
 *                           recording, command, rights_take(), events, rights_rest(),
 *                           end of the recording, rights_take(), counters, rights_drop()
 */
#ifndef BEGAT_CLI_RIGHTS_H
#define BEGAT_CLI_RIGHTS_H

#include <stdbool.h>

/*
 * Is the command set-user-ID or set-group-ID? Then every file would be opened with the rights of the
 * command's owner; begat refuses.
 */
bool rights_are_set_id(void);

/* Nothing is in force; what is permitted can be taken again. */
void rights_rest(void);

/* What is permitted is in force, on this thread. */
void rights_take(void);

/* Nothing is permitted any more. */
void rights_drop(void);

#endif
