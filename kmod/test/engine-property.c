// SPDX-License-Identifier: GPL-2.0
/*
 * The engine held to the linear reference: for rulesets of all kinds of matches and packets near their end points, the
 * whole sequence of matching rules is what trying each rule in turn gives. Usage: engine-property [ROUNDS [SEED]]
 */
#include "engine-draw.h"
#include "engine-family.h"
#include "engine-limits.h"
#include "../src/request.h"

/* The rules that match by trying each one. */
static u32 next_by_reference(const struct nsgate_ruleset *ruleset, const struct nsgate_rule **rule, u32 from,
			     const struct nsg_predicates *predicates, const struct nsg_key *key)
{
	u32 i;

	for (i = from; i < ruleset->rules; i++)
		if (rule[i]->hook == key->hook && rule[i]->families & key->family &&
		    nsg_predicate_holds(predicates, i, key))
			return i;
	return NSG_NO_RULE;
}

static void check_packet(const struct nsgate_ruleset *ruleset, const struct nsgate_rule **rule,
			 const struct nsg_predicates *predicates, const struct nsg_matcher *matcher,
			 const struct nsg_key *key)
{
	bool ipv6 = key->family == NSGATE_FAMILY_IPV6;
	const struct nsg_chain *chain = matcher->chain[key->hook][ipv6];
	bool plain = chain && chain->plain;
	struct nsg_search search;
	u32 expected = next_by_reference(ruleset, rule, 0, predicates, key);
	u32 found;

	nsg_search_first(&search, matcher, key, ipv6, plain);
	for (;;) {
		found = search.place == NSG_NO_PLACE ? NSG_NO_RULE : nsg_search_rule(&search);
		if (found != expected)
			give_up("of %u rules the engine finds %d where %d is next: hook %u family %u protocol %u",
				ruleset->rules, (s32)found, (s32)expected, key->hook, key->family, key->protocol);
		if (expected == NSG_NO_RULE)
			return;
		nsg_search_next(&search, ipv6, plain);
		expected = next_by_reference(ruleset, rule, expected + 1, predicates, key);
	}
}

/* Rulesets as they are looked at: rules by their index, and what settles each. */
struct subject {
	const struct nsgate_ruleset *ruleset;
	const struct nsgate_rule **rule;
	struct nsg_predicates *predicates;
};

static void check_packets(const struct subject *subject, const struct nsg_matcher *matcher, const struct taste *taste,
			  u32 packets)
{
	struct nsg_key key;
	u32 i;

	for (i = 0; i < packets; i++) {
		draw_packet(&key, taste);
		check_packet(subject->ruleset, subject->rule, subject->predicates, matcher, &key);
	}
}

/* Chains that are built with little effort say too much, but never too little. */
static void check_effort(const struct subject *subject, struct nsg_effort effort, const struct taste *taste,
			 u32 packets)
{
	struct nsg_matcher matcher = { .predicates = subject->predicates };
	struct nsg_budget unlimited = { .left = SIZE_MAX };
	u32 i;

	for (i = 0; i < NSGATE_HOOKS * NSG_FAMILIES; i++)
		matcher.chain[i / NSG_FAMILIES][i % NSG_FAMILIES] =
			nsg_chain_build(subject->ruleset, i / NSG_FAMILIES, i % NSG_FAMILIES + 1, effort, &unlimited);
	check_packets(subject, &matcher, taste, packets);
	for (i = 0; i < NSGATE_HOOKS * NSG_FAMILIES; i++)
		nsg_chain_free(matcher.chain[i / NSG_FAMILIES][i % NSG_FAMILIES], &unlimited);
}

static void check_efforts(const struct subject *subject, const struct taste *taste, u32 packets)
{
	static const u32 cuts[] = { 1, 2, 5, 40 };
	static const u32 items[] = { 1, 3, NSGATE_MAX_ITEMS };
	static const u32 cells[] = { 0, 100, 8192 };
	struct nsg_effort effort = { .exact_items = items[below(ARRAY_SIZE(items))],
				     .joined_cells = cells[below(ARRAY_SIZE(cells))],
				     .cuts = cuts[below(ARRAY_SIZE(cuts))] };

	check_effort(subject, effort, taste, packets);
}

static struct subject subject_of(const struct nsgate_ruleset *ruleset)
{
	struct nsg_budget unlimited = { .left = SIZE_MAX };
	struct subject subject = { .ruleset = ruleset, .rule = calloc(ruleset->rules, sizeof(*subject.rule)),
				   .predicates = nsg_predicates_build(ruleset, NULL, &unlimited) };
	const struct nsgate_rule *at = nsg_ruleset_rules(ruleset);
	u32 i;

