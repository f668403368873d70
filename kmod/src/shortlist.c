// SPDX-License-Identifier: GPL-2.0
/*
 * A short chain's rules as masks and values. Both are read from a key as a packet's summary is: from one that has what
 * the rule wants, and from one that has all bits that it looks at.
 */
#include "shortlist.h"

struct wanted {
	struct nsg_key mask;
	struct nsg_key value;
	struct nsg_range source_ports;
	struct nsg_range destination_ports;
	bool verify;
};

/* The rule's match of this kind if it is one positive item; any other has to be verified. */
static const struct nsgate_match *single(struct wanted *wanted, const struct nsgate_rule *rule, u16 kind)
{
	const struct nsgate_match *match = nsg_rule_match(rule, kind);

	if (!match)
		return NULL;
	if (match->count == 1 && !match->flags)
		return match;
	wanted->verify = true;
	return NULL;
}

/* Bits of an address that a range of addresses, which is a prefix, has in common. */
static void want_address(const struct nsgate_match *match, union nsg_address *mask,
			 union nsg_address *value)
{
	struct nsg_range range;

	if (!match)
		return;
	range = nsg_match_range(match, 0);
	if (match->kind == NSGATE_MATCH_SRC4 || match->kind == NSGATE_MATCH_DST4) {
		value->words[0] = (__force u32)cpu_to_be32(range.first.low);
		mask->words[0] = (__force u32)cpu_to_be32(~(range.first.low ^ range.last.low));
		return;
	}
	value->halves[0] = (__force u64)cpu_to_be64(range.first.high);
	value->halves[1] = (__force u64)cpu_to_be64(range.first.low);
	mask->halves[0] = (__force u64)cpu_to_be64(~(range.first.high ^ range.last.high));
	mask->halves[1] = (__force u64)cpu_to_be64(~(range.first.low ^ range.last.low));
}

static void want_protocol(struct wanted *wanted, const struct nsgate_match *match)
{
	if (!match)
		return;
	wanted->mask.protocol = 0xff;
	wanted->value.protocol = nsg_match_range(match, 0).first.low;
}

static void want_port(struct wanted *wanted, const struct nsgate_match *match, struct nsg_range *range)
{
	*range = (struct nsg_range){ .last.low = 0xffff };
	if (!match)
		return;
	wanted->mask.parts |= NSG_KEY_PORTS;
	wanted->value.parts |= NSG_KEY_PORTS;
	*range = nsg_match_range(match, 0);
}

/* A single port is left to the masks. */
static bool wants_range(const struct nsg_range *range, u16 *mask, u16 *value)
{
	if (range->first.low != range->last.low)
		return range->first.low || range->last.low != 0xffff;
	*mask = 0xffff;
	*value = range->first.low;
	return false;
}

static struct wanted want(const struct nsgate_rule *rule, bool ipv6)
{
	struct wanted wanted = { .verify = false };
	struct nsg_key *mask = &wanted.mask, *value = &wanted.value;

	want_address(single(&wanted, rule, ipv6 ? NSGATE_MATCH_SRC6 : NSGATE_MATCH_SRC4),
		     &mask->source, &value->source);
	want_address(single(&wanted, rule, ipv6 ? NSGATE_MATCH_DST6 : NSGATE_MATCH_DST4),
		     &mask->destination, &value->destination);
	want_protocol(&wanted, single(&wanted, rule, NSGATE_MATCH_PROTOCOL));
	want_port(&wanted, single(&wanted, rule, NSGATE_MATCH_SPORT), &wanted.source_ports);
	want_port(&wanted, single(&wanted, rule, NSGATE_MATCH_DPORT), &wanted.destination_ports);
	return wanted;
}

static struct nsg_shortlist element(struct wanted *wanted, u32 place, bool ipv6)
{
	bool source = wants_range(&wanted->source_ports, &wanted->mask.source_port, &wanted->value.source_port);
	bool destination = wants_range(&wanted->destination_ports, &wanted->mask.destination_port,
				       &wanted->value.destination_port);

	return (struct nsg_shortlist){
		.mask = nsg_summary_of(&wanted->mask, ipv6),
		.value = nsg_summary_of(&wanted->value, ipv6),
		.source_first = wanted->source_ports.first.low,
		.source_more = wanted->source_ports.last.low - wanted->source_ports.first.low,
		.destination_first = wanted->destination_ports.first.low,
		.destination_more = wanted->destination_ports.last.low - wanted->destination_ports.first.low,
		.place = place,
		.ranges = source || destination,
	};
}

static size_t bytes_for(u32 count)
{
	return (count + 1) * sizeof(struct nsg_shortlist);
}

struct nsg_shortlist *nsg_shortlist_build(const struct nsg_rules *rules, u8 family, struct nsg_budget *budget)
{
	struct nsg_shortlist *shortlist = nsg_budget_take(budget, bytes_for(rules->count));
	bool ipv6 = family == NSGATE_FAMILY_IPV6;
	u32 i;

	if (!shortlist)
		return NULL;
	for (i = 0; i < rules->count; i++) {
		struct wanted wanted = want(rules->rule[i], ipv6);

		shortlist[i] = element(&wanted, i, ipv6);
		rules->verify[0] |= (u64)wanted.verify << i;
	}
	shortlist[i].place = NSG_NO_PLACE;
	return shortlist;
}

void nsg_shortlist_free(struct nsg_shortlist *shortlist, u32 count, struct nsg_budget *budget)
{
	nsg_budget_give(budget, shortlist, bytes_for(count));
}
