// SPDX-License-Identifier: GPL-2.0
/* Building and freeing a chain's tables. */
#include "chain.h"
#include "request.h"

/* Kinds that the vectors settle, of either family: any other has to be verified. */
#define SETTLED	(BIT(NSGATE_MATCH_SRC4) | BIT(NSGATE_MATCH_DST4) | BIT(NSGATE_MATCH_SRC6) |		\
		 BIT(NSGATE_MATCH_DST6) | BIT(NSGATE_MATCH_PROTOCOL) | BIT(NSGATE_MATCH_SPORT) |	\
		 BIT(NSGATE_MATCH_DPORT))

/* So many words that mislead are worth a strand. */
#define MISLEADING_WORDS	8U

struct build {
	struct nsg_chain *chain;
	struct nsg_rules rules;
	struct nsg_budget *budget;
	u8 hook;
	u8 family;
};

static size_t order_bytes(const struct nsg_chain *chain)
{
	return chain->count * sizeof(*chain->order);
}

static size_t verify_bytes(const struct nsg_chain *chain)
{
	return DIV_ROUND_UP(chain->count, NSG_WORD_RULES) * sizeof(*chain->verify);
}

static bool belongs(const struct build *build, const struct nsgate_rule *rule)
{
	return rule->hook == build->hook && rule->families & build->family;
}

static u32 count_rules(const struct build *build, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	u32 count = 0, i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule))
		count += belongs(build, rule);
	cond_resched();
	return count;
}

static bool is_settled(const struct nsgate_rule *rule)
{
	const struct nsgate_match *match = nsg_rule_matches(rule);
	const struct nsgate_match *end = nsg_rule_end(rule);

	for (; match < end; match = nsg_match_next(match))
		if (!(BIT(match->kind) & SETTLED))
			return false;
	return true;
}

static void fill_rules(struct build *build, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	struct nsg_chain *chain = build->chain;
	u32 place = 0, i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule)) {
		if (!belongs(build, rule))
			continue;
		if (!is_settled(rule))
			chain->verify[place / NSG_WORD_RULES] |= 1ULL << (place % NSG_WORD_RULES);
		build->rules.rule[place] = rule;
		chain->order[place++] = i;
	}
	cond_resched();
}

static u16 source_kind(const struct build *build)
{
	return build->family == NSGATE_FAMILY_IPV6 ? NSGATE_MATCH_SRC6 : NSGATE_MATCH_SRC4;
}

static u16 destination_kind(const struct build *build)
{
	return build->family == NSGATE_FAMILY_IPV6 ? NSGATE_MATCH_DST6 : NSGATE_MATCH_DST4;
}

static bool build_axes(struct build *build, struct nsg_vectors *vectors)
{
	struct nsg_chain *chain = build->chain;

	return nsg_addresses_build(&chain->source, &build->rules, source_kind(build), vectors, build->budget) &&
	       nsg_addresses_build(&chain->destination, &build->rules, destination_kind(build), vectors,
				   build->budget) &&
	       nsg_transport_build(&chain->transport, &build->rules, vectors, build->budget);
}

static u32 count_bits(const u64 *bits, u32 words)
{
	u32 count = 0;

	for (; words; words--, bits++)
		count += hweight64(*bits);
	return count;
}

/* Whether, of rules strewn evenly, some 16 words and more have both of one kind and of the other. */
static bool would_mislead(u32 some, u32 others, u32 words)
{
	return (u64)some * others > 16 * words;
}

/* Whether addresses alone tell the rule from others. */
static bool is_of_any_port(const struct nsgate_rule *rule)
{
	return !nsg_rule_match(rule, NSGATE_MATCH_SPORT) && !nsg_rule_match(rule, NSGATE_MATCH_DPORT);
}

/*
 * Words with rules that are wide in both addresses beside rules of any source and port: the first promise something for
 * every destination, the second for every port.
 */
static u32 count_mixed_words(const struct nsg_strands *strands, const struct nsg_rules *rules)
{
	u32 mixed = 0, word, i;

	for (word = 0; word < DIV_ROUND_UP(rules->count, NSG_WORD_RULES); word++) {
		u64 others = strands->both[word] ? strands->wide[word] & ~strands->both[word] : 0;

		for (i = word * NSG_WORD_RULES; others; others >>= 1, i++) {
			if (others & 1 && is_of_any_port(rules->rule[i])) {
				mixed++;
				break;
			}
		}
		cond_resched();
	}
	return mixed;
}

/* A third strand, of rules that are wide in both addresses, where they would mislead within the second. */
static void find_both(struct nsg_strands *strands, const u64 *wide, const struct nsg_rules *rules)
{
	u32 words = DIV_ROUND_UP(rules->count, NSG_WORD_RULES), i;

	for (i = 0; i < words; i++)
		strands->both[i] = strands->wide[i] & wide[i];
	if (count_mixed_words(strands, rules) > MISLEADING_WORDS)
		strands->count = 3;
	else
		memset(strands->both, 0, sizeof(strands->both));
}

/*
 * Rules that are wide in the source and rules that are wide in the destination make most words of both vectors look as
 * if they had something in common: worth telling apart where there are many of both.
 */
