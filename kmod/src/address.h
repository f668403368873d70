/* SPDX-License-Identifier: GPL-2.0 */
/* Source or destination address of a packet to the rules that it allows, by what suits the chain's addresses best. */
#ifndef _NSG_ADDRESS_H
#define _NSG_ADDRESS_H

#include "bounds.h"
#include "key.h"
#include "trie.h"

enum nsg_address_way {
	NSG_ADDRESS_BOUNDS,
	NSG_ADDRESS_ANY,	/* no rule asks: always `vector` */
	NSG_ADDRESS_TRIE,	/* long IPv4 axes */
};

struct nsg_addresses {
	enum nsg_address_way way;
	union {
		u32 vector;
		struct nsg_trie trie;
		struct nsg_bounds bounds;
	};
};

/* `kind` is SRC4, DST4, SRC6 or DST6. Returns false, and budget->error is set, if memory does not suffice. */
bool nsg_addresses_build(struct nsg_addresses *addresses, const struct nsg_rules *rules, u16 kind,
			 struct nsg_vectors *vectors, struct nsg_budget *budget);

void nsg_addresses_free(struct nsg_addresses *addresses, struct nsg_budget *budget);

static __always_inline u32 nsg_address4(const union nsg_address *address)
{
	return be32_to_cpu((__force __be32)address->words[0]);
}

/* `ipv6` is whether the table is one of IPv6 addresses. */
static __always_inline u32 nsg_addresses_find(const struct nsg_addresses *addresses, const union nsg_address *address,
					      bool ipv6)
{
	if (addresses->way == NSG_ADDRESS_BOUNDS) {
		if (!ipv6)
			return nsg_bounds_find4(&addresses->bounds, nsg_address4(address));
		return nsg_bounds_find6(&addresses->bounds, be64_to_cpu((__force __be64)address->halves[0]),
					be64_to_cpu((__force __be64)address->halves[1]));
	}
	if (!ipv6 && addresses->way == NSG_ADDRESS_TRIE)
		return nsg_trie_find(&addresses->trie, nsg_address4(address));
	return addresses->vector;
}

#endif /* _NSG_ADDRESS_H */
