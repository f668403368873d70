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
	unsigned long packets, matches, mismatches, wrong_decisions, wrong_counts, sheets, spared, wrong_sheets;
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
			      const struct nsg_key *key, struct nsg_ledger *ledger, uint64_t *counts)
{
	struct nsg_tally tally = { .ledger = ledger, .bytes = 100, .now = 5 };
	uint32_t want = reference_decision(built, ruleset, key, counts);
	struct nsg_decision dry = nsg_decide(built, key, NULL), have = nsg_decide(built, key, &tally);
	uint8_t verdict = want == NSGATE_NO_INDEX ? ruleset->default_verdict[key->hook] : built->rule[want].action;

	seen.wrong_decisions += have.rule != want || have.verdict != verdict || dry.rule != have.rule ||
				dry.verdict != have.verdict;
}

/* A sheet is there only if one of its rules was hit. */
static void compare_counts(const struct nsg_ledger *ledger, const uint64_t *counts, uint32_t rules)
{
	static const struct nsg_cell none;

	for (uint32_t number = 0; number < nsg_sheets_for(rules); number++) {
		const struct nsg_sheet *sheet = nsg_ledger_sheet(ledger, number);
		bool hit = false;

		for (uint32_t i = 0, rule = number * NSG_SHEET_RULES; i < NSG_SHEET_RULES && rule < rules; i++, rule++) {
			const struct nsg_cell *cell = sheet ? &sheet->cell[i] : &none;

			hit |= counts[rule];
			seen.wrong_counts += cell->packets != counts[rule] || cell->bytes != counts[rule] * 100;
		}
		seen.wrong_sheets += hit != !!sheet;
		seen.sheets += !!sheet;
		seen.spared += !sheet;
	}
}

static void round_of(uint32_t rules)
{
	struct nsgate_refusal refusal;
	struct nsg_request request;
	struct nsg_ruleset *built;
	struct linked_sets sets;
	struct nsg_ledger ledger;
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
	nsg_ledger_init(&ledger, built->rules);
	counts = calloc(rules + 1, sizeof(*counts));
	for (int i = 0; i < PACKETS; i++) {
		struct nsg_key key = sample_key();

		seen.packets++;
		compare_matches(built, request.puts.at[0].ruleset, &key);
		compare_decisions(built, request.puts.at[0].ruleset, &key, &ledger, counts);
	}
	compare_counts(&ledger, counts, built->rules);
	nsg_ledger_clear(&ledger);
	free(counts);
	nsg_ruleset_free(built);
	linked_sets_free(&sets);
	nsg_request_free(&request);
	wire_free(&w);
}

/* A hit without memory for its cell is told apart, and the next one is counted. */
static void test_uncounted(void)
{
	struct nsg_ledger ledger;
	struct nsg_tally tally = { .ledger = &ledger, .bytes = 100, .now = 5 };

	nsg_ledger_init(&ledger, NSGATE_MAX_RULES);
	check(!nsg_ledger_memory(&ledger), "a ledger takes no memory before a rule is hit");
	for (int memory = 0; memory < 2; memory++) {
		userspace_allocations = memory;
		nsg_count(&tally, NSGATE_MAX_RULES - 1);
	}
	userspace_allocations = -1;
	check(atomic64_read(&nsg_uncounted) == 2 && !nsg_ledger_sheet(&ledger, ledger.count - 1),
	      "hits without memory for a table or for a sheet are told as uncounted");
	nsg_count(&tally, NSGATE_MAX_RULES - 1);
	nsg_count(&tally, NSGATE_MAX_RULES - 1);
	check(nsg_ledger_sheet(&ledger, ledger.count - 1)->cell[NSG_SHEET_RULES - 1].packets == 2 &&
	      atomic64_read(&nsg_uncounted) == 2, "with memory the next are counted");
	check(nsg_ledger_memory(&ledger) == ledger.count * sizeof(void *) + sizeof(struct nsg_sheet),
	      "which takes a table and one sheet");
	nsg_ledger_clear(&ledger);
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
	check(!nsg_ledgers_start(), "ledgers start");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		sample_seed(round + 1);
		round_of(round % 10 ? 1 + round % 60 : 600);
	}
	check(!seen.mismatches && seen.matches > seen.packets, "%lu packets find the %lu matches of the reference, in order",
	      seen.packets, seen.matches);
	check(!seen.wrong_decisions, "the first rule that decides gives the verdict, or the default does");
	check(!seen.wrong_counts, "every rule on the way is counted, and none beyond");
	check(!seen.wrong_sheets && seen.sheets && seen.spared, "%lu sheets of cells were made for it, %lu were not",
	      seen.sheets, seen.spared);
	test_find();
	test_exhaustion();
	test_uncounted();
	nsg_ledgers_stop();
	return conclude();
}
