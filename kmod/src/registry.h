/* SPDX-License-Identifier: GPL-2.0 */
/* The rulesets that the module holds, by digest. All under nsg_lock. */
#ifndef _NSG_REGISTRY_H
#define _NSG_REGISTRY_H

#include "ruleset.h"

/* The ruleset with this digest, or NULL. */
struct nsg_ruleset *nsg_registry_find(const u8 *digest);

void nsg_registry_add(struct nsg_ruleset *ruleset);

/* Takes a ruleset out; the caller frees it when no packet can be in it any more. */
void nsg_registry_remove(struct nsg_ruleset *ruleset);

u32 nsg_registry_count(void);

/* Calls `visit` for each ruleset, in no particular order. */
void nsg_registry_visit(void (*visit)(struct nsg_ruleset *ruleset, void *data), void *data);

/* Frees every ruleset, when nothing is bound and no packet is on its way any more. */
void nsg_registry_clear(void);

#endif /* _NSG_REGISTRY_H */
