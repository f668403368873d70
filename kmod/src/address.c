// SPDX-License-Identifier: GPL-2.0
/* Building what finds the rules of an address. */
#include "address.h"

/* From here on the trie's few steps are worth its table of 256 KiB. */
#define TRIE_INTERVALS	512U

static bool is_ipv6(u16 kind)
{
	return kind == NSGATE_MATCH_SRC6 || kind == NSGATE_MATCH_DST6;
}

static enum nsg_address_way way_for(const struct nsg_axis *axis, u16 kind)
{
	if (axis->wild)
		return NSG_ADDRESS_ANY;
	if (is_ipv6(kind) || axis->count < TRIE_INTERVALS)
		return NSG_ADDRESS_BOUNDS;
	return NSG_ADDRESS_TRIE;
}

static void build_table(struct nsg_addresses *addresses, const struct nsg_axis *axis, u16 kind,
			struct nsg_budget *budget)
{
	switch (addresses->way) {
	case NSG_ADDRESS_TRIE:
		nsg_trie_build(&addresses->trie, axis, budget);
		break;
	case NSG_ADDRESS_BOUNDS:
		nsg_bounds_build(&addresses->bounds, axis, is_ipv6(kind), budget);
		break;
	default:
		addresses->vector = axis->absent;
	}
}

bool nsg_addresses_build(struct nsg_addresses *addresses, const struct nsg_rules *rules, u16 kind,
			 struct nsg_vectors *vectors, struct nsg_budget *budget)
{
	struct nsg_axis axis = { .count = 0 };

	if (nsg_sweep(&axis, rules, kind, vectors, budget)) {
		addresses->way = way_for(&axis, kind);
		build_table(addresses, &axis, kind, budget);
	}
	nsg_axis_free(&axis, budget);
	return !budget->error;
}

void nsg_addresses_free(struct nsg_addresses *addresses, struct nsg_budget *budget)
{
	switch (addresses->way) {
	case NSG_ADDRESS_TRIE:
		nsg_trie_free(&addresses->trie, budget);
		break;
	case NSG_ADDRESS_BOUNDS:
		nsg_bounds_free(&addresses->bounds, budget);
		break;
	default:
		break;
	}
}
