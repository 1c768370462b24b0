/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/expire.h - how a process leaves the table.
 */
#ifndef PROCTABLE_EXPIRE_H
#define PROCTABLE_EXPIRE_H

#include "proctable/table.h"

void expire_end(struct proctable *table, struct entry *entry, uint64_t ts_ns);
void expire_drop_ancestor(struct proctable *table, struct entry *entry);
void expire_cut_lineage(struct proctable *table, struct entry *entry);

#endif
