/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a commit does to one namespace's binding. First everything that may fail is made ready, for all namespaces of
 * the commit; then the steps from nsg_change_publish() on, none of which can fail. All under nsg_lock.
 */
#ifndef _NSG_CHANGE_H
#define _NSG_CHANGE_H

#include "binding.h"
#include "netns.h"

struct nsg_change {
	struct nsg_namespace *ns;
	struct nsg_binding *old;	/* NULL if the namespace was not bound */
	struct nsg_binding *new;	/* NULL if it is to be unbound */
	u8 added[2];			/* hooks that were put on for `new` */
	bool wholes6;			/* the reassembly of IPv6 was put on for `new` */
	bool tracks;			/* connection tracking was started for `new` */
};

/*
 * Makes ready: counters, hooks and connection tracking. With `ruleset` NULL the namespace is to be unbound. Packets
 * notice nothing yet. Returns 0, or a negative errno and the reason; then nothing is left to undo.
 */
int nsg_change_prepare(struct nsg_change *change, struct nsg_namespace *ns, struct nsg_ruleset *ruleset,
		       struct nsgate_refusal *refusal);

/* Undoes all that nsg_change_prepare() did. */
void nsg_change_cancel(struct nsg_change *change);

/*
 * For a commit that also moves the sides of address sets: packets in the old binding go on looking at the old side, and
 * those in the new binding look at `side`, however far the move has come. Before nsg_sets_show_both().
 */
void nsg_change_hold_sides(struct nsg_change *change, u8 side);

/* Packets meet the new binding; where there was an old one, both of them until nsg_change_settle(). */
void nsg_change_publish(struct nsg_change *change);

/* A grace period later: packets meet the new binding alone, on the hooks that it needs. */
void nsg_change_settle(struct nsg_change *change);

/* Another grace period later: the old binding's counts are taken over or held as its last, and its memory is free. */
void nsg_change_finish(struct nsg_change *change, u64 reading);

#endif /* _NSG_CHANGE_H */
