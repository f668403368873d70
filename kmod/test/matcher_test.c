// SPDX-License-Identifier: GPL-2.0
/* The matcher and the decision, held to the plain reference on random rulesets and packets. */
#include "../src/decision.h"
#include "../src/request.h"
#include "check.h"
#include "linked.h"
#include "reference.h"
#include "sample.h"

long userspace_allocations = -1;

#define ROUNDS	400
#define PACKETS	300

/* Everything that a round compares; hits tell that the test is not empty. */
static struct {
	unsigned long packets, matches, mismatches, wrong_decisions, wrong_counts;
} seen;

static void compare_matches(const struct nsg_ruleset *built, const struct nsgate_ruleset *ruleset,
			    const struct nsg_key *key)
{
	struct nsg_search search;
	bool ipv6 = key->family == NSGATE_FAMILY_IPV6;
	uint32_t want, have, from = 0;

	do {
		want = reference_next(ruleset, from, key);
		if (from)
			nsg_search_next(&search, ipv6, false);
		else
			nsg_search_first(&search, built->matcher, key, ipv6, false);
		have = search.place == NSG_NO_PLACE ? NSG_NO_RULE : nsg_search_rule(&search);
		seen.matches += want != NSGATE_NO_INDEX;
		seen.mismatches += want != have;
		from = want + 1;
	} while (want != NSGATE_NO_INDEX && want == have);
}

static bool decides(const struct nsg_rule *rule)
{
	return rule->action != NSGATE_COUNT && !(rule->flags & NSGATE_RULE_SHADOW);
}

/* The first rule that matches and decides; those before it on the way are counted in `counts`. */
static uint32_t reference_decision(const struct nsg_ruleset *built, const struct nsgate_ruleset *ruleset,
				   const struct nsg_key *key, uint64_t *counts)
{
	uint32_t rule = reference_next(ruleset, 0, key);

	for (; rule != NSGATE_NO_INDEX; rule = reference_next(ruleset, rule + 1, key)) {
		counts[rule]++;
		if (decides(&built->rule[rule]))
			return rule;
	}
	return NSGATE_NO_INDEX;
}

static void compare_decisions(const struct nsg_ruleset *built, const struct nsgate_ruleset *ruleset,
			      const struct nsg_key *key, struct nsg_cell *cells, uint64_t *counts)
{
	struct nsg_tally tally = { .cells = cells, .bytes = 100, .now = 5 };
	uint32_t want = reference_decision(built, ruleset, key, counts);
	struct nsg_decision dry = nsg_decide(built, key, NULL), have = nsg_decide(built, key, &tally);
	uint8_t verdict = want == NSGATE_NO_INDEX ? ruleset->default_verdict[key->hook] : built->rule[want].action;

	seen.wrong_decisions += have.rule != want || have.verdict != verdict || dry.rule != have.rule ||
				dry.verdict != have.verdict;
}

static void compare_counts(const struct nsg_cell *cells, const uint64_t *counts, uint32_t rules)
{
	for (uint32_t i = 0; i < rules; i++)
		seen.wrong_counts += cells[i].packets != counts[i] || cells[i].bytes != counts[i] * 100;
}

static void round_of(uint32_t rules)
{
	struct nsgate_refusal refusal;
	struct nsg_request request;
	struct nsg_ruleset *built;
	struct linked_sets sets;
	struct nsg_cell *cells;
	uint64_t *counts;
	struct wire w;
	int error;

	wire_begin(&w, NSGATE_OP_COMMIT);
	for (uint32_t i = 0; i < SAMPLE_SETS; i++)
		sample_set(&w, i);
	sample_ruleset(&w, 1, rules);
	wire_finish(&w);
	if (nsg_request_parse(&request, w.bytes, w.length, &refusal))
		fail("a random ruleset is valid: %s (rule %u)", refusal.reason, refusal.rule);
	sets = linked_sets_build(&request);
	built = nsg_ruleset_build(request.puts.at[0].ruleset, &error);
	linked_sets_link(&sets, nsg_ruleset_sets(built));
	cells = calloc(rules + 1, sizeof(*cells));
	counts = calloc(rules + 1, sizeof(*counts));
	for (int i = 0; i < PACKETS; i++) {
		struct nsg_key key = sample_key();

		seen.packets++;
		compare_matches(built, request.puts.at[0].ruleset, &key);
		compare_decisions(built, request.puts.at[0].ruleset, &key, cells, counts);
	}
	compare_counts(cells, counts, built->rules);
	free(cells);
	free(counts);
	nsg_ruleset_free(built);
	linked_sets_free(&sets);
	nsg_request_free(&request);
	wire_free(&w);
}

/* A build that runs out of memory at any allocation fails, and frees what it had. */
static void test_exhaustion(void)
{
	struct nsgate_refusal refusal;
	struct nsg_ruleset *built = NULL;
	struct nsg_request request;
	struct wire w;
	int error = -ENOMEM, limit = 0;

	wire_begin(&w, NSGATE_OP_COMMIT);
	sample_seed(5);
	sample_ruleset(&w, 1, 200);
	wire_finish(&w);
	nsg_request_parse(&request, w.bytes, w.length, &refusal);
	for (; !built && limit < 10000 && error == -ENOMEM; limit++) {
		userspace_allocations = limit;
		built = nsg_ruleset_build(request.puts.at[0].ruleset, &error);
	}
	userspace_allocations = -1;
	check(built && limit > 2 && !error, "a build without memory fails cleanly at each of %d allocations", limit - 1);
	nsg_ruleset_free(built);
	nsg_request_free(&request);
	wire_free(&w);
}

/* Rules by id, present and absent. */
static void test_find(void)
{
	struct nsgate_refusal refusal;
	struct nsg_ruleset *built;
	struct nsg_request request;
	struct wire w;
	bool good = true;
	int error;

	wire_begin(&w, NSGATE_OP_COMMIT);
	sample_ruleset(&w, 1, 300);
	wire_finish(&w);
	nsg_request_parse(&request, w.bytes, w.length, &refusal);
	built = nsg_ruleset_build(request.puts.at[0].ruleset, &error);
	for (uint32_t i = 0; i < built->rules; i++)
		good &= nsg_ruleset_find(built, built->rule[i].id) == i &&
			nsg_ruleset_find(built, built->rule[i].id + 1) == NSG_NO_RULE;
	check(good, "each of %u rules is found by its id, and no other", built->rules);
	nsg_ruleset_free(built);
	nsg_request_free(&request);
	wire_free(&w);
}

int main(void)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		sample_seed(round + 1);
		round_of(round % 10 ? 1 + round % 60 : 600);
	}
	check(!seen.mismatches && seen.matches > seen.packets, "%lu packets find the %lu matches of the reference, in order",
	      seen.packets, seen.matches);
	check(!seen.wrong_decisions, "the first rule that decides gives the verdict, or the default does");
	check(!seen.wrong_counts, "every rule on the way is counted, and none beyond");
	test_find();
	test_exhaustion();
	return conclude();
}
