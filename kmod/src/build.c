// SPDX-License-Identifier: GPL-2.0
/* From a checked ruleset to a matcher, within bounded memory. */
#include "engine.h"

/* From fast to frugal: the next is made when one does not fit. */
static const struct attempt {
	size_t tables;		/* bytes of them while building, of those that there are */
	struct nsg_effort effort;
} attempts[] = {
	{ 24UL << 20, { .exact_items = NSGATE_MAX_ITEMS, .joined_cells = 8192, .cuts = U32_MAX } },
	{ ~0UL, { .exact_items = NSGATE_MAX_ITEMS, .joined_cells = 0, .cuts = U32_MAX } },
	{ ~0UL, { .exact_items = NSGATE_MAX_ITEMS, .joined_cells = 0, .cuts = 16384 } },
	{ ~0UL, { .exact_items = NSGATE_MAX_ITEMS, .joined_cells = 0, .cuts = 2048 } },
	{ ~0UL, { .exact_items = 16, .joined_cells = 0, .cuts = 2048 } },
	{ ~0UL, { .exact_items = 1, .joined_cells = 0, .cuts = 256 } },
};

static void free_chains(struct nsg_matcher *matcher)
{
	struct nsg_budget budget = { .left = 0 };
	u32 hook, family;

	for (hook = 0; hook < NSGATE_HOOKS; hook++)
		for (family = 0; family < NSG_FAMILIES; family++) {
			nsg_chain_free(matcher->chain[hook][family], &budget);
			matcher->chain[hook][family] = NULL;
		}
}

static int build_chains(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, size_t memory,
			struct nsg_effort effort)
{
	struct nsg_budget budget = { .left = memory };
	u32 hook, family;

	for (hook = 0; hook < NSGATE_HOOKS; hook++)
		for (family = 0; family < NSG_FAMILIES && !budget.error; family++)
			matcher->chain[hook][family] =
				nsg_chain_build(ruleset, hook, family + 1, effort, &budget);
	matcher->memory = memory - budget.left;
	return budget.error;
}

/* Most rules are told by the tables alone, and need no predicate. */
static int build_predicates(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, size_t memory)
{
	size_t bytes = DIV_ROUND_UP(ruleset->rules, NSG_WORD_RULES) * sizeof(u64);
	struct nsg_budget budget = { .left = memory };
	u64 *verified = nsg_budget_take(&budget, bytes);
	u32 hook, family;

	if (!verified)
		return budget.error;
	for (hook = 0; hook < NSGATE_HOOKS; hook++)
		for (family = 0; family < NSG_FAMILIES; family++)
			nsg_chain_mark_verified(matcher->chain[hook][family], verified);
	matcher->predicates = nsg_predicates_build(ruleset, verified, &budget);
	nsg_budget_give(&budget, verified, bytes);
	return budget.error;
}

/* Makes an attempt whole: a matcher that lacks nothing, or one that holds nothing. */
static int make_attempt(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, size_t memory,
			const struct attempt *attempt)
{
	int error = build_chains(matcher, ruleset, min_t(size_t, attempt->tables, memory), attempt->effort);

	if (!error)
		error = build_predicates(matcher, ruleset, memory - matcher->memory);
	if (error)
		free_chains(matcher);
	return error;
}

static int build(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, size_t memory)
{
	int error = -E2BIG;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(attempts) && error == -E2BIG; i++)
		error = make_attempt(matcher, ruleset, memory, &attempts[i]);
	return error;
}

struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, size_t memory, int *error)
{
	struct nsg_matcher *matcher = nsg_kvzalloc(sizeof(*matcher));

	*error = matcher ? build(matcher, ruleset, memory - sizeof(*matcher)) : -ENOMEM;
	if (!*error)
		return matcher;
	nsg_matcher_free(matcher);
	return NULL;
}

void nsg_matcher_free(struct nsg_matcher *matcher)
{
	if (!matcher)
		return;
	free_chains(matcher);
	nsg_predicates_free(matcher->predicates);
	nsg_kvfree(matcher);
}

size_t nsg_matcher_memory(const struct nsg_matcher *matcher)
{
	return sizeof(*matcher) + matcher->memory + nsg_predicates_memory(matcher->predicates);
}
