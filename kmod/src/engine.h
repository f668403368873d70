/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: which rules of a ruleset match a packet, in order; search.h finds them. A matcher is read-only once
 * built, so any number of CPUs search it at once, in any context, without scratch memory of its own.
 */
#ifndef _NSG_ENGINE_H
#define _NSG_ENGINE_H

#include "chain.h"
#include "predicate.h"

#define NSG_NO_RULE		NSGATE_NO_INDEX
#define NSG_FAMILIES		2

struct nsg_matcher {
	struct nsg_chain *chain[NSGATE_HOOKS][NSG_FAMILIES];	/* by NSGATE_FAMILY_* - 1; NULL without rules */
	struct nsg_predicates *predicates;
	size_t memory;						/* bytes of the chains */
};

/*
 * Builds a matcher from a checked ruleset, which it does not need afterwards. It may sleep. NULL, and `*error` tells
 * why: -ENOMEM if there is no memory, -E2BIG if the matcher, finished or while it is built, would take more than
 * `memory` bytes.
 */
struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, size_t memory, int *error);

void nsg_matcher_free(struct nsg_matcher *matcher);

size_t nsg_matcher_memory(const struct nsg_matcher *matcher);

#endif /* _NSG_ENGINE_H */
