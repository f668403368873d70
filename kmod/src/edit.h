/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing the members of an address set while packets look them up: an edit makes new nodes beside the old ones, and
 * is published by whoever takes its roots over, or cancelled.
 */
#ifndef _NSG_EDIT_H
#define _NSG_EDIT_H

#include "members.h"

struct nsg_superseded;

/*
 * One edit, of any number of trees. Between begin and finish or cancel nobody else edits them. Memory comes from the
 * budget, where it also goes back to.
 */
struct nsg_edit {
	struct nsg_budget *budget;
	u64 number;			/* nodes with this number are this edit's, and seen by nobody else */
	size_t made;			/* bytes of what it made and still uses */
	size_t unmade;			/* bytes of what it supersedes */
	struct nsg_superseded *superseded;	/* what packets may still be in */
};

/* `number` is not 0, below 2^48, and that of no other edit of these trees. */
void nsg_edit_begin(struct nsg_edit *edit, u64 number, struct nsg_budget *budget);

/*
 * Adds a member, or removes one, at the entry of a root that packets do not see. 1 if that changed something, 0 if not;
 * -ENOMEM or -E2BIG by the budget's reason: then the edit can only be cancelled.
 */
int nsg_edit_add(struct nsg_edit *edit, u64 *root, const struct nsg_prefix *prefix);
int nsg_edit_remove(struct nsg_edit *edit, u64 *root, const struct nsg_prefix *prefix);

/* Takes back what the edit made beneath this root of its own. */
void nsg_edit_cancel(struct nsg_edit *edit, u64 root);

/* Ends an edit that was cancelled for all of its roots. */
void nsg_edit_forget(struct nsg_edit *edit);

/* Ends an edit that was published: frees what it superseded, when no packet can be in it any more. */
void nsg_edit_finish(struct nsg_edit *edit);

/* Frees a whole tree, when no packet can be in it any more. It may sleep. */
void nsg_members_free(u64 root, struct nsg_budget *budget);

#endif /* _NSG_EDIT_H */
