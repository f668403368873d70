/* SPDX-License-Identifier: GPL-2.0 */
/* The members of an address set, prefixes of one family: the tree that packets are looked up in. See members.c. */
#ifndef _NSG_MEMBERS_H
#define _NSG_MEMBERS_H

#include "budget.h"
#include "key.h"

/*
 * A prefix of either family as a number of 128 bits, of which key[0] has the first 64: IPv4 stands in the first 32.
 * Bits beyond the length are zero.
 */
struct nsg_prefix {
	u64 key[2];
	u8 length;
};

/*
 * What stands beneath a place in the tree is an entry, told by its last two bits:
 *
 *	0			nothing (only the entry of the root)
 *	... 00			a struct nsg_member_node
 *	... 10			a struct nsg_member_leaf: one member
 *	key, length, 01		one member of at most NSG_SHORT_MEMBER bits: they, and the length in bits 2 to 7
 */
#define NSG_ENTRY_TYPE	3ULL
#define NSG_ENTRY_NODE	0ULL
#define NSG_ENTRY_SHORT	1ULL
#define NSG_ENTRY_LEAF	2ULL

#define NSG_SHORT_MEMBER	56

/* Bits of an address that one node looks at. */
#define NSG_STRIDE	6

/* A path from the root meets at most so many nodes. */
#define NSG_MEMBERS_DEPTH	22

struct nsg_member_leaf {
	u64 key[2];
	u64 edit:48;		/* number of the edit that made it */
	u64 length:8;
};

/* Never changes once packets may see it; in the edit that made it, it may. */
struct nsg_member_node {
	u64 members;		/* bit (1 << n) + v, n < 6: the prefix of at + n bits whose last n are v is a member */
	u64 children;		/* bit v: something stands beneath the six bits v */
	u64 key[2];		/* the bits before `at`, which all beneath have in common; the rest is zero */
	u64 edit:48;		/* number of the edit that made it */
	u64 at:8;		/* first bit of the six: a multiple of NSG_STRIDE */
	u64 room:8;		/* entries that there is memory for */
	u64 entry[];		/* of the children, in order */
};

static inline bool nsg_entry_is_node(u64 entry)
{
	return entry && (entry & NSG_ENTRY_TYPE) == NSG_ENTRY_NODE;
}

static inline struct nsg_member_node *nsg_entry_node(u64 entry)
{
	return (struct nsg_member_node *)(unsigned long)entry;
}

static inline struct nsg_member_leaf *nsg_entry_leaf(u64 entry)
{
	return (struct nsg_member_leaf *)(unsigned long)(entry - NSG_ENTRY_LEAF);
}

static inline u32 nsg_entry_short_length(u64 entry)
{
	return entry >> 2 & 63;
}

/* A word's first `count` bits, 0 to 64. */
static __always_inline u64 nsg_first_bits(u32 count)
{
	return count ? ~0ULL << (64 - count) : 0;
}

/* The six bits of a key that a node at bit `at` looks at; those beyond the end of the key are zero. */
static __always_inline u32 nsg_six_bits(u64 high, u64 low, u32 at)
{
	if (at < 60)
		return high << at >> 58;
	if (at == 60)
		return (high << 60 | low >> 4) >> 58;
	return low << (at - 64) >> 58;
}

/* The bit in `members` of the prefix that ends in the first `bits` of a node's six. */
static __always_inline u32 nsg_member_bit(u32 six, u32 bits)
{
	return (1 << bits) + (six >> (NSG_STRIDE - bits));
}

/* The child's place in `entry`, or the place that it would have. */
static __always_inline u32 nsg_child_place(const struct nsg_member_node *node, u32 child)
{
	return hweight64(node->children & (BIT_ULL(child) - 1));
}

/* Whether an address lies in a member. `root` is the entry of the address's family; inside an RCU read section. */
bool nsg_members_cover(u64 root, const union nsg_address *address, u8 family);

/* Whether just this prefix is a member. */
bool nsg_members_contain(u64 root, const struct nsg_prefix *prefix);

#endif /* _NSG_MEMBERS_H */
