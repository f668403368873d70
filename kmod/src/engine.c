// SPDX-License-Identifier: GPL-2.0
/* The engine: theory below. */
#include "engine.h"

#define FAMILIES	2
#define CHAINS		(NSGATE_HOOKS * FAMILIES)

struct nsg_matcher {
	struct nsg_predicates *predicates;
	size_t memory;
	struct nsg_chain *chain[CHAINS];	/* NULL where there are no rules */
};

/* From fast to frugal: the next is tried when one's tables do not fit into its budget. */
static const struct {
	size_t memory;		/* bytes while building */
	struct nsg_effort effort;
} attempts[] = {
	{ 24UL << 20, { .exact_items = NSGATE_MAX_ITEMS, .joined_cells = 65536 } },
	{ NSG_MATCHER_MEMORY, { .exact_items = 1, .joined_cells = 0 } },
};

static u32 chain_of(u8 hook, u8 family)
{
	return hook * FAMILIES + (family == NSGATE_FAMILY_IPV6);
}

static void free_chains(struct nsg_matcher *matcher, struct nsg_budget *budget)
{
	u32 i;

	for (i = 0; i < CHAINS; i++) {
		nsg_chain_free(matcher->chain[i], budget);
		matcher->chain[i] = NULL;
	}
}

static int build_chains(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, size_t memory,
			struct nsg_effort effort)
{
	struct nsg_budget budget = { .left = memory };
	u8 hook;

	for (hook = 0; hook < NSGATE_HOOKS && !budget.error; hook++) {
		matcher->chain[chain_of(hook, NSGATE_FAMILY_IPV4)] =
			nsg_chain_build(ruleset, hook, NSGATE_FAMILY_IPV4, effort, &budget);
		matcher->chain[chain_of(hook, NSGATE_FAMILY_IPV6)] =
			nsg_chain_build(ruleset, hook, NSGATE_FAMILY_IPV6, effort, &budget);
	}
	if (budget.error)
		free_chains(matcher, &budget);
	matcher->memory = memory - budget.left;
	return budget.error;
}

static int build(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset)
{
	int error = -E2BIG;
	u32 i;

	matcher->predicates = nsg_predicates_build(ruleset);
	if (!matcher->predicates)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(attempts) && error == -E2BIG; i++)
		error = build_chains(matcher, ruleset, attempts[i].memory, attempts[i].effort);
	return error;
}

struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, int *error)
{
	struct nsg_matcher *matcher = nsg_kvzalloc(sizeof(*matcher));

	*error = matcher ? build(matcher, ruleset) : -ENOMEM;
	if (!*error)
		return matcher;
	nsg_matcher_free(matcher);
	return NULL;
}

void nsg_matcher_free(struct nsg_matcher *matcher)
{
	struct nsg_budget budget = { .left = 0 };

	if (!matcher)
		return;
	free_chains(matcher, &budget);
	nsg_predicates_free(matcher->predicates);
	nsg_kvfree(matcher);
}

size_t nsg_matcher_memory(const struct nsg_matcher *matcher)
{
	return sizeof(*matcher) + matcher->memory + nsg_predicates_memory(matcher->predicates);
}

void nsg_search_begin(struct nsg_search *search, const struct nsg_matcher *matcher, const struct nsg_key *key)
{
	const struct nsg_chain *chain = matcher->chain[chain_of(key->hook, key->family)];

	search->predicates = matcher->predicates;
	search->key = key;
	search->walk.chain = chain;
	if (chain)
		nsg_walk_begin(&search->walk, chain, key);
}

/* Whether the candidate at `place` of the chain matches. */
static bool holds(const struct nsg_search *search, u32 place, u32 rule)
{
	const u64 *verify = search->walk.chain->verify;

	if (likely(!verify) || !(verify[place / NSG_WORD_RULES] >> (place % NSG_WORD_RULES) & 1))
		return true;
	return nsg_predicate_holds(search->predicates, rule, search->key);
}

u32 nsg_search_next(struct nsg_search *search)
{
	struct nsg_walk *walk = &search->walk;

	if (!walk->chain)
		return NSG_NO_RULE;
	do {
		while (walk->candidates) {
			u32 place = walk->base + __ffs(walk->candidates);
			u32 rule = walk->chain->order[place];

			walk->candidates &= walk->candidates - 1;
			if (holds(search, place, rule))
				return rule;
		}
	} while (nsg_walk_advance(walk));
	return NSG_NO_RULE;
}
