/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of one hook and family, and the tables by which a packet finds those that match. */
#ifndef _NSG_CHAIN_H
#define _NSG_CHAIN_H

#include "address.h"
#include "shortlist.h"
#include "transport.h"

/* Up to so many rules, going through them is cheaper than any table. Measured; see docs/design/engine.md. */
#define NSG_SHORT_CHAIN4	24U
#define NSG_SHORT_CHAIN6	16U

/* Read-only once built. */
struct nsg_chain {
	u32 count;		/* rules */
	struct nsg_layout layout;
	u32 *order;		/* by place in the chain: index in the ruleset */
	bool plain;		/* the tables alone tell which rules match */
	u64 *verify;		/* bit per place: a candidate must be settled by its predicate; NULL if none must */
	struct nsg_shortlist *shortlist;	/* of a short chain, which has nothing of what follows; else NULL */
	u64 *vectors;
	u64 *groups;
	size_t vector_bytes;
	size_t group_bytes;
	struct nsg_addresses source;
	struct nsg_addresses destination;
	struct nsg_transport transport;
};

/* How much a build may do for a fast search. */
struct nsg_effort {
	u32 exact_items;
	u32 joined_cells;
	u32 cuts;
};

/* The chain of the ruleset's rules for this hook and family; NULL if there are none, or if budget->error is set. */
struct nsg_chain *nsg_chain_build(const struct nsgate_ruleset *ruleset, u8 hook, u8 family, struct nsg_effort effort,
				  struct nsg_budget *budget);

/* Sets a bit in `rules`, by index in the ruleset, for each rule that must be verified. */
void nsg_chain_mark_verified(const struct nsg_chain *chain, u64 *rules);

void nsg_chain_free(struct nsg_chain *chain, struct nsg_budget *budget);

#endif /* _NSG_CHAIN_H */
