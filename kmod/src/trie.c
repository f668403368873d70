// SPDX-License-Identifier: GPL-2.0
/*
 * Building the trie of an IPv4 axis from its start to its end: an interval falls into aligned blocks of addresses, each
 * one entry of some level. A node that has all its entries goes up as one entry of the level above; where all entries
 * are equal no node is needed.
 */
#include "trie.h"

#define LEVELS		((32 - NSG_TRIE_TOP_BITS) / NSG_TRIE_NODE_BITS)
#define TOP_BYTES	(sizeof(s32) << NSG_TRIE_TOP_BITS)
#define NODE_WIDTH	(NSG_TRIE_FANOUT * sizeof(s32) / sizeof(u64))
#define AXIS_END	BIT_ULL(32)

/* A node that is being filled. */
struct open_node {
	union {
		s32 entry[NSG_TRIE_FANOUT];
		u64 record[NODE_WIDTH];
	};
	u32 count;
};

struct build {
	struct nsg_pool nodes;
	s32 *top;
	u32 tops;
	struct open_node open[LEVELS];	/* [0] of the last bits of an address, the last of those after the top's */
};

static bool all_equal(const struct open_node *node)
{
	u32 i;

	for (i = 1; i < NSG_TRIE_FANOUT; i++)
		if (node->entry[i] != node->entry[0])
			return false;
	return true;
}

static s32 close_node(struct build *build, struct open_node *node)
{
	node->count = 0;
	if (all_equal(node))
		return node->entry[0];
	return ~(s32)(nsg_pool_add(&build->nodes, node->record) * NSG_TRIE_FANOUT);
}

/* Adds the next entry of a level, and those of levels above that it completes. */
static void add_entry(struct build *build, u32 level, s32 entry)
{
	for (; level < LEVELS; level++) {
		struct open_node *node = &build->open[level];

		node->entry[node->count++] = entry;
		if (node->count < NSG_TRIE_FANOUT)
			return;
		entry = close_node(build, node);
	}
	build->top[build->tops++] = entry;
}

/* The level of the largest aligned block that begins at `at` and ends by `end`. */
static u32 level_of_block(u64 at, u64 end)
{
	u32 level = 0;
	u64 size;

	for (; level < LEVELS; level++) {
		size = 1ULL << ((level + 1) * NSG_TRIE_NODE_BITS);
		if (at & (size - 1) || at + size > end)
			break;
	}
	return level;
}

static void add_interval(struct build *build, u64 at, u64 end, s32 vector)
{
	while (at < end) {
		u32 level = level_of_block(at, end);

		add_entry(build, level, vector);
		at += 1ULL << (level * NSG_TRIE_NODE_BITS);
		cond_resched();	/* most of the axis is 65,536 blocks */
	}
}

static void add_intervals(struct build *build, const struct nsg_axis *axis)
{
	u32 i;

	for (i = 0; i < axis->count; i++) {
		u64 end = i + 1 < axis->count ? axis->intervals[i + 1].start.low : AXIS_END;

		add_interval(build, axis->intervals[i].start.low, min_t(u64, end, AXIS_END),
			     axis->intervals[i].vector);
	}
}

bool nsg_trie_build(struct nsg_trie *trie, const struct nsg_axis *axis, struct nsg_budget *budget)
{
	struct build *build = nsg_budget_take(budget, sizeof(*build));

	if (!build)
		return false;
	build->top = nsg_budget_take(budget, TOP_BYTES);
	if (build->top && nsg_pool_init(&build->nodes, budget, NODE_WIDTH)) {
		add_intervals(build, axis);
		trie->nodes = (s32 *)nsg_pool_finish(&build->nodes, &trie->node_bytes);
	}
	trie->top = build->top;
	nsg_budget_give(budget, build, sizeof(*build));
	return !budget->error;
}

void nsg_trie_free(struct nsg_trie *trie, struct nsg_budget *budget)
{
	nsg_budget_give(budget, trie->top, TOP_BYTES);
	nsg_budget_give(budget, trie->nodes, trie->node_bytes);
	*trie = (struct nsg_trie){ .top = NULL };
}