static void find_strands(struct nsg_strands *strands, struct build *build)
{
	u32 words = DIV_ROUND_UP(build->rules.count, NSG_WORD_RULES);
	u64 *wide = nsg_budget_take(build->budget, words * sizeof(*wide));

	strands->count = 1;
	if (wide && nsg_sweep_wide(strands->wide, &build->rules, source_kind(build), build->budget) &&
	    nsg_sweep_wide(wide, &build->rules, destination_kind(build), build->budget) &&
	    would_mislead(count_bits(strands->wide, words), count_bits(wide, words), words)) {
		strands->count = 2;
		find_both(strands, wide, &build->rules);
	}
	nsg_budget_give(build->budget, wide, words * sizeof(*wide));
}

/* What is needed only while a chain's tables are built. */
struct workshop {
	struct nsg_strands strands;
	struct nsg_vectors vectors;
};

static void build_tables(struct build *build)
{
	struct workshop *workshop = nsg_budget_take(build->budget, sizeof(*workshop));
	struct nsg_chain *chain = build->chain;
	struct nsg_vectors *vectors;

	if (!workshop)
		return;
	vectors = &workshop->vectors;
	workshop->strands.count = 1;
	if (!nsg_vectors_dense(chain->count))
		find_strands(&workshop->strands, build);
	if (nsg_vectors_init(vectors, build->budget, chain->count, &workshop->strands) && build_axes(build, vectors)) {
		chain->layout = vectors->layout;
		chain->vectors = nsg_pool_finish(&vectors->vectors, &chain->vector_bytes);
		chain->groups = nsg_pool_finish(&vectors->groups, &chain->group_bytes);
	}
	nsg_vectors_free(vectors);
	nsg_budget_give(build->budget, workshop, sizeof(*workshop));
}

static void forget_verify(struct nsg_chain *chain, struct nsg_budget *budget)
{
	if (memchr_inv(chain->verify, 0, verify_bytes(chain)))
		return;
	nsg_budget_give(budget, chain->verify, verify_bytes(chain));
	chain->verify = NULL;
}

static u32 short_chain(u8 family)
{
	return family == NSGATE_FAMILY_IPV6 ? NSG_SHORT_CHAIN6 : NSG_SHORT_CHAIN4;
}

static void build_chain(struct build *build, const struct nsgate_ruleset *ruleset)
{
	struct nsg_chain *chain = build->chain;
	size_t rules = chain->count * sizeof(*build->rules.rule);

	chain->order = nsg_budget_take(build->budget, order_bytes(chain));
	chain->verify = nsg_budget_take(build->budget, verify_bytes(chain));
	build->rules.rule = nsg_budget_take(build->budget, rules);
	if (!build->budget->error) {
		build->rules.count = chain->count;
		build->rules.verify = chain->verify;
		fill_rules(build, ruleset);
		if (chain->count > short_chain(build->family))
			build_tables(build);
		else
			chain->shortlist = nsg_shortlist_build(&build->rules, build->family, build->budget);
		forget_verify(chain, build->budget);
		chain->plain = !chain->verify;
	}
	nsg_budget_give(build->budget, build->rules.rule, rules);
}

struct nsg_chain *nsg_chain_build(const struct nsgate_ruleset *ruleset, u8 hook, u8 family, struct nsg_effort effort,
				  struct nsg_budget *budget)
{
	struct build build = {
		.rules = { .exact_items = effort.exact_items, .joined_cells = effort.joined_cells,
			   .cuts = effort.cuts },
		.budget = budget, .hook = hook, .family = family };
	u32 count = count_rules(&build, ruleset);

	if (!count)
		return NULL;
	build.chain = nsg_budget_take(budget, sizeof(*build.chain));
	if (!build.chain)
		return NULL;
	build.chain->count = count;
	build_chain(&build, ruleset);
	if (!budget->error)
		return build.chain;
	nsg_chain_free(build.chain, budget);
	return NULL;
}

void nsg_chain_mark_verified(const struct nsg_chain *chain, u64 *rules)
{
	u32 i;

	if (!chain || !chain->verify)
		return;
	for (i = 0; i < chain->count; i++)
		if (chain->verify[i / NSG_WORD_RULES] >> (i % NSG_WORD_RULES) & 1)
			rules[chain->order[i] / NSG_WORD_RULES] |= 1ULL << (chain->order[i] % NSG_WORD_RULES);
	cond_resched();
}

void nsg_chain_free(struct nsg_chain *chain, struct nsg_budget *budget)
{
	if (!chain)
		return;
	nsg_shortlist_free(chain->shortlist, chain->count, budget);
	nsg_addresses_free(&chain->source, budget);
	nsg_addresses_free(&chain->destination, budget);
	nsg_transport_free(&chain->transport, budget);
	nsg_budget_give(budget, chain->vectors, chain->vector_bytes);
	nsg_budget_give(budget, chain->groups, chain->group_bytes);
	nsg_budget_give(budget, chain->verify, verify_bytes(chain));
	nsg_budget_give(budget, chain->order, order_bytes(chain));
	nsg_budget_give(budget, chain, sizeof(*chain));
}
