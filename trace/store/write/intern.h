/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/intern.h - what was stored lately, by content.
 *
 * Owns:    the numbers of texts and contexts that are likely to come again; bounded.
 * Not:     storing them (row_from_event.c).
 *
 * Invariants
 *  (1) A number is given back only for the very same bytes of the same kind.
 *  (2) Two generations: when the young one is full it becomes the old one, and the old one is
 *      forgotten. What is asked for moves to the young one, so what is used often stays.
 *  (3) A forgotten text is stored again when it comes again: a number means one text, a text may
 *      have several numbers.
 *  (4) The hash is keyed with random bytes: nobody can choose argvs that collide.
 */
#ifndef BEGAT_TRACE_STORE_INTERN_H
#define BEGAT_TRACE_STORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;

enum intern_kind { INTERN_STR = 0, INTERN_STRV = 1, INTERN_CONTEXT = 2 };

/* 0 or -ENOMEM. */
int intern_new(struct intern **ret_intern);
void intern_free(struct intern *intern);

/* Forget everything: a new file has begun. */
void intern_clear(struct intern *intern);

/* The number of these bytes, or 0. @ret_hash is for intern_add(). */
int64_t intern_find(struct intern *intern, enum intern_kind kind, const void *data, size_t len,
		    uint64_t *ret_hash);

/* Remember; without memory, or if they are too long to be worth it, nothing happens. */
void intern_add(struct intern *intern, enum intern_kind kind, const void *data, size_t len,
		uint64_t hash, int64_t number);

#endif
