// SPDX-License-Identifier: GPL-2.0
/* The members that an address set is going to have. */
#include "draft.h"

/* Members added or removed between two chances for other tasks: well below a millisecond. */
#define PAUSE	256

static int apply_list(struct nsg_draft *draft, const struct nsg_member_list *list)
{
	u64 *root = &draft->root[list->family];
	u32 *members = &draft->members[list->family];
	struct nsg_prefix prefix;
	int changed;
	u32 i;

	for (i = 0; i < list->count; i++) {
		prefix = nsg_member_prefix(list, i);
		if (list->removes)
			changed = nsg_edit_remove(&draft->edit, root, &prefix);
		else
			changed = nsg_edit_add(&draft->edit, root, &prefix);
		if (changed < 0)
			return changed;
		*members += list->removes ? -changed : changed;
		if (!(i % PAUSE))
			cond_resched();
	}
	return 0;
}

int nsg_draft_apply(struct nsg_draft *draft, const struct nsg_member_lists *lists)
{
	int error = 0;
	u32 i;

	for (i = 0; !error && i < NSG_MEMBER_LISTS; i++)
		error = apply_list(draft, &lists->list[i]);
	return error;
}

void nsg_draft_cancel(struct nsg_draft *draft)
{
	u32 i;

	for (i = 0; i < NSG_SET_FAMILIES; i++)
		nsg_edit_cancel(&draft->edit, draft->root[i]);
	nsg_edit_forget(&draft->edit);
}
