/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: which rules of a ruleset match a packet, in order. Callers know nothing of how it searches. A matcher is
 * read-only once built, so any number of CPUs search it at once, in any context, without scratch memory of its own.
 */
#ifndef _NSG_MATCHER_H
#define _NSG_MATCHER_H

#include "key.h"

struct nsg_matcher;

#define NSG_NO_RULE	NSGATE_NO_INDEX

/*
 * Builds a matcher from a checked ruleset, which it does not need afterwards. It may sleep. NULL, and `*error` tells
 * why: -ENOMEM if there is no memory, -E2BIG if the matcher would take more than it may.
 */
struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, int *error);

void nsg_matcher_free(struct nsg_matcher *matcher);

size_t nsg_matcher_memory(const struct nsg_matcher *matcher);

/* One packet's search, on the searcher's stack. */
struct nsg_search {
	const struct nsg_matcher *matcher;
	const struct nsg_key *key;
	const u32 *at;		/* rules of the packet's hook and family that are left */
	const u32 *end;
};

void nsg_search_begin(struct nsg_search *search, const struct nsg_matcher *matcher, const struct nsg_key *key);

/* The index of the next rule that matches, in the ruleset's order; NSG_NO_RULE when there is none left. */
u32 nsg_search_next(struct nsg_search *search);

#endif /* _NSG_MATCHER_H */
