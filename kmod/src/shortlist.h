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
	bool verify;		/* the rule asks for yet more: its predicate must settle it */
};

/*
 * One element per rule, and one after them that fits every packet. Rules with their verify bit set, and those that
 * masks do not settle, are marked. NULL, and budget->error is set, if there is no memory.
 */
struct nsg_shortlist *nsg_shortlist_build(const struct nsg_rules *rules, u8 family, struct nsg_budget *budget);

void nsg_shortlist_free(struct nsg_shortlist *shortlist, u32 count, struct nsg_budget *budget);

union nsg_transport_summary {
	struct {
		u16 source_port;
		u16 destination_port;
		u8 hook;
		u8 family;
		u8 protocol;
		u8 parts;
	};
	u64 whole;
};

static __always_inline struct nsg_summary nsg_summary_of(const struct nsg_key *key, bool ipv6)
{
	union nsg_transport_summary transport;
	struct nsg_summary summary = { .address = { 0 } };

	transport.source_port = key->source_port;
	transport.destination_port = key->destination_port;
	transport.hook = key->hook;
	transport.family = key->family;
	transport.protocol = key->protocol;
	transport.parts = key->parts;
	summary.transport = transport.whole;
	if (ipv6) {
		memcpy(&summary.address[0], &key->source, sizeof(key->source));
		memcpy(&summary.address[2], &key->destination, sizeof(key->destination));
	} else {
		summary.address[0] = (u64)key->source.words[0] << 32 | key->destination.words[0];
	}
	return summary;
}

static __always_inline bool nsg_summary_fits(const struct nsg_summary *summary, const struct nsg_shortlist *rule,
					     u32 half)
{
	return (summary->address[half] & rule->mask.address[half]) == rule->value.address[half];
}

static __always_inline bool nsg_shortlist_fits(const struct nsg_shortlist *rule, const struct nsg_summary *summary,
					       bool ipv6)
{
	if (!nsg_summary_fits(summary, rule, 0))
		return false;
	if (ipv6 && !(nsg_summary_fits(summary, rule, 1) && nsg_summary_fits(summary, rule, 2) &&
		      nsg_summary_fits(summary, rule, 3)))
		return false;
	return (summary->transport & rule->mask.transport) == rule->value.transport;
}

static inline bool nsg_shortlist_in_ranges(const struct nsg_shortlist *rule, const struct nsg_key *key)
{
	return (u16)(key->source_port - rule->source_first) <= rule->source_more &&
	       (u16)(key->destination_port - rule->destination_first) <= rule->destination_more;
}

#endif /* _NSG_SHORTLIST_H */
