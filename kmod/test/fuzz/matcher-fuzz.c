// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes what is built from requests: each ruleset that the parser accepts is built, and packets find the very sequence
 * of rules that the linear reference finds. Packets are made of values of the ruleset's own items, and of those beside.
 */
#include "input.h"
#include "../../src/decision.h"
#include "../dice.h"
#include "../linked.h"
#include "../reference.h"

#define PACKETS	16

static const u8 protocols[] = { 1, 6, 17, 33, 47, 58, 132, 136 };
static const char *const names[] = { "lo", "eth0", "e" };
static char drawn_names[2][NSGATE_IFNAME_SIZE];

static bool has_ports(u8 protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* An address in a prefix: its first, its last, or one beside. */
static void draw_address(struct dice *dice, u8 *address, const u8 *prefix, u32 size, u8 length)
{
	bool last = dice_chance(dice, 50);
	u32 bit;

	memcpy(address, prefix, size);
	for (bit = length; last && bit < size * 8; bit++)
		address[bit / 8] |= 0x80 >> bit % 8;
	if (dice_chance(dice, 20))
		address[size - 1] += dice_chance(dice, 50) ? 1 : -1;
}

/* An address in a member of a set, unless it has none of the family. */
static void take_member(struct dice *dice, u8 *address, u8 family, const struct nsgate_set_name *name)
{
	const struct nsgate_set *set = reference_set(name, dice_below(dice, NSG_SET_SIDES));
	const struct nsgate_prefix4 *prefix4 = (const void *)(set + 1);
	const struct nsgate_prefix6 *prefix6 = (const void *)(prefix4 + set->members4);

	if (family == NSGATE_FAMILY_IPV4 && set->members4) {
		prefix4 += dice_below(dice, set->members4);
		draw_address(dice, address, prefix4->address, 4, prefix4->length);
	} else if (family == NSGATE_FAMILY_IPV6 && set->members6) {
		prefix6 += dice_below(dice, set->members6);
		draw_address(dice, address, prefix6->address, 16, prefix6->length);
	}
}

static u16 draw_port(struct dice *dice, const struct nsgate_port_range *range)
{
	u16 port = dice_chance(dice, 50) ? range->first : range->last;

	return dice_chance(dice, 20) ? port + (dice_chance(dice, 50) ? 1 : -1) : port;
}

static const char *draw_name(struct dice *dice, char *into, const struct nsgate_ifname *want)
{
	size_t length = strlen(want->name);

	memcpy(into, want->name, NSGATE_IFNAME_SIZE);
	if (into[length - 1] == '*')
		into[length - 1] = dice_chance(dice, 50) ? '7' : 0;
	return into;
}

/* Gives the key a value that an item of the match holds for, or nearly. */
static void take_item(struct dice *dice, struct nsg_key *key, const struct nsgate_match *match)
{
	const void *item = (const u8 *)(match + 1) + dice_below(dice, match->count) * nsg_item_size(match->kind);
	const struct nsgate_prefix4 *prefix4 = item;
	const struct nsgate_prefix6 *prefix6 = item;
	const struct nsgate_icmp *icmp = item;
	const u8 *byte = item;

	switch (match->kind) {
	case NSGATE_MATCH_SRC4:
		return draw_address(dice, key->source.bytes, prefix4->address, 4, prefix4->length);
	case NSGATE_MATCH_DST4:
		return draw_address(dice, key->destination.bytes, prefix4->address, 4, prefix4->length);
	case NSGATE_MATCH_SRC6:
		return draw_address(dice, key->source.bytes, prefix6->address, 16, prefix6->length);
	case NSGATE_MATCH_DST6:
		return draw_address(dice, key->destination.bytes, prefix6->address, 16, prefix6->length);
	case NSGATE_MATCH_PROTOCOL:
		key->protocol = *byte;
		break;
	case NSGATE_MATCH_SPORT:
		key->source_port = draw_port(dice, item);
		break;
	case NSGATE_MATCH_DPORT:
		key->destination_port = draw_port(dice, item);
		break;
	case NSGATE_MATCH_ICMP4:
	case NSGATE_MATCH_ICMP6:
		key->icmp_type = icmp->type;
		key->icmp_code = dice_chance(dice, 50) ? icmp->code_first : icmp->code_last;
		break;
	case NSGATE_MATCH_TCP_FLAGS:
		key->tcp_flags = ((const struct nsgate_tcp_flags *)item)->value;
		break;
	case NSGATE_MATCH_IN_IF:
		key->in_if = draw_name(dice, drawn_names[0], item);
		break;
	case NSGATE_MATCH_OUT_IF:
		key->out_if = draw_name(dice, drawn_names[1], item);
		break;
	case NSGATE_MATCH_SRC_SET:
		take_member(dice, key->source.bytes, key->family, item);
		break;
	case NSGATE_MATCH_DST_SET:
		take_member(dice, key->destination.bytes, key->family, item);
		break;
	case NSGATE_MATCH_MARK:
		key->mark = ((const struct nsgate_mark *)item)->value;
		break;
	}
}

static const struct nsgate_rule *draw_rule(struct dice *dice, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);

	for (u32 skip = dice_below(dice, ruleset->rules); skip; skip--)
		rule = nsg_rule_end(rule);
	return rule;
}

