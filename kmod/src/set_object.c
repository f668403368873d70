// SPDX-License-Identifier: GPL-2.0
/* Checks the objects that put, change and drop address sets. */
#include "edit.h"
#include "member_list.h"
#include "parse.h"
#include "request.h"

/* Bytes that it may take to see whether a prefix stands twice: enough for the most members of the worst kind. */
#define CHECK_MEMORY	(512UL << 20)

#define PAUSE		1024	/* members checked between two chances for other tasks */

int nsg_check_set_name(struct nsg_parse *parse, const struct nsgate_set_name *name, enum nsgate_field field)
{
	u32 length = strnlen(name->name, sizeof(name->name));

	if (!length)
		return nsg_fault(parse, name, -EINVAL, field, "the name of an address set is empty");
	if (length == sizeof(name->name) || memchr_inv(name->name + length, 0, sizeof(name->name) - length))
		return nsg_fault(parse, name, -EINVAL, field, "the name of an address set is not padded with NUL");
	return 0;
}

/* How many members there are, and whether they fill the object, whose head has `head` bytes. */
static int check_counts(struct nsg_parse *parse, const struct nsgate_object *object, size_t head,
			const struct nsg_member_lists *lists, const void *counts)
{
	u64 members = 0, bytes = head;
	u32 i;

	for (i = 0; i < NSG_MEMBER_LISTS; i++) {
		members += lists->list[i].count;
		bytes += (u64)lists->list[i].count * nsg_member_size(&lists->list[i]);
	}
	if (members > NSGATE_MAX_MEMBERS)
		return nsg_fault(parse, counts, -E2BIG, NSGATE_FIELD_MEMBERS, "%llu members, over %u",
				 (unsigned long long)members, NSGATE_MAX_MEMBERS);
	if (bytes != object->length)
		return nsg_fault(parse, counts, -EINVAL, NSGATE_FIELD_MEMBERS,
				 "%llu members make an object of %llu bytes, not of %u", (unsigned long long)members,
				 (unsigned long long)bytes, object->length);
	return 0;
}

static int check_list(struct nsg_parse *parse, const struct nsg_member_list *list)
{
	int error;
	u32 i;

	for (i = 0; i < list->count; i++, parse->refusal->item++) {
		error = nsg_check_prefix(parse, nsg_member_at(list, i), list->family, NSGATE_FIELD_MEMBER);
		if (error)
			return error;
		if (!(i % PAUSE))
			cond_resched();
	}
	return 0;
}

/* Prefixes that come in order of address and length: then none stands twice. */
static bool ascends(const struct nsg_member_list *list)
{
	size_t compared = list->family ? offsetof(struct nsgate_prefix6, reserved) :
					 offsetof(struct nsgate_prefix4, reserved);
	u32 i;

	for (i = 1; i < list->count; i++) {
		if (memcmp(nsg_member_at(list, i - 1), nsg_member_at(list, i), compared) >= 0)
			return false;
		if (!(i % PAUSE))
			cond_resched();
	}
	return true;
}

static int collect(struct nsg_parse *parse, const struct nsg_member_list *list, struct nsg_edit *edit, u64 *root)
{
	struct nsg_prefix prefix;
	int added;
	u32 i;

	for (i = 0; i < list->count; i++, parse->refusal->item++) {
		prefix = nsg_member_prefix(list, i);
		added = nsg_edit_add(edit, root, &prefix);
		if (added < 0)
			return nsg_refuse_memory(parse->refusal, edit->made);
		if (!added)
			return nsg_fault(parse, nsg_member_at(list, i), -EINVAL, NSGATE_FIELD_MEMBER,
					 "the object has this prefix a second time");
		if (!(i % PAUSE))
			cond_resched();
	}
	return 0;
}

/* Puts all prefixes into sets of their own, to see whether one comes again. */
static int check_unique(struct nsg_parse *parse, const struct nsg_member_lists *lists)
{
	struct nsg_budget budget = { .left = CHECK_MEMORY };
	u64 root[NSG_SET_FAMILIES] = { 0 };
	struct nsg_edit edit;
	int error = 0;
	u32 i;

	nsg_edit_begin(&edit, 1, &budget);
	parse->refusal->item = 0;
	for (i = 0; !error && i < NSG_MEMBER_LISTS; i++)
		error = collect(parse, &lists->list[i], &edit, &root[lists->list[i].family]);
	for (i = 0; i < NSG_SET_FAMILIES; i++)
		nsg_edit_cancel(&edit, root[i]);
	nsg_edit_forget(&edit);
	return error;
}

static int check_members(struct nsg_parse *parse, const struct nsg_member_lists *lists)
{
	bool ascend = true;
	int error = 0;
	u32 i;

	parse->refusal->item = 0;
	for (i = 0; !error && i < NSG_MEMBER_LISTS; i++) {
		error = check_list(parse, &lists->list[i]);
		ascend = ascend && ascends(&lists->list[i]) && !(lists->list[i].removes && lists->list[i].count);
	}
	if (!error && !ascend)
		error = check_unique(parse, lists);
	if (!error)
		parse->refusal->item = NSGATE_NO_INDEX;
	return error;
}

static int check_head(struct nsg_parse *parse, const struct nsgate_object *object, size_t size)
{
	if (object->length >= size)
		return 0;
	return nsg_fault(parse, &object->length, -EINVAL, NSGATE_FIELD_OBJECT,
			 "%u bytes are too short for an object of type %u", object->length, object->type);
}

int nsg_check_set(struct nsg_parse *parse, const struct nsgate_set *set)
{
	struct nsg_member_lists lists;
	int error = check_head(parse, &set->head, sizeof(*set)) ?:
		    nsg_check_set_name(parse, &set->name, NSGATE_FIELD_SET);

	if (error)
		return error;
	lists = nsg_member_lists_of(&set->head);
	return check_counts(parse, &set->head, sizeof(*set), &lists, &set->members4) ?: check_members(parse, &lists);
}

int nsg_check_set_delta(struct nsg_parse *parse, const struct nsgate_set_delta *delta)
{
	struct nsg_member_lists lists;
	int error = check_head(parse, &delta->head, sizeof(*delta)) ?:
		    nsg_check_set_name(parse, &delta->name, NSGATE_FIELD_SET);

	if (error)
		return error;
	if (delta->version == delta->from)
		return nsg_fault(parse, &delta->version, -EINVAL, NSGATE_FIELD_SET_VERSION,
				 "the version after the change is %llu, as before it",
				 (unsigned long long)delta->version);
	lists = nsg_member_lists_of(&delta->head);
	return check_counts(parse, &delta->head, sizeof(*delta), &lists, &delta->add4) ?:
	       check_members(parse, &lists);
}
