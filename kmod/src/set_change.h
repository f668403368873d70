/* SPDX-License-Identifier: GPL-2.0 */
/* What a commit does to address sets. */
#ifndef _NSG_SET_CHANGE_H
#define _NSG_SET_CHANGE_H

#include "draft.h"
#include "request.h"
#include "sets.h"

/* What becomes of one set. */
enum nsg_set_fate {
	NSG_SET_UNTOUCHED,	/* the version that is put is held already */
	NSG_SET_MADE,
	NSG_SET_REPLACED,	/* all its members */
	NSG_SET_EDITED,
	NSG_SET_DROPPED,
};

struct nsg_set_change {
	enum nsg_set_fate fate;
	const struct nsg_object *object;
	struct nsg_set *set;
	struct nsg_draft draft;			/* of a set that is made, replaced or edited */
	u64 old[NSG_SET_FAMILIES];		/* roots of one that is replaced */
};

/*
 * All of a commit's set objects. First come the steps that may fail, then nsg_set_changes_publish() and those after it,
 * none of which can. Zeroed before the first.
 */
struct nsg_set_changes {
	struct nsg_set_change *at;		/* puts in order of name, then deltas, then drops */
	u32 count;				/* that are prepared */
	u32 puts;
	u32 made;
	bool locked;				/* there are set objects, so nsg_sets_lock is held */
	bool sides_move;			/* packets may be in a set that changes */
	bool published;
};

/* Makes new members beside the old ones, outside of nsg_lock. 0, or a negative errno and the reason. */
int nsg_set_changes_prepare(struct nsg_set_changes *changes, const struct nsg_request *request,
			    struct nsgate_refusal *refusal);

/*
 * Resolves the names of a put's new ruleset to the sets that there will be, and counts it among their rulesets. Refuses
 * with ENOENT: nothing is counted then. Under nsg_lock.
 */
int nsg_set_changes_link(const struct nsg_set_changes *changes, struct nsg_set_refs *refs,
			 const struct nsg_object *put, const struct nsg_request *request,
			 struct nsgate_refusal *refusal);

/* Refuses to drop a set that rulesets name when all of the commit's are counted. Under nsg_lock. */
int nsg_set_changes_check_drops(const struct nsg_set_changes *changes, const struct nsg_request *request,
				struct nsgate_refusal *refusal);

/*
 * The sets are held with their new members; if sides move, packets do not look at them yet. `leaving` says whether the
 * commit drops rulesets, which may name sets until a grace period has passed. Returns whether anything changed.
 */
bool nsg_set_changes_publish(struct nsg_set_changes *changes, bool leaving);

/* When packets look at the new side alone, and a grace period has passed: both sides show the new members. */
void nsg_set_changes_finish(struct nsg_set_changes *changes);

/*
 * Frees what the commit leaves behind: old members after nsg_set_changes_finish(), else the new ones. Outside of
 * nsg_lock; gives back nsg_sets_lock.
 */
void nsg_set_changes_release(struct nsg_set_changes *changes);

#endif /* _NSG_SET_CHANGE_H */
