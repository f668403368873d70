/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the interval of a long IPv4 axis that an address lies in: a table by its first 16 bits, then nodes by 4. */
#ifndef _NSG_TRIE_H
#define _NSG_TRIE_H

#include "sweep.h"

#define NSG_TRIE_TOP_BITS	16
#define NSG_TRIE_NODE_BITS	4
#define NSG_TRIE_FANOUT		BIT(NSG_TRIE_NODE_BITS)

/* An entry is a vector, or below 0: then ~entry is where in `nodes` the entries of the next bits begin. */
struct nsg_trie {
	s32 *top;
	s32 *nodes;		/* equal nodes are one */
	size_t node_bytes;
};

/* Returns false, and budget->error is set, if memory does not suffice. */
bool nsg_trie_build(struct nsg_trie *trie, const struct nsg_axis *axis, struct nsg_budget *budget);

void nsg_trie_free(struct nsg_trie *trie, struct nsg_budget *budget);

static __always_inline u32 nsg_trie_find(const struct nsg_trie *trie, u32 address)
{
	s32 entry = trie->top[address >> (32 - NSG_TRIE_TOP_BITS)];

	for (address <<= NSG_TRIE_TOP_BITS; entry < 0; address <<= NSG_TRIE_NODE_BITS)
		entry = trie->nodes[(u32)~entry + (address >> (32 - NSG_TRIE_NODE_BITS))];
	return entry;
}

#endif /* _NSG_TRIE_H */
