// SPDX-License-Identifier: GPL-2.0
/*
 * Exact answer to whether one rule's matches hold for a packet. A rule is a run of tests, a test a run of items; both
 * are laid out in the order in which they are read.
 */
#include "predicate.h"
#include "request.h"

struct test {
	u8 kind;		/* enum nsgate_match_kind */
	bool negate;
	u16 count;
	u32 items;		/* index of the first in predicates.items */
};

struct prefix4 {
	u32 address;		/* network byte order, as is the mask */
	u32 mask;
};

struct prefix6 {
	u64 address[2];
	u64 mask[2];
};

struct ifname {
	char name[NSGATE_IFNAME_SIZE];
	u64 length;		/* to compare: up to the `*`, or including the NUL */
};

struct nsg_predicates {
	u32 rules;
	size_t memory;
	u32 *first;		/* of rules + 1: a rule's tests end where those of the next begin */
	struct test *tests;
	u64 *items;		/* each test's items start on 8 bytes */
	struct nsg_set_refs *sets;
};

/* 8-byte words that a match's items take when compiled. */
static u32 item_words(const struct nsgate_match *match)
{
	switch (match->kind) {
	case NSGATE_MATCH_SRC4:
	case NSGATE_MATCH_DST4:
		return match->count * (sizeof(struct prefix4) / 8);
	case NSGATE_MATCH_SRC6:
	case NSGATE_MATCH_DST6:
		return match->count * (sizeof(struct prefix6) / 8);
	case NSGATE_MATCH_IN_IF:
	case NSGATE_MATCH_OUT_IF:
		return match->count * (sizeof(struct ifname) / 8);
	case NSGATE_MATCH_SRC_SET:
	case NSGATE_MATCH_DST_SET:
		return match->count;
	default:
		return ALIGN(match->count * nsg_item_size(match->kind), 8) / 8;
	}
}

static u64 high_bits(u32 count)
{
	return count ? ~0ULL << (64 - count) : 0;
}

static void compile_prefix4(struct prefix4 *to, const struct nsgate_prefix4 *from)
{
	memcpy(&to->address, from->address, sizeof(to->address));
	to->mask = (__force u32)htonl(high_bits(from->length) >> 32);
}

static void compile_prefix6(struct prefix6 *to, const struct nsgate_prefix6 *from)
{
	u32 first = min_t(u32, from->length, 64);

	memcpy(to->address, from->address, sizeof(to->address));
	to->mask[0] = (__force u64)cpu_to_be64(high_bits(first));
	to->mask[1] = (__force u64)cpu_to_be64(high_bits(from->length - first));
}

static void compile_ifname(struct ifname *to, const struct nsgate_ifname *from)
{
	size_t length = strnlen(from->name, sizeof(from->name));

	memcpy(to->name, from->name, sizeof(to->name));
	to->length = from->name[length - 1] == '*' ? length - 1 : length + 1;
}

/* An item is the reference to a set. */
static void compile_sets(u64 *to, const struct nsgate_match *match, const struct nsg_set_refs *sets)
{
	const struct nsgate_set_name *name = (const struct nsgate_set_name *)(match + 1);
	u32 i;

	for (i = 0; i < match->count; i++)
		to[i] = (unsigned long)nsg_set_refs_find(sets, &name[i]);
}

static void compile_items(u64 *to, const struct nsgate_match *match, const struct nsg_set_refs *sets)
{
	const void *items = match + 1;
	u32 i;

	switch (match->kind) {
	case NSGATE_MATCH_SRC4:
	case NSGATE_MATCH_DST4:
		for (i = 0; i < match->count; i++)
			compile_prefix4((struct prefix4 *)to + i, (const struct nsgate_prefix4 *)items + i);
		break;
	case NSGATE_MATCH_SRC6:
	case NSGATE_MATCH_DST6:
		for (i = 0; i < match->count; i++)
			compile_prefix6((struct prefix6 *)to + i, (const struct nsgate_prefix6 *)items + i);
		break;
	case NSGATE_MATCH_IN_IF:
	case NSGATE_MATCH_OUT_IF:
		for (i = 0; i < match->count; i++)
			compile_ifname((struct ifname *)to + i, (const struct nsgate_ifname *)items + i);
		break;
	case NSGATE_MATCH_SRC_SET:
	case NSGATE_MATCH_DST_SET:
		compile_sets(to, match, sets);
		break;
	default:
		memcpy(to, items, match->count * nsg_item_size(match->kind));
	}
}

