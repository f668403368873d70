// SPDX-License-Identifier: GPL-2.0
/*
 * The engine held to the linear reference: for rulesets of all kinds of matches and packets near their end points, the
 * whole sequence of matching rules is what trying each rule in turn gives. Usage: engine-property [ROUNDS [SEED]]
 */
#include "engine-draw.h"
#include "engine-family.h"
#include "../src/parse.h"
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
		if (found != expected) {
			fprintf(stderr, "of %u rules the engine finds %d where %d is next: hook %u family %u protocol %u\n",
				ruleset->rules, (s32)found, (s32)expected, key->hook, key->family, key->protocol);
			exit(1);
		}
		if (expected == NSG_NO_RULE)
			return;
		nsg_search_next(&search, ipv6, plain);
		expected = next_by_reference(ruleset, rule, expected + 1, predicates, key);
	}
}

static void check_accepted_by_parser(const struct nsgate_ruleset *ruleset)
{
	struct nsgate_refusal refusal = { .object = 0 };
	struct nsg_parse parse = { .bytes = (const u8 *)ruleset, .refusal = &refusal };

	if (!nsg_check_ruleset(&parse, ruleset))
		return;
	fprintf(stderr, "the test drew a ruleset that is not one: %s (rule %u)\n", refusal.reason, refusal.rule);
	exit(1);
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
static void check_effort(const struct subject *subject, struct nsg_effort effort, const struct taste *taste, u32 packets)
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

static void check_ruleset(const struct nsgate_ruleset *ruleset, const struct taste *taste, u32 packets)
{
	struct nsg_budget unlimited = { .left = SIZE_MAX };
	struct subject subject = { .ruleset = ruleset, .rule = calloc(ruleset->rules, sizeof(*subject.rule)),
				   .predicates = nsg_predicates_build(ruleset, NULL, &unlimited) };
	const struct nsgate_rule *at = nsg_ruleset_rules(ruleset);
	int error;
	struct nsg_matcher *matcher = nsg_matcher_build(ruleset, NSGATE_MAX_RULESET_MEMORY, &error);
	u32 i;

	if (!subject.rule || !subject.predicates || !matcher || error) {
		fprintf(stderr, "no matcher for %u rules: error %d\n", ruleset->rules, error);
		exit(1);
	}
	for (i = 0; i < ruleset->rules; i++, at = nsg_rule_end(at))
		subject.rule[i] = at;
	check_packets(&subject, matcher, taste, packets);
	check_efforts(&subject, taste, packets);
	nsg_matcher_free(matcher);
	nsg_predicates_free(subject.predicates);
	free(subject.rule);
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
		if (error != -ENOMEM) {
			fprintf(stderr, "allocation %ld failed, but the error is %d\n", allocations, error);
			exit(1);
		}
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
	if (!matcher || nsg_matcher_memory(matcher) > NSGATE_MAX_RULESET_MEMORY) {
		fprintf(stderr, "10,000 rules of %u items: error %d, %zu bytes\n", items, error,
			matcher ? nsg_matcher_memory(matcher) : 0);
		exit(1);
	}
	printf("engine: 10,000 rules of up to %u items take %zu KiB\n", items, nsg_matcher_memory(matcher) / 1024);
	nsg_matcher_free(matcher);
	check_ruleset(sample_ruleset(&sample), &taste, 10);
	sample_free(&sample);
}

/* A typical ruleset of 10,000 rules takes at most 8 MiB, of which 1 MiB is for the rules themselves. */
static void check_typical(const char *family, bool ipv6)
{
	struct nsg_matcher *matcher;
	struct five_fields *rules;
	struct sample sample;
	u32 count = family_rules(&rules, family, 10000);
	int error;

	family_sample(&sample, rules, count, ipv6);
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || nsg_matcher_memory(matcher) > 7UL << 20) {
		fprintf(stderr, "10,000 rules of the family %s: error %d, %zu bytes\n", family, error,
			matcher ? nsg_matcher_memory(matcher) : 0);
		exit(1);
	}
	nsg_matcher_free(matcher);
	sample_free(&sample);
	free(rules);
}

static void check_all_typical(void)
{
	static const char *const families[] = { "acl", "fw", "ipc" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(families) * 2; i++)
		check_typical(families[i / 2], i % 2);
	printf("engine: typical rulesets of 10,000 rules take at most 7 MiB\n");
}

static void add_hosts(struct sample *sample, u16 kind, u32 size, u32 count)
{
	u8 host[sizeof(struct nsgate_prefix6)] = { 0 };
	u32 i, byte;

	sample_match(sample, kind, 0);
	for (i = 0; i < count; i++) {
		for (byte = 0; byte < size; byte++)
			host[byte] = below(256);
		host[size] = size * 8;
		sample_item(sample, host);
	}
}

static void add_port_ranges(struct sample *sample, u16 kind)
{
	u32 i;

	sample_match(sample, kind, 0);
	for (i = 0; i < 2; i++) {
		u16 a = below(65536), b = below(65536);
		struct nsgate_port_range range = { min_t(u16, a, b), a < b ? b : a };

		sample_item(sample, &range);
	}
}

