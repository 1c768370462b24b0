/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/value.h - the right side of a comparison.
 */
#ifndef BEGAT_FILTER_VALUE_H
#define BEGAT_FILTER_VALUE_H

#include "filter/ast.h"
#include "filter/lex.h"

/*
 * Makes node->number, node->text or node->regex of @text (which it takes over in any case), as
 * node->operand and node->compare say. @at is where it stood. 0, -EINVAL, -ENOMEM.
 */
int value_set(struct lexer *lexer, struct node *node, char *text, size_t len, const char *at);

#endif