static void take_rule(struct dice *dice, struct nsg_key *key, const struct nsgate_rule *rule)
{
	const struct nsgate_match *match = nsg_rule_matches(rule);

	for (; (const void *)match < nsg_rule_end(rule); match = nsg_match_next(match))
		if (dice_chance(dice, 85))
			take_item(dice, key, match);
}

/* The parts that a reader of packets finds: those of the protocol, unless the packet is short or a fragment. */
static u8 draw_parts(struct dice *dice, const struct nsg_key *key)
{
	u8 icmp = key->family == NSGATE_FAMILY_IPV6 ? 58 : 1;

	if (dice_chance(dice, 10))
		return 0;
	return (has_ports(key->protocol) ? NSG_KEY_PORTS : 0) | (key->protocol == 6 ? NSG_KEY_TCP_FLAGS : 0) |
	       (key->protocol == icmp ? NSG_KEY_ICMP : 0);
}

static struct nsg_key draw_key(struct dice *dice, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = draw_rule(dice, ruleset);
	struct nsg_key key = {
		.hook = rule->hook,
		.family = rule->families == 3 ? 1 + dice_below(dice, 2) : rule->families,
		.protocol = protocols[dice_below(dice, ARRAY_SIZE(protocols))],
		.source_port = dice_roll(dice),
		.destination_port = dice_roll(dice),
		.state = BIT(dice_below(dice, 5)),
		.side = dice_below(dice, NSG_SET_SIDES),
		.in_if = dice_chance(dice, 70) ? names[dice_below(dice, ARRAY_SIZE(names))] : NULL,
		.out_if = dice_chance(dice, 70) ? names[dice_below(dice, ARRAY_SIZE(names))] : NULL,
	};

	take_rule(dice, &key, rule);
	if (dice_chance(dice, 50))	/* values of two rules */
		take_rule(dice, &key, draw_rule(dice, ruleset));
	if (key.family == NSGATE_FAMILY_IPV4) {
		memset(key.source.bytes + 4, 0, 12);
		memset(key.destination.bytes + 4, 0, 12);
	}
	key.parts = draw_parts(dice, &key);
	return key;
}

static bool decides(const struct nsg_rule *rule)
{
	return rule->action != NSGATE_COUNT && !(rule->flags & NSGATE_RULE_SHADOW);
}

/* The way of most packets: it decides the same, or leaves it. */
static void compare_plainly(const struct nsg_ruleset *built, const struct nsg_key *key, bool ipv6, u32 decider)
{
	struct nsg_decision decision = nsg_decide_plainly(built, key, ipv6);

	if (decision.verdict && (decision.rule != decider || decision.verdict != nsg_decide(built, key, NULL).verdict))
		fuzz_fail("rule %d decides plainly, not %d", (s32)decision.rule, (s32)decider);
}

/* The whole sequence of rules, and the first of them that decides. */
static void compare(const struct nsgate_ruleset *ruleset, const struct nsg_ruleset *built, const struct nsg_key *key)
{
	bool ipv6 = key->family == NSGATE_FAMILY_IPV6;
	const struct nsg_chain *chain = built->matcher->chain[key->hook][ipv6];
	u32 expected = reference_next(ruleset, 0, key);
	u32 decider = NSG_NO_RULE, found;
	struct nsg_search search;

	nsg_search_first(&search, built->matcher, key, ipv6, false);
	for (;;) {
		found = search.place == NSG_NO_PLACE ? NSG_NO_RULE : nsg_search_rule(&search);
		if (found != expected)
			fuzz_fail("of %u rules the engine finds %d where %d is next: hook %u family %u protocol %u",
				  ruleset->rules, (s32)found, (s32)expected, key->hook, key->family, key->protocol);
		if (expected == NSG_NO_RULE)
			break;
		if (decider == NSG_NO_RULE && decides(&built->rule[expected]))
			decider = expected;
		nsg_search_next(&search, ipv6, false);
		expected = reference_next(ruleset, expected + 1, key);
	}
	if (nsg_decide(built, key, NULL).rule != decider)
		fuzz_fail("rule %d decides, not %d", (s32)nsg_decide(built, key, NULL).rule, (s32)decider);
	if (chain && chain->plain)
		compare_plainly(built, key, ipv6, decider);
}

static void check_ruleset(struct dice *dice, const struct nsgate_ruleset *ruleset, const struct linked_sets *sets)
{
	int error;
	struct nsg_ruleset *built = nsg_ruleset_build(ruleset, &error);

	if (!built)
		fuzz_fail("%u accepted rules cannot be built: error %d", ruleset->rules, error);
	linked_sets_link(sets, nsg_ruleset_sets(built));
	for (u32 i = 0; i < PACKETS && ruleset->rules; i++) {
		struct nsg_key key = draw_key(dice, ruleset);

		compare(ruleset, built, &key);
	}
	nsg_ruleset_free(built);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct nsgate_refusal refusal;
	struct nsg_request request;
	struct linked_sets sets;
	struct dice dice;
	void *bytes;

	if (size < FUZZ_HEAD)
		return -1;
	bytes = fuzz_request(data, size);
	if (!nsg_request_parse(&request, bytes, size, &refusal)) {
		dice.state = request.tag + size;
		sets = linked_sets_build(&request);
		for (u32 i = 0; i < request.puts.count; i++)
			check_ruleset(&dice, request.puts.at[i].ruleset, &sets);
		linked_sets_free(&sets);
		nsg_request_free(&request);
	}
	free(bytes);
	return 0;
}
