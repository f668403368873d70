// SPDX-License-Identifier: GPL-2.0
/*
 * The members of an address set: a tree in which each node looks at six bits of an address (a tree bitmap: Eatherton,
 * Varghese and Dittia, "Tree Bitmap: Hardware/Software IP Lookups with Incremental Updates", 2004).
 *
 * A node at bit `at` has two words. `members` says which prefixes of at to at + 5 bits are members: one bit for each of
 * the 1 + 2 + 4 + ... + 32 = 63. `children` says beneath which of the 64 values of its six bits more stands: longer
 * members. Only those have an entry, so an entry's place is the number of bits set before its own. Longer ones are not
 * copied into the nodes of shorter ones or the other way round: each member is one bit or one entry, in one place, and
 * adding or removing it touches nothing else. A search ends well as soon as a node on its path has a member bit set
 * for a prefix of the address.
 *
 * A node stands only where the tree forks: one that would have a single member or child beneath is left out. So each
 * node has the bits before it (`key`), because they may not have been looked at on the way; a lone member is an entry
 * of its own, short enough for one word or as a leaf; and there are fewer nodes than members, whatever the members.
 * What is in the tree determines its form: the order of edits leaves no trace.
 *
 * The members 10.0.0.0/8, 10.1.0.0/16, 10.1.2.3/32 and 192.0.2.1/32 (0a.01.02.03 in bits: 000010 100000 000100 000010
 * 000000 11; c0 begins 110000):
 *
 *	at 0	children 000010 -> at 6, 110000 -> 192.0.2.1/32
 *	at 6	members 10 (10.0.0.0/8)		children 100000 -> at 12
 *	at 12	members 0001 (10.1.0.0/16)	children 000100 -> 10.1.2.3/32
 *
 * The address 10.9.9.9 (000010 100000 100100 ...) goes from node 0 to node 6 and is found there, because 10 begins
 * 100000. Were 10.0.0.0/8 removed, node 6 would have nothing but one child, so node 12 would hang beneath node 0:
 * 10.9.9.9 finds neither a member nor a child there. 10.193.2.3 (000010 101100 000100 000010 ...) does find a child,
 * but 10.1.2.3 is not it; and a member found in node 12 would not count, whose key says that the six bits before it
 * are 100000.
 *
 * Changing a tree that packets are in: an edit copies the nodes from the root down to the change and leaves the old
 * ones as they are; what hangs beside the path is shared (edit.c). Whoever has the old root has the old members,
 * whoever has the new root the new ones.
 *
 * Cost: some twenty instructions a node. A million IPv4 hosts strewn over all addresses are four nodes deep.
 */
#include "members.h"

/* The bits in `members` of the six prefixes, from n = 0 on, of which `six` may be a continuation. */
static __always_inline u64 prefixes_of(u32 six)
{
	return 1ULL << 1 | 1ULL << (2 + (six >> 5)) | 1ULL << (4 + (six >> 4)) | 1ULL << (8 + (six >> 3)) |
	       1ULL << (16 + (six >> 2)) | 1ULL << (32 + (six >> 1));
}

/* Whether two keys agree in their first bits: for `wide` at most 128, else fewer than 64. */
static __always_inline bool agree(u64 high, u64 low, const u64 *key, u32 bits, bool wide)
{
	if (!wide || bits < 64)
		return !((high ^ key[0]) >> 1 >> (63 - bits));
	return high == key[0] && !((low ^ key[1]) & nsg_first_bits(bits - 64));
}

static __always_inline bool lone_member_covers(u64 entry, u64 high, u64 low, bool wide)
{
	const struct nsg_member_leaf *leaf;

	if (entry & NSG_ENTRY_SHORT)
		return agree(high, low, &entry, nsg_entry_short_length(entry), false);
	if (!wide)
		return false;
	leaf = nsg_entry_leaf(entry);
	return agree(high, low, leaf->key, leaf->length, true);
}

/*
 * The bits that nodes leave out are compared only where a member is found: its key has all the bits before it, so on a
 * way that is not the address's own nothing is found in the end.
 */
static __always_inline bool cover(u64 entry, u64 high, u64 low, bool wide)
{
	const struct nsg_member_node *node;
	u64 children;
	u32 six;

	while (!(entry & NSG_ENTRY_TYPE)) {
		node = nsg_entry_node(entry);
		six = wide ? nsg_six_bits(high, low, node->at) : high << node->at >> 58;
		if (node->members && node->members & prefixes_of(six))
			return agree(high, low, node->key, node->at, wide);
		children = node->children << (63 - six);	/* the child's bit comes to be the last */
		if (!(children >> 63))
			return false;
		entry = node->entry[hweight64(children) - 1];
	}
	return lone_member_covers(entry, high, low, wide);
}

bool nsg_members_cover(u64 root, const union nsg_address *address, u8 family)
{
	if (!root)
		return false;
	if (family == NSGATE_FAMILY_IPV4)
		return cover(root, (u64)be32_to_cpu((__force __be32)address->words[0]) << 32, 0, false);
	return cover(root, be64_to_cpu((__force __be64)address->halves[0]),
		     be64_to_cpu((__force __be64)address->halves[1]), true);
}

static bool is_lone_member(u64 entry, const struct nsg_prefix *prefix)
{
	const struct nsg_member_leaf *leaf;

	if (entry & NSG_ENTRY_SHORT)
		return nsg_entry_short_length(entry) == prefix->length &&
		       agree(prefix->key[0], prefix->key[1], &entry, prefix->length, false);
	if (!entry)
		return false;
	leaf = nsg_entry_leaf(entry);
	return leaf->length == prefix->length && leaf->key[0] == prefix->key[0] && leaf->key[1] == prefix->key[1];
}

bool nsg_members_contain(u64 root, const struct nsg_prefix *prefix)
{
	const struct nsg_member_node *node;
	u64 entry = root;
	u32 six;

	while (nsg_entry_is_node(entry)) {
		node = nsg_entry_node(entry);
		if (prefix->length < node->at || !agree(prefix->key[0], prefix->key[1], node->key, node->at, true))
			return false;
		six = nsg_six_bits(prefix->key[0], prefix->key[1], node->at);
		if (prefix->length < node->at + NSG_STRIDE)
			return node->members >> nsg_member_bit(six, prefix->length - node->at) & 1;
		if (!(node->children >> six & 1))
			return false;
		entry = node->entry[nsg_child_place(node, six)];
	}
	return is_lone_member(entry, prefix);
}