	if (!subject.rule || !subject.predicates)
		abort();
	for (i = 0; i < ruleset->rules; i++, at = nsg_rule_end(at))
		subject.rule[i] = at;
	return subject;
}

static void forget_subject(struct subject *subject)
{
	nsg_predicates_free(subject->predicates);
	free(subject->rule);
}

static void check_ruleset(const struct nsgate_ruleset *ruleset, const struct taste *taste, u32 packets)
{
	struct subject subject = subject_of(ruleset);
	int error;
	struct nsg_matcher *matcher = nsg_matcher_build(ruleset, NSGATE_MAX_RULESET_MEMORY, &error);

	if (!matcher || error)
		give_up("no matcher for %u rules: error %d", ruleset->rules, error);
	check_packets(&subject, matcher, taste, packets);
	check_efforts(&subject, taste, packets);
	nsg_matcher_free(matcher);
	forget_subject(&subject);
}

/* Whichever allocation fails, the build fails with -ENOMEM and leaves nothing behind (which the sanitizers see). */
static void check_allocations(const struct nsgate_ruleset *ruleset)
{
	struct nsg_matcher *matcher;
	long allocations;
	int error;

	for (allocations = 0; ; allocations++) {
		userspace_allocations = allocations;
		matcher = nsg_matcher_build(ruleset, NSGATE_MAX_RULESET_MEMORY, &error);
		userspace_allocations = -1;
		if (matcher)
			break;
		if (error != -ENOMEM)
			give_up("allocation %ld failed, but the error is %d", allocations, error);
	}
	nsg_matcher_free(matcher);
}

static void check_one(void)
{
	struct taste taste = draw_taste();
	struct sample sample;

	draw_ruleset(&sample, &taste);
	check_accepted_by_parser(sample_ruleset(&sample));
	check_ruleset(sample_ruleset(&sample), &taste, taste.rules < 100 ? 300 : 1000);
	if (chance(10) && taste.rules < 500)
		check_allocations(sample_ruleset(&sample));
	sample_free(&sample);
}

/*
 * The most that rules of one kind each can ask for: 10,000 for both families, with addresses and ports strewn over all
 * there are, `items` of each. The matcher keeps to its memory and still finds what the reference finds.
 */
static void check_memory(u32 items)
{
	struct taste taste = { .rules = 10000, .hooks = 1, .items = items, .addresses = U32_MAX };
	struct sample sample;
	struct nsg_matcher *matcher;
	int error;

	draw_ruleset(&sample, &taste);
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || nsg_matcher_memory(matcher) > NSGATE_MAX_RULESET_MEMORY)
		give_up("10,000 rules of %u items: error %d, %zu bytes", items, error,
			matcher ? nsg_matcher_memory(matcher) : 0);
	printf("engine: 10,000 rules of up to %u items take %zu KiB\n", items, nsg_matcher_memory(matcher) / 1024);
	nsg_matcher_free(matcher);
	check_ruleset(sample_ruleset(&sample), &taste, 10);
	sample_free(&sample);
}

/* Rules that are wide in both addresses beside rules of any source and port, which are kept apart in three strands. */
static void check_strands(u32 count, bool ipv6)
{
	struct five_fields *rules;
	struct subject subject;
	struct sample sample;
	struct nsg_matcher *matcher;
	struct nsg_key key;
	int error;
	u32 i;

	count = family_rules(&rules, "anyport", count);
	family_sample(&sample, rules, count, ipv6);
	subject = subject_of(sample_ruleset(&sample));
	matcher = nsg_matcher_build(subject.ruleset, NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || matcher->chain[NSGATE_HOOK_INPUT][ipv6]->layout.strands != 3)
		give_up("%u rules of any destination or any port: error %d, or not three strands", count, error);
	for (i = 0; i < 500; i++) {
		family_packet(&key, rules, count, ipv6, &dice);
		check_packet(subject.ruleset, subject.rule, subject.predicates, matcher, &key);
	}
	nsg_matcher_free(matcher);
	forget_subject(&subject);
	sample_free(&sample);
	free(rules);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? atoi(argv[1]) : 200;
	u32 i;

	dice.state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	for (i = 0; i < rounds; i++)
		check_one();
	check_strands(1200, false);
	check_strands(5000, true);
	check_memory(1);
	check_memory(4);
	check_memory(30);
	check_limits();
	printf("engine: %u rulesets agree with the reference\n", rounds);
	return 0;
}
