/* SPDX-License-Identifier: GPL-2.0 */
/* The items of a match as ranges on an axis: addresses, protocols and ports alike. */
#ifndef _NSG_RANGE_H
#define _NSG_RANGE_H

#include "pure.h"
#include "../uapi/nsgate.h"

/* A place on an axis: 128 bits of an IPv6 address, all others in `low` alone. */
struct nsg_point {
	u64 high;
	u64 low;
};

/* Both ends belong to it. */
struct nsg_range {
	struct nsg_point first;
	struct nsg_point last;
};

static inline bool nsg_point_before(struct nsg_point a, struct nsg_point b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* The rule's match of this kind, or NULL. */
const struct nsgate_match *nsg_rule_match(const struct nsgate_rule *rule, u16 kind);

/* Item `item` of a match of kind SRC4, DST4, SRC6, DST6, PROTOCOL, SPORT or DPORT. */
struct nsg_range nsg_match_range(const struct nsgate_match *match, u32 item);

/* The smallest range that has all items in it. */
struct nsg_range nsg_match_hull(const struct nsgate_match *match);

#endif /* _NSG_RANGE_H */