static void add_two_of_each(struct sample *sample)
{
	static const u8 tcp = 6;

	sample_rule(sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4 | NSGATE_FAMILY_IPV6);
	add_hosts(sample, NSGATE_MATCH_SRC4, 4, 2);
	add_hosts(sample, NSGATE_MATCH_SRC6, 16, 2);
	add_hosts(sample, NSGATE_MATCH_DST4, 4, 2);
	add_hosts(sample, NSGATE_MATCH_DST6, 16, 2);
	sample_match(sample, NSGATE_MATCH_PROTOCOL, 0);
	sample_item(sample, &tcp);
	add_port_ranges(sample, NSGATE_MATCH_SPORT);
	add_port_ranges(sample, NSGATE_MATCH_DPORT);
}

/*
 * Two hosts and two ranges of ports on either side of each rule, none like another: too much for a table of protocol
 * and ports joined, but each axis by itself fits, and none of the rules need be verified.
 */
static void check_fits(void)
{
	struct nsg_matcher *matcher;
	struct sample sample;
	int error;
	u32 i;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++)
		add_two_of_each(&sample);
	check_accepted_by_parser(sample_ruleset(&sample));
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (!matcher || !matcher->chain[NSGATE_HOOK_INPUT][0]->plain || !matcher->chain[NSGATE_HOOK_INPUT][1]->plain) {
		fprintf(stderr, "10,000 rules of two hosts and port ranges on either side: error %d, %s\n", error,
			matcher ? "not exact" : "no matcher");
		exit(1);
	}
	printf("engine: 10,000 rules of two hosts and port ranges on either side take %zu KiB\n",
	       nsg_matcher_memory(matcher) / 1024);
	nsg_matcher_free(matcher);
	sample_free(&sample);
}

/* How many rules the tables leave to be tried, on average, for packets from anywhere to anywhere. */
static u32 count_candidates(const struct nsg_matcher *matcher)
{
	struct nsg_key key = { .hook = NSGATE_HOOK_INPUT, .family = NSGATE_FAMILY_IPV4, .protocol = 6 };
	u32 candidates = 0, i;
	struct nsg_search search;

	for (i = 0; i < 100; i++) {
		key.source.words[0] = dice_roll(&dice);
		key.destination.words[0] = dice_roll(&dice);
		for (nsg_search_first(&search, matcher, &key, false, true); search.place != NSG_NO_PLACE;
		     nsg_search_next(&search, false, true))
			candidates++;
	}
	return candidates / i;
}

/* Several hosts per rule, none like another: more ends of ranges than there is memory for, but not rule after rule. */
static void check_crowd(u32 hosts)
{
	struct nsg_matcher *matcher;
	struct sample sample;
	u32 candidates, i;
	int error;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++) {
		sample_rule(&sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
		add_hosts(&sample, NSGATE_MATCH_SRC4, 4, hosts);
		add_hosts(&sample, NSGATE_MATCH_DST4, 4, hosts);
	}
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	candidates = matcher ? count_candidates(matcher) : 0;
	if (!matcher || candidates > 10) {
		fprintf(stderr, "10,000 rules of %u hosts on either side: error %d, and %u are tried\n", hosts, error,
			candidates);
		exit(1);
	}
	printf("engine: 10,000 rules of %u hosts on either side take %zu KiB, and %u are tried\n", hosts,
	       nsg_matcher_memory(matcher) / 1024, candidates);
	nsg_matcher_free(matcher);
	sample_free(&sample);
}

/* As many names of interfaces, which no table can tell, as a request has room for: more than a ruleset may take. */
static void check_too_large(void)
{
	struct nsgate_ifname ifname = { .name = "eth" };
	struct nsg_matcher *matcher;
	struct sample sample;
	int error;
	u32 i, j;

	sample_begin(&sample);
	for (i = 0; i < 10000; i++) {
		sample_rule(&sample, NSGATE_HOOK_INPUT, NSGATE_FAMILY_IPV4);
		sample_match(&sample, NSGATE_MATCH_IN_IF, 0);
		for (j = 0; j < 400; j++)
			sample_item(&sample, &ifname);
	}
	check_accepted_by_parser(sample_ruleset(&sample));
	matcher = nsg_matcher_build(sample_ruleset(&sample), NSGATE_MAX_RULESET_MEMORY, &error);
	if (matcher || error != -E2BIG) {
		fprintf(stderr, "10,000 rules of 400 names each: error %d, %zu bytes\n", error,
			matcher ? nsg_matcher_memory(matcher) : 0);
		exit(1);
	}
	sample_free(&sample);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? atoi(argv[1]) : 200;
	u32 i;

	dice.state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	for (i = 0; i < rounds; i++)
		check_one();
	check_memory(1);
	check_memory(4);
	check_memory(30);
	check_all_typical();
	check_fits();
	check_crowd(16);
	check_too_large();
	printf("engine: %u rulesets agree with the reference\n", rounds);
	return 0;
}
