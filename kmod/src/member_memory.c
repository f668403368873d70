// SPDX-License-Identifier: GPL-2.0
/* Memory of an edit: the nodes and leaves that it makes, and those that it supersedes. */
#include "member_memory.h"

/* What packets may be in until a grace period has passed, in the order in which it went out of use. */
struct nsg_superseded {
	struct nsg_superseded *earlier;
	u32 count;
	u64 entry[510];
};

/* What the kernel's allocator gives for a leaf. */
#define LEAF_BYTES	32

/* One change supersedes the nodes of a path and a leaf at its end. */
#define MOST_SUPERSEDED	(NSG_MEMBERS_DEPTH + 1)

/* Entries in nodes of 64, 96, 128, 192, 256, 512 and 1,024 bytes: the sizes that the kernel's allocator has. */
static u32 room_for(u32 entries)
{
	static const u8 rooms[] = { 3, 7, 11, 19, 27, 59, 123 };
	u32 i = 0;

	while (rooms[i] < entries)
		i++;
	return rooms[i];
}

static size_t node_bytes(const struct nsg_member_node *node)
{
	return sizeof(*node) + node->room * sizeof(*node->entry);
}

static size_t entry_bytes(u64 entry)
{
	if (nsg_entry_is_node(entry))
		return node_bytes(nsg_entry_node(entry));
	return entry & NSG_ENTRY_LEAF ? LEAF_BYTES : 0;
}

static u64 edit_of(u64 entry)
{
	return nsg_entry_is_node(entry) ? nsg_entry_node(entry)->edit : nsg_entry_leaf(entry)->edit;
}

static void entry_free(u64 entry, struct nsg_budget *budget)
{
	size_t bytes = entry_bytes(entry);

	if (bytes)
		nsg_budget_give(budget, (const void *)(unsigned long)(entry & ~NSG_ENTRY_TYPE), bytes);
}

bool nsg_edit_reserve(struct nsg_edit *edit)
{
	struct nsg_superseded *block = edit->superseded;

	if (block && block->count + MOST_SUPERSEDED <= ARRAY_SIZE(block->entry))
		return true;
	block = nsg_budget_take(edit->budget, sizeof(*block));
	if (!block)
		return false;
	block->earlier = edit->superseded;
	edit->superseded = block;
	return true;
}

void nsg_edit_supersede(struct nsg_edit *edit, u64 entry)
{
	size_t bytes = entry_bytes(entry);

	if (!bytes)
		return;
	if (edit_of(entry) == edit->number) {
		edit->made -= bytes;
		entry_free(entry, edit->budget);
		return;
	}
	edit->unmade += bytes;
	edit->superseded->entry[edit->superseded->count++] = entry;
}

struct nsg_member_node *nsg_member_node_build(struct nsg_edit *edit, u32 entries)
{
	u32 room = room_for(entries);
	size_t bytes = sizeof(struct nsg_member_node) + room * sizeof(u64);
	struct nsg_member_node *node = nsg_budget_take(edit->budget, bytes);

	if (!node)
		return NULL;
	edit->made += bytes;
	node->edit = edit->number;
	node->room = room;
	return node;
}

u64 nsg_member_leaf_build(struct nsg_edit *edit, const struct nsg_prefix *prefix)
{
	struct nsg_member_leaf *leaf;

	if (prefix->length <= NSG_SHORT_MEMBER)
		return prefix->key[0] | (u64)prefix->length << 2 | NSG_ENTRY_SHORT;
	leaf = nsg_budget_take(edit->budget, LEAF_BYTES);
	if (!leaf)
		return 0;
	edit->made += LEAF_BYTES;
	leaf->key[0] = prefix->key[0];
	leaf->key[1] = prefix->key[1];
	leaf->length = prefix->length;
	leaf->edit = edit->number;
	return (unsigned long)leaf + NSG_ENTRY_LEAF;
}

void nsg_edit_begin(struct nsg_edit *edit, u64 number, struct nsg_budget *budget)
{
	*edit = (struct nsg_edit){ .budget = budget, .number = number };
}

/*
 * Frees what one edit made, or all if `number` is 0. Nobody sees the nodes any more, so each keeps the way back up, and
 * how many of its entries are left, in its key.
 */
static void free_made(u64 entry, u64 number, struct nsg_budget *budget)
{
	struct nsg_member_node *parent = NULL, *node;

	for (;;) {
		bool ours = entry_bytes(entry) && (!number || edit_of(entry) == number);

		if (ours && nsg_entry_is_node(entry)) {
			node = nsg_entry_node(entry);
			node->key[0] = nsg_entry_of(parent);
			node->key[1] = nsg_count_children(node);
			parent = node;
		} else if (ours) {
			entry_free(entry, budget);
		}
		while (parent && !parent->key[1]) {
			node = parent;
			parent = nsg_entry_node(node->key[0]);
			entry_free(nsg_entry_of(node), budget);
			cond_resched();
		}
		if (!parent)
			return;
		entry = parent->entry[--parent->key[1]];
	}
}

void nsg_edit_cancel(struct nsg_edit *edit, u64 root)
{
	free_made(root, edit->number, edit->budget);
}

static void forget(struct nsg_edit *edit, bool free)
{
	struct nsg_superseded *block = edit->superseded, *earlier;
	u32 i;

	for (; block; block = earlier) {
		for (i = 0; free && i < block->count; i++)
			entry_free(block->entry[i], edit->budget);
		earlier = block->earlier;
		nsg_budget_give(edit->budget, block, sizeof(*block));
		cond_resched();
	}
	edit->superseded = NULL;
}

void nsg_edit_forget(struct nsg_edit *edit)
{
	forget(edit, false);
}

void nsg_edit_finish(struct nsg_edit *edit)
{
	forget(edit, true);
}

void nsg_members_free(u64 root, struct nsg_budget *budget)
{
	free_made(root, 0, budget);
}
