// SPDX-License-Identifier: GPL-2.0
/*
 * Edits of a tree of members (members.c). What an edit changes it copies first, unless it made it itself: the path from
 * the root to the change. Adding 10.1.2.4/32 to the tree there makes new nodes 0, 6 and 12, and a node 24 beneath in
 * which the two hosts part; the entry of 192.0.2.1/32 is shared. A second change of the same edit finds nodes 0, 6 and
 * 12 its own. So an edit costs the nodes near its changes, however large the tree.
 *
 * Memory is taken before anything is linked, so that at every failure the tree hangs together and can be taken back.
 */
#include "edit.h"
#include "member_memory.h"

/* The node at `entry` to be changed, with room for so many entries: a copy takes its place if need be. */
static struct nsg_member_node *own(struct nsg_edit *edit, u64 *entry, u32 entries)
{
	struct nsg_member_node *node = nsg_entry_node(*entry), *copy;

	if (node->edit == edit->number && node->room >= entries)
		return node;
	copy = nsg_member_node_build(edit, entries);
	if (!copy)
		return NULL;
	copy->members = node->members;
	copy->children = node->children;
	copy->key[0] = node->key[0];
	copy->key[1] = node->key[1];
	copy->at = node->at;
	memcpy(copy->entry, node->entry, nsg_count_children(node) * sizeof(*node->entry));
	nsg_edit_supersede(edit, *entry);
	*entry = nsg_entry_of(copy);
	return copy;
}

static void add_child(struct nsg_member_node *node, u32 child, u64 entry)
{
	u32 place = nsg_child_place(node, child);

	memmove(node->entry + place + 1, node->entry + place,
		(nsg_count_children(node) - place) * sizeof(*node->entry));
	node->entry[place] = entry;
	node->children |= BIT_ULL(child);
}

static void remove_child(struct nsg_member_node *node, u32 child)
{
	u32 place = nsg_child_place(node, child);

	node->children &= ~BIT_ULL(child);
	memmove(node->entry + place, node->entry + place + 1,
		(nsg_count_children(node) - place) * sizeof(*node->entry));
}

/* What all beneath an entry has in common: a lone member is its own prefix. */
static struct nsg_prefix prefix_of(u64 entry)
{
	const struct nsg_member_node *node = nsg_entry_node(entry);
	const struct nsg_member_leaf *leaf = nsg_entry_leaf(entry);
	u32 length = nsg_entry_short_length(entry);

	if (entry & NSG_ENTRY_SHORT)
		return (struct nsg_prefix){ { entry & nsg_first_bits(length), 0 }, length };
	if (entry & NSG_ENTRY_LEAF)
		return (struct nsg_prefix){ { leaf->key[0], leaf->key[1] }, leaf->length };
	return (struct nsg_prefix){ { node->key[0], node->key[1] }, node->at };
}

/* How many first bits two prefixes have in common. */
static u32 common_bits(const struct nsg_prefix *a, const struct nsg_prefix *b)
{
	u32 most = min_t(u32, a->length, b->length);
	u64 high = a->key[0] ^ b->key[0], low = a->key[1] ^ b->key[1];

	if (high)
		return min_t(u32, most, 64 - fls64(high));
	return min_t(u32, most, 128 - fls64(low));
}

/* Whether the prefix belongs beneath the node that stands at the entry, if there is one. */
static bool leads_to(u64 entry, const struct nsg_prefix *prefix)
{
	struct nsg_prefix node;

	if (!nsg_entry_is_node(entry))
		return false;
	node = prefix_of(entry);
	return common_bits(&node, prefix) == node.length;
}

/* Whether a prefix is a bit of a node, rather than an entry. */
static bool ends_in(const struct nsg_member_node *node, const struct nsg_prefix *prefix)
{
	return prefix->length < node->at + NSG_STRIDE;
}

static u32 six_of(const struct nsg_member_node *node, const struct nsg_prefix *prefix)
{
	return nsg_six_bits(prefix->key[0], prefix->key[1], node->at);
}

static u64 member_of(const struct nsg_member_node *node, const struct nsg_prefix *prefix)
{
	return BIT_ULL(nsg_member_bit(six_of(node, prefix), prefix->length - node->at));
}

/* Hangs what stood in the new node's place beneath it: as a bit, if it is a member that ends there. */
static void adopt(struct nsg_edit *edit, struct nsg_member_node *node, u64 entry)
{
	struct nsg_prefix prefix = prefix_of(entry);

	if (nsg_entry_is_node(entry) || !ends_in(node, &prefix)) {
		add_child(node, six_of(node, &prefix), entry);
		return;
	}
	node->members |= member_of(node, &prefix);
	nsg_edit_supersede(edit, entry);
}

static bool add_to(struct nsg_edit *edit, struct nsg_member_node *node, const struct nsg_prefix *prefix)
{
	u64 leaf;

	if (ends_in(node, prefix)) {
		node->members |= member_of(node, prefix);
		return true;
	}
	leaf = nsg_member_leaf_build(edit, prefix);
	if (!leaf)
		return false;
	add_child(node, six_of(node, prefix), leaf);
	return true;
}

