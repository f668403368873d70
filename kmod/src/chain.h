/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of one hook and family, and the tables by which a packet finds those that match. */
#ifndef _NSG_CHAIN_H
#define _NSG_CHAIN_H

#include "address.h"
#include "transport.h"

/* A chain of so few rules has no tables: each rule is a candidate. Measured; see docs/design/engine.md. */
#define NSG_SHORT_CHAIN	2U

/* Read-only once built. */
struct nsg_chain {
	u32 count;		/* rules */
	struct nsg_layout layout;
	u32 *order;		/* by place in the chain: index in the ruleset */
	u64 *verify;		/* bit per place: a candidate must be settled by its predicate; NULL if none must */
	u64 *vectors;		/* NULL for a short chain */
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
};

/* The chain of the ruleset's rules for this hook and family; NULL if there are none, or if budget->error is set. */
struct nsg_chain *nsg_chain_build(const struct nsgate_ruleset *ruleset, u8 hook, u8 family, struct nsg_effort effort,
				  struct nsg_budget *budget);

void nsg_chain_free(struct nsg_chain *chain, struct nsg_budget *budget);

#define NSG_VECTORS_OF_PACKET	5	/* joined, the first three */

/* A packet's way through a chain. */
struct nsg_walk {
	const struct nsg_chain *chain;
	const u64 *vector[NSG_VECTORS_OF_PACKET];
	u64 candidates;		/* left in the word at hand: bit per place from `base` on */
	u64 words;		/* sparse: words left that may have candidates, of 64 at hand */
	u32 base;
	s32 at;			/* dense: the word at hand; sparse: the 64 words at hand */
};

void nsg_walk_begin(struct nsg_walk *walk, const struct nsg_chain *chain, const struct nsg_key *key);

/* Goes on to the next word that may have candidates. Returns false at the chain's end. */
bool nsg_walk_advance(struct nsg_walk *walk);

#endif /* _NSG_CHAIN_H */
