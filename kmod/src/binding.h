/* SPDX-License-Identifier: GPL-2.0 */
/* A namespace's binding to a ruleset, with its counters: what a packet's hook finds. */
#ifndef _NSG_BINDING_H
#define _NSG_BINDING_H

#include <linux/percpu.h>

#include "logs.h"
#include "retired.h"

struct nsg_namespace;

/* Counters of a binding that go on from ruleset to ruleset. */
struct nsg_account {
	u64 epoch;
	const struct nsg_namespace *ns;			/* whose it is; it lives longer */
	struct nsg_hook_totals __percpu *totals;	/* written with bottom halves off */
	struct nsgate_totals seen[NSGATE_HOOKS];	/* sums when last read; this and below under nsg_lock */
	u64 changed;					/* number of the reading that saw the last change */
};

struct nsg_hook_totals {
	struct nsgate_totals hook[NSGATE_HOOKS];	/* but for `seen`, which is the sum of others */
};

/* See nsg_change_hold_sides(). */
#define NSG_SIDE_HELD	2

/*
 * What packets see of a binding never changes, but for `previous` and `side`. It is published by RCU in its namespace,
 * replaced rather than changed, and freed a grace period after.
 *
 * While a ruleset takes over from another, `previous` is the old binding. Every hook then passes only what both
 * rulesets let pass, until no packet can be under way that has met the old one alone at an earlier hook. So no packet
 * gets through on a mixture of the two. A rule is counted in the binding that decides, never in both.
 */
struct nsg_binding {
	struct nsg_ruleset *ruleset;
	struct nsg_counters *counters;
	struct nsg_account *account;
	struct nsg_logs *logs;
	const struct nsg_binding *previous;
	u8 side;			/* 0: the address sets' side that is shown; else NSG_SIDE_HELD and the side */
	struct nsg_retired *retired;	/* under nsg_lock */
};

/*
 * A binding of `ns` with counters at zero that is to take over from `old`, or begins an account of its own if that is
 * NULL. Returns NULL if there is no memory.
 */
struct nsg_binding *nsg_binding_build(const struct nsg_namespace *ns, struct nsg_ruleset *ruleset,
				      const struct nsg_binding *old);

/* Frees a binding but not its account, which another has taken over. It does not touch the ruleset. */
void nsg_binding_free(struct nsg_binding *binding);

/* Frees a binding and its account. */
void nsg_binding_end(struct nsg_binding *binding);

/* The binding no longer counts as one of its ruleset's, which may be dropped from now on. Under nsg_lock. */
void nsg_binding_let_go(struct nsg_binding *binding);

/*
 * Takes over the counts of the binding that this one was built to follow, for every rule whose id stays, as of reading
 * number `reading`, when packets have left it. Under nsg_lock.
 */
void nsg_binding_inherit(struct nsg_binding *binding, struct nsg_binding *old, u64 reading);

/* Reads the totals, as reading number `reading`. Under nsg_lock. */
void nsg_account_read(struct nsg_account *account, u64 reading);

/* Reads all counters, as reading number `reading`. False if there was no memory to read them all. Under nsg_lock. */
bool nsg_binding_read(struct nsg_binding *binding, u64 reading);

/* Bytes held for this binding alone. Under nsg_lock. */
u64 nsg_binding_memory(const struct nsg_binding *binding);

/* The sum over all hooks, read now. Under nsg_lock. */
struct nsgate_totals nsg_account_total(const struct nsg_account *account);

#endif /* _NSG_BINDING_H */
