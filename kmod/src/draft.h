/* SPDX-License-Identifier: GPL-2.0 */
/* The members that an address set is going to have: made beside those it has, then published or cancelled. */
#ifndef _NSG_DRAFT_H
#define _NSG_DRAFT_H

#include "edit.h"
#include "member_list.h"

struct nsg_draft {
	struct nsg_edit edit;
	u64 root[NSG_SET_FAMILIES];
	u32 members[NSG_SET_FAMILIES];
};

/*
 * Adds and removes what the lists say. It may sleep. Returns 0, or -ENOMEM, or -E2BIG if the edit's budget does not do:
 * then the draft can only be cancelled.
 */
int nsg_draft_apply(struct nsg_draft *draft, const struct nsg_member_lists *lists);

/* Takes all back that the draft made. */
void nsg_draft_cancel(struct nsg_draft *draft);

#endif /* _NSG_DRAFT_H */
