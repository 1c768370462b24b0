/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/suspect.h - what is probably not meant: see begat_filter_warning().
 */
#ifndef BEGAT_FILTER_SUSPECT_H
#define BEGAT_FILTER_SUSPECT_H

#include "filter/ast.h"

/* Of one comparison; @name is that of the field as it was written. */
void suspect_test(struct begat_filter *filter, const struct node *node, const char *name);

/* Of the expression, once all its nodes are there. */
void suspect_whole(struct begat_filter *filter);

#endif
