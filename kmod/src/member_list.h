/* SPDX-License-Identifier: GPL-2.0 */
/* The prefixes of an object that puts or changes an address set, as they stand in the request. */
#ifndef _NSG_MEMBER_LIST_H
#define _NSG_MEMBER_LIST_H

#include "members.h"

/* Families of a set's members: IPv4 [0], IPv6 [1]. */
#define NSG_SET_FAMILIES	2

struct nsg_member_list {
	const void *prefixes;	/* struct nsgate_prefix4 or struct nsgate_prefix6 */
	u32 count;
	u8 family;		/* 0 or 1 */
	bool removes;		/* they are to be members no more */
};

/* In the order in which they follow one another. */
#define NSG_MEMBER_LISTS	(2 * NSG_SET_FAMILIES)

struct nsg_member_lists {
	struct nsg_member_list list[NSG_MEMBER_LISTS];
};

static inline size_t nsg_member_size(const struct nsg_member_list *list)
{
	return list->family ? sizeof(struct nsgate_prefix6) : sizeof(struct nsgate_prefix4);
}

static inline const void *nsg_member_at(const struct nsg_member_list *list, u32 i)
{
	return (const u8 *)list->prefixes + i * nsg_member_size(list);
}

/* The lists of a NSGATE_OBJECT_SET_PUT or NSGATE_OBJECT_SET_DELTA, whose counts need not be right yet. */
struct nsg_member_lists nsg_member_lists_of(const struct nsgate_object *object);

/* The `i`th of a checked list. */
struct nsg_prefix nsg_member_prefix(const struct nsg_member_list *list, u32 i);

#endif /* _NSG_MEMBER_LIST_H */
