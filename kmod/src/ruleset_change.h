/* SPDX-License-Identifier: GPL-2.0 */
/* What a commit does to rulesets: puts, and drops. */
#ifndef _NSG_RULESET_CHANGE_H
#define _NSG_RULESET_CHANGE_H

#include "request.h"
#include "ruleset.h"
#include "set_change.h"

/*
 * All of a commit's ruleset objects. First come the steps that may fail, then nsg_ruleset_changes_apply() and those
 * after it, none of which can. Zeroed before the first, but for `request` and `refusal`.
 */
struct nsg_ruleset_changes {
	const struct nsg_request *request;
	struct nsgate_refusal *refusal;
	struct nsg_ruleset **fresh;	/* by put: built and not held yet; NULL if it was held */
	struct nsg_ruleset **dropped;	/* by drop */
	u32 linked;			/* of `fresh`, how many from the first on have their sets, or are NULL */
};

/* Builds the rulesets that are not held, outside of nsg_lock. 0, or a negative errno and the reason. */
int nsg_ruleset_changes_build(struct nsg_ruleset_changes *changes);

/* Sees that the puts can be held, links them to their sets. 0, or a negative errno and the reason. Under nsg_lock. */
int nsg_ruleset_changes_prepare(struct nsg_ruleset_changes *changes, const struct nsg_set_changes *sets);

/* The ruleset that is put or held, or NULL. Under nsg_lock. */
struct nsg_ruleset *nsg_ruleset_changes_find(const struct nsg_ruleset_changes *changes, const u8 *digest);

/* Refuses to drop what is not there, or bound when all of the commit's bindings are counted. Under nsg_lock. */
int nsg_ruleset_changes_prepare_drops(struct nsg_ruleset_changes *changes);

/* Undoes nsg_ruleset_changes_prepare() and what came after it. Under nsg_lock. */
void nsg_ruleset_changes_cancel(struct nsg_ruleset_changes *changes);

/* Holds what is put and no longer what is dropped; returns whether anything changed. Under nsg_lock. */
bool nsg_ruleset_changes_apply(struct nsg_ruleset_changes *changes);

/* Frees what was dropped; when no packet can be in it any more. */
void nsg_ruleset_changes_free_dropped(struct nsg_ruleset_changes *changes);

/* Frees what was built in vain, and the memory of the changes themselves. */
void nsg_ruleset_changes_release(struct nsg_ruleset_changes *changes);

#endif /* _NSG_RULESET_CHANGE_H */