static const struct nsgate_match *end_of(const struct nsgate_rule *rule)
{
	return nsg_rule_end(rule);
}

static bool is_wanted(const u64 *rules, u32 rule)
{
	return !rules || rules[rule / 64] >> (rule % 64) & 1;
}

static void count_parts(const struct nsgate_ruleset *ruleset, const u64 *rules, size_t *tests, size_t *words)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	const struct nsgate_match *match;
	u32 i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule)) {
		if (!is_wanted(rules, i))
			continue;
		for (match = nsg_rule_matches(rule); match < end_of(rule); match = nsg_match_next(match)) {
			++*tests;
			*words += item_words(match);
		}
		cond_resched();
	}
}

static void compile(struct nsg_predicates *predicates, const struct nsgate_ruleset *ruleset, const u64 *rules)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	const struct nsgate_match *match;
	u32 test = 0, word = 0, i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule)) {
		predicates->first[i] = test;
		if (!is_wanted(rules, i))
			continue;
		for (match = nsg_rule_matches(rule); match < end_of(rule); match = nsg_match_next(match)) {
			predicates->tests[test++] = (struct test){
				.kind = match->kind, .negate = match->flags & NSGATE_MATCH_NEGATE,
				.count = match->count, .items = word };
			compile_items(predicates->items + word, match, predicates->sets);
			word += item_words(match);
		}
		cond_resched();
	}
	predicates->first[i] = test;
}

static struct nsg_predicates *build(const struct nsgate_ruleset *ruleset, const u64 *rules, struct nsg_set_refs *sets,
				    struct nsg_budget *budget)
{
	struct nsg_predicates *predicates;
	size_t tests = 0, words = 0, memory;

	count_parts(ruleset, rules, &tests, &words);
	memory = sizeof(*predicates) + words * sizeof(u64) + tests * sizeof(struct test) +
		 (ruleset->rules + 1) * sizeof(u32);
	predicates = nsg_budget_take(budget, memory);
	if (!predicates)
		return NULL;
	predicates->rules = ruleset->rules;
	predicates->memory = memory + sets->memory;
	predicates->sets = sets;
	predicates->items = (u64 *)(predicates + 1);
	predicates->tests = (struct test *)(predicates->items + words);
	predicates->first = (u32 *)(predicates->tests + tests);
	compile(predicates, ruleset, rules);
	return predicates;
}

struct nsg_predicates *nsg_predicates_build(const struct nsgate_ruleset *ruleset, const u64 *rules,
					    struct nsg_budget *budget)
{
	struct nsg_set_refs *sets = nsg_set_refs_build(ruleset, budget);
	struct nsg_predicates *predicates = sets ? build(ruleset, rules, sets, budget) : NULL;

	if (!predicates)
		nsg_set_refs_free(sets);
	return predicates;
}

void nsg_predicates_free(struct nsg_predicates *predicates)
{
	if (!predicates)
		return;
	nsg_set_refs_free(predicates->sets);
	nsg_kvfree(predicates);
}

struct nsg_set_refs *nsg_predicates_sets(const struct nsg_predicates *predicates)
{
	return predicates->sets;
}

size_t nsg_predicates_memory(const struct nsg_predicates *predicates)
{
	return predicates->memory;
}

static bool any_prefix4(const struct prefix4 *prefix, u32 count, const union nsg_address *address)
{
	for (; count; count--, prefix++)
		if ((address->words[0] & prefix->mask) == prefix->address)
			return true;
	return false;
}

static bool any_prefix6(const struct prefix6 *prefix, u32 count, const union nsg_address *address)
{
	for (; count; count--, prefix++)
		if ((address->halves[0] & prefix->mask[0]) == prefix->address[0] &&
		    (address->halves[1] & prefix->mask[1]) == prefix->address[1])
			return true;
	return false;
}

static bool any_port(const struct nsgate_port_range *range, u32 count, u16 port)
{
	for (; count; count--, range++)
		if (port >= range->first && port <= range->last)
			return true;
	return false;
}

static bool any_icmp(const struct nsgate_icmp *icmp, u32 count, const struct nsg_key *key)
{
	for (; count; count--, icmp++)
		if (key->icmp_type == icmp->type && key->icmp_code >= icmp->code_first &&
		    key->icmp_code <= icmp->code_last)
			return true;
	return false;
}

static bool any_tcp_flags(const struct nsgate_tcp_flags *flags, u32 count, u8 have)
{
	for (; count; count--, flags++)
		if ((have & flags->mask) == flags->value)
			return true;
	return false;
}

