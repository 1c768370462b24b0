/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/color.h - the colors that begat uses on a terminal.
 *
 * Not:   whether there are any: struct output knows.
 */
#ifndef BEGAT_CLI_COLOR_H
#define BEGAT_CLI_COLOR_H

#define COLOR_BOLD "\033[1m"
#define COLOR_DIM "\033[2m"
#define COLOR_RED "\033[31m"
#define COLOR_BOLD_RED "\033[1;31m"
#define COLOR_GREEN "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_RESET "\033[0m"

#endif
