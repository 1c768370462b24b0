/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/text.h - text of traced processes, made safe to show.
 */
#ifndef BEGAT_TEXT_H
#define BEGAT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * begat_escape() - text that is safe on a terminal: control characters, invalid UTF-8 and
 * what could reorder a line become \n, \x1b, \xff, \u202e ...; quoted for a shell if @shell.
 * Return: the length it has or would have; at most size - 1 bytes and a NUL are written.
 */
size_t begat_escape(char *out, size_t size, const char *data, size_t len, bool shell);

#ifdef __cplusplus
}
#endif
#endif
