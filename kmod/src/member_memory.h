/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of an edit: the nodes and leaves that it makes, and those that it supersedes. For edit.c alone. */
#ifndef _NSG_MEMBER_MEMORY_H
#define _NSG_MEMBER_MEMORY_H

#include "edit.h"

static inline u32 nsg_count_children(const struct nsg_member_node *node)
{
	return hweight64(node->children);
}

static inline u64 nsg_entry_of(const struct nsg_member_node *node)
{
	return (unsigned long)node;
}

/* Room to note all that one change may supersede; to be had before the change. */
bool nsg_edit_reserve(struct nsg_edit *edit);

/* An entry goes out of use. It is freed at once if nobody else has seen it. */
void nsg_edit_supersede(struct nsg_edit *edit, u64 entry);

/* A node with room for so many entries; NULL if there is no memory. */
struct nsg_member_node *nsg_member_node_build(struct nsg_edit *edit, u32 entries);

/* The entry of a member that stands alone; 0 if there is no memory. */
u64 nsg_member_leaf_build(struct nsg_edit *edit, const struct nsg_prefix *prefix);

#endif /* _NSG_MEMBER_MEMORY_H */
