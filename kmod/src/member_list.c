// SPDX-License-Identifier: GPL-2.0
/* The prefixes of an object that puts or changes an address set, as they stand in the request. */
#include "member_list.h"

/* Sets the lists' places from their counts. */
static void place(struct nsg_member_lists *lists, const void *at)
{
	u32 i;

	for (i = 0; i < NSG_MEMBER_LISTS; i++) {
		struct nsg_member_list *list = &lists->list[i];

		list->family = i / 2;
		list->removes = i % 2;
		list->prefixes = at;
		at = nsg_member_at(list, list->count);
	}
}

struct nsg_member_lists nsg_member_lists_of(const struct nsgate_object *object)
{
	const struct nsgate_set_delta *delta = (const void *)object;
	const struct nsgate_set *set = (const void *)object;
	struct nsg_member_lists lists = { .list = { { .count = 0 } } };

	if (object->type == NSGATE_OBJECT_SET_PUT) {
		lists.list[0].count = set->members4;
		lists.list[2].count = set->members6;
		place(&lists, set + 1);
		return lists;
	}
	lists.list[0].count = delta->add4;
	lists.list[1].count = delta->remove4;
	lists.list[2].count = delta->add6;
	lists.list[3].count = delta->remove6;
	place(&lists, delta + 1);
	return lists;
}

struct nsg_prefix nsg_member_prefix(const struct nsg_member_list *list, u32 i)
{
	const struct nsgate_prefix4 *prefix4 = nsg_member_at(list, i);
	const struct nsgate_prefix6 *prefix6 = nsg_member_at(list, i);
	struct nsg_prefix prefix = { .key = { 0 } };
	__be32 address4;
	__be64 address6[2];

	if (!list->family) {
		memcpy(&address4, prefix4->address, sizeof(address4));
		prefix.key[0] = (u64)be32_to_cpu(address4) << 32;
		prefix.length = prefix4->length;
		return prefix;
	}
	memcpy(address6, prefix6->address, sizeof(address6));
	prefix.key[0] = be64_to_cpu(address6[0]);
	prefix.key[1] = be64_to_cpu(address6[1]);
	prefix.length = prefix6->length;
	return prefix;
}
