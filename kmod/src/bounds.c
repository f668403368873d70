// SPDX-License-Identifier: GPL-2.0
/* Building the search trees over an axis' bounds. */
#include "bounds.h"

struct entry {
	u64 start;
	u64 value;
};

struct build {
	u64 *slots;
	u32 used;
	struct entry *outer;
	u32 outers;
	struct entry *inner;	/* of the high half at hand */
	u32 inners;
};

/* Levels of a tree that tells `entries` intervals apart: an even number, as it takes two steps at a time. */
static u32 depth_for(u32 entries)
{
	u32 depth = 2;

	while ((1U << depth) < entries)
		depth += 2;
	return depth;
}

/* The slot of bound number `rank` (from 1) in the order of bounds: how often 2 divides it tells the level. */
static u32 slot_of(u32 rank, u32 depth)
{
	u32 height = __ffs(rank);

	return (1U << (depth - 1 - height)) + (rank >> (height + 1));
}

/* Bounds that are wanting are the greatest place there is; a search that goes past them finds the last value. */
static void fill_tree(u64 *slots, const struct entry *entries, u32 count)
{
	u32 depth = depth_for(count);
	u32 size = 1U << depth;
	u32 i;

	for (i = 0; i < size; i++) {
		slots[size + i] = entries[min_t(u32, i, count - 1)].value;
		if (i)
			slots[slot_of(i, depth)] = i < count ? entries[i].start : ~0ULL;
		if (i % 1024 == 1023)
			cond_resched();
	}
}

static u64 add_inner_tree(struct build *build)
{
	u32 depth = depth_for(build->inners);
	u64 value = NSG_BOUNDS_INNER | 1ULL << depth << 32 | build->used;

	fill_tree(build->slots + build->used, build->inner, build->inners);
	build->used += 2U << depth;
	build->inners = 0;
	return value;
}

/* Reads the intervals from `at` that share a high half; returns the first after them. `before` is what was in force. */
static const struct nsg_interval *add_high(struct build *build, const struct nsg_interval *at,
					   const struct nsg_interval *end, u32 before)
{
	u64 high = at->start.high;

	if (at->start.low)
		build->inner[build->inners++] = (struct entry){ 0, before };
	for (; at < end && at->start.high == high; at++)
		build->inner[build->inners++] = (struct entry){ at->start.low, at->vector };
	if (build->inners == 1) {
		build->outer[build->outers++] = (struct entry){ high, build->inner[0].value };
		build->inners = 0;
		return at;
	}
	build->outer[build->outers++] = (struct entry){ high, add_inner_tree(build) };
	if (~high && (at == end || at->start.high != high + 1))
		build->outer[build->outers++] = (struct entry){ high + 1, (at - 1)->vector };
	return at;
}

static void collect6(struct build *build, const struct nsg_axis *axis)
{
	const struct nsg_interval *at = axis->intervals;
	const struct nsg_interval *end = at + axis->count;

	while (at < end) {
		at = add_high(build, at, end, at == axis->intervals ? 0 : (at - 1)->vector);
		cond_resched();
	}
}

static void collect4(struct build *build, const struct nsg_axis *axis)
{
	u32 i;

	for (i = 0; i < axis->count; i++)
		build->outer[build->outers++] =
			(struct entry){ axis->intervals[i].start.low, axis->intervals[i].vector };
}

/* Slots that trees over `intervals` intervals take at most: there are under four times as many leaves as entries. */
static size_t outer_slots(u32 entries)
{
	return 2U << depth_for(entries);
}

static size_t inner_slots(u32 intervals)
{
	return 8 * (size_t)intervals;
}

static void build_trees(struct nsg_bounds *bounds, struct build *build, const struct nsg_axis *axis, bool ipv6)
{
	u32 depth;

	if (ipv6)
		collect6(build, axis);
	else
		collect4(build, axis);
	depth = depth_for(build->outers);
	fill_tree(build->slots + build->used, build->outer, build->outers);
	bounds->leaves = 1U << depth;
	bounds->bytes = (build->used + outer_slots(build->outers)) * sizeof(u64);
}

bool nsg_bounds_build(struct nsg_bounds *bounds, const struct nsg_axis *axis, bool ipv6, struct nsg_budget *budget)
{
	u32 most = ipv6 ? 2 * axis->count : axis->count;
	size_t bytes = (outer_slots(most) + (ipv6 ? inner_slots(axis->count) : 0)) * sizeof(u64);
	size_t entries = (most + axis->count + 1) * sizeof(struct entry);
	struct build build = { .used = 0 };

	build.slots = nsg_budget_take(budget, bytes);
	build.outer = nsg_budget_take(budget, entries);
	if (!budget->error) {
		build.inner = build.outer + most;
		build_trees(bounds, &build, axis, ipv6);
		bounds->slots = nsg_budget_trim(budget, build.slots, bytes, bounds->bytes);
		bounds->outer = bounds->slots + build.used;
		build.slots = NULL;
	}
	nsg_budget_give(budget, build.outer, entries);
	nsg_budget_give(budget, build.slots, bytes);
	return !budget->error;
}

void nsg_bounds_free(struct nsg_bounds *bounds, struct nsg_budget *budget)
{
	nsg_budget_give(budget, bounds->slots, bounds->bytes);
	*bounds = (struct nsg_bounds){ .slots = NULL };
}
