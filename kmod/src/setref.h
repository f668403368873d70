/* SPDX-License-Identifier: GPL-2.0 */
/* The address sets that a ruleset's rules name. */
#ifndef _NSG_SETREF_H
#define _NSG_SETREF_H

#include "set.h"

/* One set, however often it is named. */
struct nsg_set_ref {
	struct nsgate_set_name name;
	struct nsg_set *set;	/* before the ruleset is linked, a set without members */
	u32 rule;		/* where it is named first: indexes, and bytes from the ruleset's head on */
	u32 match;
	u32 item;
	u32 offset;
};

/* Linked once, before packets meet the ruleset; read-only from then on. */
struct nsg_set_refs {
	u32 count;
	size_t memory;
	struct nsg_set_ref ref[];	/* in order of name */
};

/* What the rules of a checked ruleset name. NULL, and budget->error is set, if memory does not suffice. */
struct nsg_set_refs *nsg_set_refs_build(const struct nsgate_ruleset *ruleset, struct nsg_budget *budget);

void nsg_set_refs_free(struct nsg_set_refs *refs);

/* The reference with this name, or NULL. */
const struct nsg_set_ref *nsg_set_refs_find(const struct nsg_set_refs *refs, const struct nsgate_set_name *name);

static inline bool nsg_match_names_sets(const struct nsgate_match *match)
{
	return match->kind == NSGATE_MATCH_SRC_SET || match->kind == NSGATE_MATCH_DST_SET;
}

#endif /* _NSG_SETREF_H */
