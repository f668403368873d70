/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the interval of an axis that a place lies in, by search among bounds: any IPv6 axis, short IPv4 ones. */
#ifndef _NSG_BOUNDS_H
#define _NSG_BOUNDS_H

#include "sweep.h"

/*
 * Perfect search trees of 64-bit bounds, each in an array of twice as many slots as it has leaves: slot k from 1 on
 * holds a bound, its children are 2k and 2k + 1; slots from `leaves` on hold values. A value is a vector, or
 * NSG_BOUNDS_INNER, the leaves (31 bits) and the first slot (32 bits) of the tree over the low halves of the addresses
 * that have this high half.
 */
struct nsg_bounds {
	u64 *slots;		/* inner trees, then the outer one */
	u64 *outer;
	size_t bytes;
	u32 leaves;		/* of the outer tree */
};

#define NSG_BOUNDS_INNER	BIT_ULL(63)

bool nsg_bounds_build(struct nsg_bounds *bounds, const struct nsg_axis *axis, bool ipv6, struct nsg_budget *budget);

void nsg_bounds_free(struct nsg_bounds *bounds, struct nsg_budget *budget);

static __always_inline u64 nsg_bounds_step(const u64 *slots, u64 k, u64 place)
{
	return 2 * k + 1 - (place < slots[k]);
}

/* The value of the number of bounds at or below `place`. Steps do not branch on what they compare. */
static __always_inline u64 nsg_bounds_descend(const u64 *slots, u32 leaves, u64 place)
{
	u64 k = 1;

	do {
		k = nsg_bounds_step(slots, k, place);
		k = nsg_bounds_step(slots, k, place);
	} while (k < leaves);
	return slots[k];
}

static __always_inline u32 nsg_bounds_find4(const struct nsg_bounds *bounds, u32 address)
{
	return nsg_bounds_descend(bounds->outer, bounds->leaves, address);
}

static __always_inline u32 nsg_bounds_find6(const struct nsg_bounds *bounds, u64 high, u64 low)
{
	u64 value = nsg_bounds_descend(bounds->outer, bounds->leaves, high);

	if (value & NSG_BOUNDS_INNER)
		value = nsg_bounds_descend(bounds->slots + (u32)value, value >> 32 & ~BIT(31), low);
	return value;
}

#endif /* _NSG_BOUNDS_H */