/* Puts a node in the place of an entry, where that and the prefix part. */
static bool part(struct nsg_edit *edit, u64 *entry, const struct nsg_prefix *prefix)
{
	struct nsg_prefix other = prefix_of(*entry);
	u32 common = common_bits(&other, prefix);
	struct nsg_member_node *node = nsg_member_node_build(edit, 2);

	if (!node)
		return false;
	node->at = common / NSG_STRIDE * NSG_STRIDE;
	node->key[0] = prefix->key[0] & nsg_first_bits(min_t(u32, node->at, 64));
	node->key[1] = prefix->key[1] & nsg_first_bits(node->at > 64 ? node->at - 64 : 0);
	if (!add_to(edit, node, prefix)) {
		nsg_edit_supersede(edit, nsg_entry_of(node));
		return false;
	}
	adopt(edit, node, *entry);
	*entry = nsg_entry_of(node);
	return true;
}

static bool add_child_member(struct nsg_edit *edit, u64 *entry, const struct nsg_prefix *prefix)
{
	struct nsg_member_node *node = own(edit, entry, nsg_count_children(nsg_entry_node(*entry)) + 1);

	return node && add_to(edit, node, prefix);
}

static bool add_bit_member(struct nsg_edit *edit, u64 *entry, const struct nsg_prefix *prefix)
{
	struct nsg_member_node *node = own(edit, entry, nsg_count_children(nsg_entry_node(*entry)));

	return node && add_to(edit, node, prefix);
}

static bool put_in(struct nsg_edit *edit, u64 *entry, const struct nsg_prefix *prefix)
{
	struct nsg_member_node *node;

	while (leads_to(*entry, prefix)) {
		node = nsg_entry_node(*entry);
		if (ends_in(node, prefix))
			return add_bit_member(edit, entry, prefix);
		if (!(node->children >> six_of(node, prefix) & 1))
			return add_child_member(edit, entry, prefix);
		node = own(edit, entry, nsg_count_children(node));
		if (!node)
			return false;
		entry = &node->entry[nsg_child_place(node, six_of(node, prefix))];
	}
	if (*entry)
		return part(edit, entry, prefix);
	*entry = nsg_member_leaf_build(edit, prefix);
	return *entry;
}

int nsg_edit_add(struct nsg_edit *edit, u64 *root, const struct nsg_prefix *prefix)
{
	if (nsg_members_contain(*root, prefix))
		return 0;
	return nsg_edit_reserve(edit) && put_in(edit, root, prefix) ? 1 : edit->budget->error;
}

/* The member whose bit is the node's only one. */
static struct nsg_prefix only_member(const struct nsg_member_node *node)
{
	u32 bit = fls64(node->members) - 1, length = fls64(bit) - 1;
	u64 six = (u64)(bit - (1U << length)) << (NSG_STRIDE - length);
	struct nsg_prefix prefix = { { node->key[0], node->key[1] }, node->at + length };

	if (node->at < 60) {
		prefix.key[0] |= six << (58 - node->at);
	} else if (node->at == 60) {
		prefix.key[0] |= six >> 2;
		prefix.key[1] |= six << 62;
	} else {
		prefix.key[1] |= six << 58 >> (node->at - 64);
	}
	return prefix;
}

/* A node that no longer forks gives way to the one thing beneath it. */
static bool collapse(struct nsg_edit *edit, u64 *entry)
{
	struct nsg_member_node *node = nsg_entry_node(*entry);
	struct nsg_prefix member;
	u64 last;

	if (hweight64(node->members) + nsg_count_children(node) > 1)
		return true;
	last = node->entry[0];
	if (node->members) {
		member = only_member(node);
		last = nsg_member_leaf_build(edit, &member);
		if (!last)
			return false;
	}
	nsg_edit_supersede(edit, *entry);
	*entry = last;
	return true;
}

/* Removes what is a member, from an entry on. */
static bool take_out(struct nsg_edit *edit, u64 *entry, const struct nsg_prefix *prefix)
{
	struct nsg_member_node *node;
	u64 *child;

	while (nsg_entry_is_node(*entry)) {
		node = own(edit, entry, nsg_count_children(nsg_entry_node(*entry)));
		if (!node)
			return false;
		if (ends_in(node, prefix)) {
			node->members &= ~member_of(node, prefix);
			return collapse(edit, entry);
		}
		child = &node->entry[nsg_child_place(node, six_of(node, prefix))];
		if (!nsg_entry_is_node(*child)) {
			nsg_edit_supersede(edit, *child);
			remove_child(node, six_of(node, prefix));
			return collapse(edit, entry);
		}
		entry = child;
	}
	nsg_edit_supersede(edit, *entry);
	*entry = 0;
	return true;
}

int nsg_edit_remove(struct nsg_edit *edit, u64 *root, const struct nsg_prefix *prefix)
{
	if (!nsg_members_contain(*root, prefix))
		return 0;
	return nsg_edit_reserve(edit) && take_out(edit, root, prefix) ? 1 : edit->budget->error;
}
