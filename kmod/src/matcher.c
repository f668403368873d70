// SPDX-License-Identifier: GPL-2.0
/* The engine: the rules of the packet's hook and family are tried in order. */
#include "matcher.h"
#include "predicate.h"
#include "request.h"

#define FAMILIES	2
#define CHAINS		(NSGATE_HOOKS * FAMILIES)

struct nsg_matcher {
	struct nsg_predicates *predicates;
	u32 first[CHAINS + 1];	/* a chain's rules end where those of the next begin */
	u32 count;
	u32 rules[];		/* indexes into the ruleset, chain after chain */
};

static u32 chain_of(u8 hook, u8 family)
{
	return hook * FAMILIES + (family == NSGATE_FAMILY_IPV6);
}

/* A rule stands in the chain of each of its families. */
static u32 count_rules(const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	u32 count = 0, i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule))
		count += hweight8(rule->families);
	return count;
}

static void fill_chain(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset, u8 hook, u8 family)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	u32 i;

	matcher->first[chain_of(hook, family)] = matcher->count;
	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule))
		if (rule->hook == hook && rule->families & family)
			matcher->rules[matcher->count++] = i;
}

static void fill_chains(struct nsg_matcher *matcher, const struct nsgate_ruleset *ruleset)
{
	u8 hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		fill_chain(matcher, ruleset, hook, NSGATE_FAMILY_IPV4);
		fill_chain(matcher, ruleset, hook, NSGATE_FAMILY_IPV6);
		cond_resched();
	}
	matcher->first[CHAINS] = matcher->count;
}

struct nsg_matcher *nsg_matcher_build(const struct nsgate_ruleset *ruleset, int *error)
{
	u32 count = count_rules(ruleset);
	struct nsg_matcher *matcher = nsg_kvzalloc(sizeof(*matcher) + count * sizeof(u32));

	*error = -ENOMEM;
	if (!matcher)
		return NULL;
	matcher->predicates = nsg_predicates_build(ruleset);
	if (!matcher->predicates) {
		nsg_kvfree(matcher);
		return NULL;
	}
	fill_chains(matcher, ruleset);
	*error = 0;
	return matcher;
}

void nsg_matcher_free(struct nsg_matcher *matcher)
{
	if (!matcher)
		return;
	nsg_predicates_free(matcher->predicates);
	nsg_kvfree(matcher);
}

size_t nsg_matcher_memory(const struct nsg_matcher *matcher)
{
	return sizeof(*matcher) + matcher->count * sizeof(u32) + nsg_predicates_memory(matcher->predicates);
}

void nsg_search_begin(struct nsg_search *search, const struct nsg_matcher *matcher, const struct nsg_key *key)
{
	u32 chain = chain_of(key->hook, key->family);

	search->matcher = matcher;
	search->key = key;
	search->at = matcher->rules + matcher->first[chain];
	search->end = matcher->rules + matcher->first[chain + 1];
}

u32 nsg_search_next(struct nsg_search *search)
{
	while (search->at < search->end) {
		u32 rule = *search->at++;

		if (nsg_predicate_holds(search->matcher->predicates, rule, search->key))
			return rule;
	}
	return NSG_NO_RULE;
}
