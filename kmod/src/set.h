/* SPDX-License-Identifier: GPL-2.0 */
/* An address set: a name, and the members that it has at a time. */
#ifndef _NSG_SET_H
#define _NSG_SET_H

#include "member_list.h"

/* Which of its two contents a set shows to packets: see sets.h. */
#define NSG_SET_SIDES	2

/*
 * A set keeps its identity while its members change, so rulesets that name it are never built anew. What packets see
 * are the roots: one pair per side, equal but while a commit changes them. Rulesets count in `rulesets` as long as they
 * are held; nobody frees a set before that is 0 and a grace period has passed.
 */
struct nsg_set {
	u64 root[NSG_SET_SIDES][NSG_SET_FAMILIES];

	struct nsgate_set_name name;	/* this and what follows under nsg_lock, written under nsg_sets_lock, too */
	u64 version;
	size_t memory;			/* bytes, all told */
	u32 members[NSG_SET_FAMILIES];
	u32 rulesets;			/* of those held, how many name it */
};

/* Whether the set has the address; `side` is what the packet's other matches look at, too. */
static inline bool nsg_set_has(const struct nsg_set *set, const union nsg_address *address, u8 family, u8 side)
{
	return nsg_members_cover(READ_ONCE(set->root[side][family - 1]), address, family);
}

#endif /* _NSG_SET_H */
