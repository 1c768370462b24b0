/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/operand.h - what a name in an expression refers to.
 */
#ifndef BEGAT_FILTER_OPERAND_H
#define BEGAT_FILTER_OPERAND_H

#include "filter/ast.h"
#include "filter/lex.h"

/* Fills *ret_operand, or records an error with a suggestion. 0, -EINVAL, -ENOMEM. */
int operand_find(struct lexer *lexer, struct word name, struct operand *ret_operand);

/* "a number", "a text", ... */
const char *operand_type_name(enum operand_type type);

/*
 * The one of @count names closest to @word, or NULL if none is close. @name_of may return NULL
 * for holes.
 */
const char *operand_suggest(const char *word, size_t len, const char *(*name_of)(int number),
			    int count);

#endif
