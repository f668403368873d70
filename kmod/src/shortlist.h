/* SPDX-License-Identifier: GPL-2.0 */
/* A short chain's rules as masks and values, to be gone through one by one. */
#ifndef _NSG_SHORTLIST_H
#define _NSG_SHORTLIST_H

#include "key.h"
#include "sweep.h"

/* What a packet is compared by: raw parts of its key, so that nothing needs to be turned around. */
struct nsg_summary {
	u64 address[4];		/* IPv4: both in the first; IPv6: halves of the source, then of the destination */
	u64 transport;
};

/* What of a rule masks can say: prefixes, protocol, single ports; then ports from `first` on, `more` of them. */
struct nsg_shortlist {
	struct nsg_summary mask;
	struct nsg_summary value;
	u16 source_first;
	u16 source_more;
	u16 destination_first;
	u16 destination_more;
	u32 place;		/* in the chain */
	bool ranges;		/* a port is to be held against its range */
};

/*
 * One element per rule, and one after them that fits every packet. Rules that masks and ranges do not settle get their
 * verify bit set. NULL, and budget->error is set, if there is no memory.
 */
struct nsg_shortlist *nsg_shortlist_build(const struct nsg_rules *rules, u8 family, struct nsg_budget *budget);

void nsg_shortlist_free(struct nsg_shortlist *shortlist, u32 count, struct nsg_budget *budget);

static __always_inline struct nsg_summary nsg_summary_of(const struct nsg_key *key, bool ipv6)
{
	struct nsg_summary summary = {
		.transport = (u64)key->protocol << 40 | (u64)key->parts << 32 | (u32)key->source_port << 16 |
			     key->destination_port,
	};

	if (ipv6) {
		summary.address[0] = key->source.halves[0];
		summary.address[1] = key->source.halves[1];
		summary.address[2] = key->destination.halves[0];
		summary.address[3] = key->destination.halves[1];
	} else {
		summary.address[0] = (u64)key->source.words[0] << 32 | key->destination.words[0];
	}
	return summary;
}

static __always_inline bool nsg_address_fits(const struct nsg_summary *summary, const struct nsg_shortlist *rule,
					     u32 half)
{
	return (summary->address[half] & rule->mask.address[half]) == rule->value.address[half];
}

static __always_inline bool nsg_transport_fits(const struct nsg_summary *summary, const struct nsg_shortlist *rule)
{
	return (summary->transport & rule->mask.transport) == rule->value.transport;
}

/*
 * What most rules fail by comes first: of IPv6 the halves of addresses that name a network (the source's, which more
 * rules leave open, after the destination's), then protocol and ports. IPv4 has both addresses in one comparison.
 */
static __always_inline bool nsg_shortlist_fits(const struct nsg_shortlist *rule, const struct nsg_summary *summary,
					       bool ipv6)
{
	if (!ipv6)
		return nsg_address_fits(summary, rule, 0) && nsg_transport_fits(summary, rule);
	return nsg_address_fits(summary, rule, 2) && nsg_address_fits(summary, rule, 0) &&
	       nsg_transport_fits(summary, rule) &&
	       nsg_address_fits(summary, rule, 1) && nsg_address_fits(summary, rule, 3);
}

static __always_inline bool nsg_shortlist_in_ranges(const struct nsg_shortlist *rule, const struct nsg_key *key)
{
	if (!rule->ranges)
		return true;
	return (u16)(key->source_port - rule->source_first) <= rule->source_more &&
	       (u16)(key->destination_port - rule->destination_first) <= rule->destination_more;
}

#endif /* _NSG_SHORTLIST_H */