static bool any_ifname(const struct ifname *ifname, u32 count, const char *name)
{
	for (; count; count--, ifname++)
		if (!strncmp(name, ifname->name, ifname->length))
			return true;
	return false;
}

static bool any_mark(const struct nsgate_mark *mark, u32 count, u32 have)
{
	for (; count; count--, mark++)
		if ((have & mark->mask) == mark->value)
			return true;
	return false;
}

static bool any_set(const u64 *items, u32 count, const union nsg_address *address, const struct nsg_key *key)
{
	const struct nsg_set_ref *ref;

	for (; count; count--, items++) {
		ref = (const struct nsg_set_ref *)(unsigned long)*items;
		if (nsg_set_has(ref->set, address, key->family, key->side))
			return true;
	}
	return false;
}

/* Whether the packet has what a test of this kind looks at. */
static bool has_part(u8 kind, const struct nsg_key *key)
{
	switch (kind) {
	case NSGATE_MATCH_SPORT:
	case NSGATE_MATCH_DPORT:
		return key->parts & NSG_KEY_PORTS;
	case NSGATE_MATCH_ICMP4:
	case NSGATE_MATCH_ICMP6:
		return key->parts & NSG_KEY_ICMP;
	case NSGATE_MATCH_TCP_FLAGS:
		return key->parts & NSG_KEY_TCP_FLAGS;
	case NSGATE_MATCH_IN_IF:
		return key->in_if;
	case NSGATE_MATCH_OUT_IF:
		return key->out_if;
	default:
		return true;
	}
}

static bool any_item(const struct test *test, const void *items, const struct nsg_key *key)
{
	switch (test->kind) {
	case NSGATE_MATCH_SRC4:
		return any_prefix4(items, test->count, &key->source);
	case NSGATE_MATCH_DST4:
		return any_prefix4(items, test->count, &key->destination);
	case NSGATE_MATCH_SRC6:
		return any_prefix6(items, test->count, &key->source);
	case NSGATE_MATCH_DST6:
		return any_prefix6(items, test->count, &key->destination);
	case NSGATE_MATCH_PROTOCOL:
		return memchr(items, key->protocol, test->count);
	case NSGATE_MATCH_SPORT:
		return any_port(items, test->count, key->source_port);
	case NSGATE_MATCH_DPORT:
		return any_port(items, test->count, key->destination_port);
	case NSGATE_MATCH_ICMP4:
	case NSGATE_MATCH_ICMP6:
		return any_icmp(items, test->count, key);
	case NSGATE_MATCH_TCP_FLAGS:
		return any_tcp_flags(items, test->count, key->tcp_flags);
	case NSGATE_MATCH_IN_IF:
		return any_ifname(items, test->count, key->in_if);
	case NSGATE_MATCH_OUT_IF:
		return any_ifname(items, test->count, key->out_if);
	case NSGATE_MATCH_STATE:
		return key->state & *(const u8 *)items;
	case NSGATE_MATCH_MARK:
		return any_mark(items, test->count, key->mark);
	case NSGATE_MATCH_SRC_SET:
		return any_set(items, test->count, &key->source, key);
	case NSGATE_MATCH_DST_SET:
		return any_set(items, test->count, &key->destination, key);
	default:
		return false;
	}
}

/* A rule for both families has tests on addresses of both; those of the other family do not concern this packet. */
static bool other_family(u8 kind, u8 family)
{
	if (kind == NSGATE_MATCH_SRC4 || kind == NSGATE_MATCH_DST4)
		return family != NSGATE_FAMILY_IPV4;
	if (kind == NSGATE_MATCH_SRC6 || kind == NSGATE_MATCH_DST6)
		return family != NSGATE_FAMILY_IPV6;
	return false;
}

static bool test_holds(const struct nsg_predicates *predicates, const struct test *test, const struct nsg_key *key)
{
	if (other_family(test->kind, key->family))
		return true;
	if (!has_part(test->kind, key))
		return false;
	return any_item(test, predicates->items + test->items, key) != test->negate;
}

bool nsg_predicate_holds(const struct nsg_predicates *predicates, u32 rule, const struct nsg_key *key)
{
	const struct test *test = predicates->tests + predicates->first[rule];
	const struct test *end = predicates->tests + predicates->first[rule + 1];

	for (; test < end; test++)
		if (!test_holds(predicates, test, key))
			return false;
	return true;
}
