// SPDX-License-Identifier: GPL-2.0
/* The plainest reading of what nsgate.h says of rules. */
#include "reference.h"

static bool in_prefix(const uint8_t *address, const uint8_t *prefix, unsigned int length)
{
	for (unsigned int bit = 0; bit < length; bit++)
		if ((address[bit / 8] ^ prefix[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool same_interface(const char *have, const char *want)
{
	size_t length = strlen(want);

	if (want[length - 1] == '*')
		return !strncmp(have, want, length - 1);
	return !strcmp(have, want);
}

static bool icmp_holds(const struct nsgate_icmp *icmp, const struct nsg_key *key)
{
	return key->icmp_type == icmp->type && key->icmp_code >= icmp->code_first && key->icmp_code <= icmp->code_last;
}

struct reference_sets reference_sets;

static const struct nsgate_set no_members;

const struct nsgate_set *reference_set(const struct nsgate_set_name *name, uint8_t side)
{
	for (uint32_t i = 0; i < reference_sets.count; i++)
		if (!memcmp(name, &reference_sets.puts[i]->name, sizeof(*name)))
			return reference_sets.puts[(i + side) % reference_sets.count];
	return &no_members;
}

static bool in_set(const struct nsgate_set *set, uint8_t family, const uint8_t *address)
{
	const struct nsgate_prefix4 *prefix4 = (const void *)(set + 1);
	const struct nsgate_prefix6 *prefix6 = (const void *)(prefix4 + set->members4);

	for (uint32_t i = 0; family == NSGATE_FAMILY_IPV4 && i < set->members4; i++)
		if (in_prefix(address, prefix4[i].address, prefix4[i].length))
			return true;
	for (uint32_t i = 0; family == NSGATE_FAMILY_IPV6 && i < set->members6; i++)
		if (in_prefix(address, prefix6[i].address, prefix6[i].length))
			return true;
	return false;
}

static bool item_holds(int kind, const void *items, uint32_t i, const struct nsg_key *key)
{
	const struct nsgate_prefix4 *prefix4 = items;
	const struct nsgate_prefix6 *prefix6 = items;
	const struct nsgate_port_range *range = items;
	const struct nsgate_tcp_flags *flags = items;
	const struct nsgate_ifname *ifname = items;
	const struct nsgate_mark *mark = items;
	const struct nsgate_set_name *name = items;
	const uint8_t *byte = items;

	switch (kind) {
	case NSGATE_MATCH_SRC4:
		return in_prefix(key->source.bytes, prefix4[i].address, prefix4[i].length);
	case NSGATE_MATCH_DST4:
		return in_prefix(key->destination.bytes, prefix4[i].address, prefix4[i].length);
	case NSGATE_MATCH_SRC6:
		return in_prefix(key->source.bytes, prefix6[i].address, prefix6[i].length);
	case NSGATE_MATCH_DST6:
		return in_prefix(key->destination.bytes, prefix6[i].address, prefix6[i].length);
	case NSGATE_MATCH_PROTOCOL:
		return key->protocol == byte[i];
	case NSGATE_MATCH_SPORT:
		return key->source_port >= range[i].first && key->source_port <= range[i].last;
	case NSGATE_MATCH_DPORT:
		return key->destination_port >= range[i].first && key->destination_port <= range[i].last;
	case NSGATE_MATCH_ICMP4:
	case NSGATE_MATCH_ICMP6:
		return icmp_holds((const struct nsgate_icmp *)items + i, key);
	case NSGATE_MATCH_TCP_FLAGS:
		return (key->tcp_flags & flags[i].mask) == flags[i].value;
	case NSGATE_MATCH_IN_IF:
		return same_interface(key->in_if, ifname[i].name);
	case NSGATE_MATCH_OUT_IF:
		return same_interface(key->out_if, ifname[i].name);
	case NSGATE_MATCH_STATE:
		return key->state & byte[i];
	case NSGATE_MATCH_MARK:
		return (key->mark & mark[i].mask) == mark[i].value;
	case NSGATE_MATCH_SRC_SET:
		return in_set(reference_set(&name[i], key->side), key->family, key->source.bytes);
	case NSGATE_MATCH_DST_SET:
		return in_set(reference_set(&name[i], key->side), key->family, key->destination.bytes);
	}
	abort();
}

/* Whether a packet has what the match looks at: without, it never holds. */
static bool can_hold(int kind, const struct nsg_key *key)
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
	}
	return true;
}

static bool concerns(int kind, uint8_t family)
{
	if (kind == NSGATE_MATCH_SRC4 || kind == NSGATE_MATCH_DST4)
		return family == NSGATE_FAMILY_IPV4;
	if (kind == NSGATE_MATCH_SRC6 || kind == NSGATE_MATCH_DST6)
		return family == NSGATE_FAMILY_IPV6;
	return true;
}

static bool match_holds(const struct nsgate_match *match, const struct nsg_key *key)
{
	bool any = false;

	if (!concerns(match->kind, key->family))
		return true;
	if (!can_hold(match->kind, key))
		return false;
	for (uint32_t i = 0; i < match->count; i++)
		any |= item_holds(match->kind, match + 1, i, key);
	return any != !!(match->flags & NSGATE_MATCH_NEGATE);
}

static size_t item_size(int kind)
{
	static const uint8_t sizes[NSGATE_MATCH_KINDS] = { 0, 8, 8, 24, 24, 1, 4, 4, 4, 4, 4, 16, 16, 1, 8, 64, 64 };

	return sizes[kind];
}

static bool rule_matches(const struct nsgate_rule *rule, const struct nsg_key *key)
{
	const char *at = (const char *)(rule + 1), *end = (const char *)rule + rule->length;

	if (rule->hook != key->hook || !(rule->families & key->family))
		return false;
	while (at < end) {
		const struct nsgate_match *match = (const void *)at;

		if (!match_holds(match, key))
			return false;
		at += (sizeof(*match) + match->count * item_size(match->kind) + 7) / 8 * 8;
	}
	return true;
}

uint32_t reference_next(const struct nsgate_ruleset *ruleset, uint32_t from, const struct nsg_key *key)
{
	const char *at = (const char *)(ruleset + 1);

	for (uint32_t i = 0; i < ruleset->rules; i++) {
		const struct nsgate_rule *rule = (const void *)at;

		if (i >= from && rule_matches(rule, key))
			return i;
		at += rule->length;
	}
	return NSGATE_NO_INDEX;
}
