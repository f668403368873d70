/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: which rules of a ruleset match a packet, in order. Callers know nothing of how it searches. A matcher is
 * read-only once built, so any number of CPUs search it at once, in any context, without scratch memory of its own.
 */
#ifndef _NSG_ENGINE_H
#define _NSG_ENGINE_H

#include "chain.h"
#include "predicate.h"

#define NSG_NO_RULE		NSGATE_NO_INDEX
#define NSG_FAMILIES		2

/* Memory that building a matcher may take for its tables, predicates apart; bytes. */
#define NSG_MATCHER_MEMORY	(64UL << 20)

struct nsg_matcher {
	struct nsg_chain *chain[NSGATE_HOOKS][NSG_FAMILIES];	/* by NSGATE_FAMILY_* - 1; NULL without rules */
	struct nsg_predicates *predicates;
	size_t memory;						/* bytes of the chains */
};

/*
 * Builds a matcher from a checked ruleset, which it does not need afterwards. It may sleep. NULL, and `*error` tells
 * why: -ENOMEM if there is no memory, -E2BIG if the matcher would take more than NSG_MATCHER_MEMORY.
 */
struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, int *error);

void nsg_matcher_free(struct nsg_matcher *matcher);

size_t nsg_matcher_memory(const struct nsg_matcher *matcher);

/* One packet's search, on the searcher's stack: what it needs to go on after a rule. */
struct nsg_search {
	const struct nsg_matcher *matcher;
	const struct nsg_chain *chain;
	const struct nsg_key *key;
	const u64 *vector[5];	/* of the packet; of a chain whose transport is joined, the first three */
	u64 candidates;		/* left in the word at hand: bit per place */
	u64 words;		/* sparse: left of the 64 words at hand */
	u32 base;		/* place of the first of the candidates */
	u32 next;		/* dense: the next word; sparse: the 64 words at hand; short: the next place */
};

/*
 * The index of the first rule that matches, in the ruleset's order; NSG_NO_RULE if there is none. Begins a search that
 * nsg_search_next() goes on with while matcher and key are there.
 */
u32 nsg_search_first(struct nsg_search *search, const struct nsg_matcher *matcher, const struct nsg_key *key);

/* The index of the next rule that matches; NSG_NO_RULE when there is none left, and not to be called again. */
u32 nsg_search_next(struct nsg_search *search);

#endif /* _NSG_ENGINE_H */
