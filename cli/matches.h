/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/matches.h - what --where has done.
 */
#ifndef BEGAT_CLI_MATCHES_H
#define BEGAT_CLI_MATCHES_H

struct options;

/* Says once, as soon as it is so, that an event took more work than a filter may. */
void matches_warn(const struct options *options);

/* Says what of the expression is probably not meant. */
void matches_suspect(const struct options *options);

/* How many events matched: if none did, on a terminal, or if there were some of that kind. */
void matches_report(const struct options *options);

#endif
