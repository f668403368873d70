/* SPDX-License-Identifier: GPL-2.0 */
/* The address sets that the module holds, and which of their two sides packets meet. */
#ifndef _NSG_SETS_H
#define _NSG_SETS_H

#include <linux/mutex.h>

#include "setref.h"

/* Bytes that all address sets may take together, those included that a commit is making beside the ones it replaces. */
#define NSG_SETS_MEMORY	(512UL << 20)

/*
 * Held by a commit that changes sets from before it makes their new members until their old ones are free; taken before
 * nsg_lock. So such commits wait for each other, but nobody else waits for them to make a million members.
 */
extern struct mutex nsg_sets_lock;

/* What is left of NSG_SETS_MEMORY, under nsg_sets_lock. */
extern struct nsg_budget nsg_sets_budget;

/*
 * Every set has two sides, which show the same members. A commit that changes sets gives those their new members on the
 * side that packets are not looking at, then has packets look at both sides and pass only if both let them, for a grace
 * period, and then at the new side alone. One variable says which it is, so that all sets change at once:
 * NSG_SIDE is the side, the new one with NSG_BOTH_SIDES.
 */
#define NSG_SIDE	1
#define NSG_BOTH_SIDES	2

extern u8 nsg_sets_shown;

/* What packets are to look at: to be read before the side that a binding holds. */
static inline u8 nsg_sets_phase(void)
{
	u8 phase = READ_ONCE(nsg_sets_shown);

	/* Before the sets' roots and the binding's side, which show() in sets.c wrote before it. */
	smp_rmb();
	return phase;
}

/* Under nsg_lock, the steps of a commit, with a grace period between the second and the third. */
u8 nsg_sets_new_side(void);
void nsg_sets_show_both(void);
void nsg_sets_show_new(void);

/* The set with this name, or NULL. The sets that are held, and their names, only change under both locks. */
struct nsg_set *nsg_sets_find(const struct nsgate_set_name *name);

void nsg_sets_add(struct nsg_set *set);

/* Takes a set out; the caller frees it when no packet can be in it any more. */
void nsg_sets_remove(struct nsg_set *set);

u32 nsg_sets_count(void);

/* Calls `visit` for each set, in order of name. Under nsg_lock. */
void nsg_sets_visit(void (*visit)(const struct nsg_set *set, void *data), void *data);

/* Counts a ruleset among those that name its sets, or no longer. Under nsg_lock. */
void nsg_sets_hold(const struct nsg_set_refs *refs);
void nsg_sets_let_go(const struct nsg_set_refs *refs);

/* A set without members, held by nobody; NULL, and the budget's error is set, if there is no memory. */
struct nsg_set *nsg_set_build(const struct nsgate_set_name *name);

/* Frees a set and its members. Under nsg_sets_lock. */
void nsg_set_free(struct nsg_set *set);

/* Frees every set, when no packet is on its way any more. */
void nsg_sets_clear(void);

#endif /* _NSG_SETS_H */
