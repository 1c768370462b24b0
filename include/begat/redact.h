/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/redact.h - replace what looks like a secret in the texts of an event.
 */
#ifndef BEGAT_REDACT_H
#define BEGAT_REDACT_H

#include <begat/event.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct begat_redactor;

/**
 * begat_redactor_new() - what replaces secrets by "[redacted]".
 * @patterns:  NULL-ended extended regular expressions, more than the built-in rules: the first
 *             group of a match is replaced, or all of it; NULL = none.
 * @error:     on failure one sentence; may be NULL.
 * Return: 0, -EINVAL for a bad pattern, -ENOMEM.
 */
int begat_redactor_new(const char *const *patterns, struct begat_redactor **ret_redactor,
		       char *error, size_t error_len);

/**
 * begat_redact() - an event without secrets, for consumers other than sinks.
 * Return: @ev itself if there is nothing to hide, else a copy that lives until the next call and
 * borrows from @ev; NULL when out of memory.
 */
const struct begat_event *begat_redact(struct begat_redactor *redactor,
				       const struct begat_event *ev);

/** begat_redactor_free() - NULL is fine. */
void begat_redactor_free(struct begat_redactor *redactor);

#ifdef __cplusplus
}
#endif
#endif
