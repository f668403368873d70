/* SPDX-License-Identifier: GPL-2.0 */
/* The netfilter hooks of one namespace: which are registered, and what happens to a packet in them. */
#ifndef _NSG_HOOKS_H
#define _NSG_HOOKS_H

#include <linux/netfilter_ipv4.h>

#include "netns.h"
#include "ruleset.h"

/*
 * Right after connection tracking: a packet's state is known, and on the way in its addresses are still those on the
 * wire, before any translation.
 */
#define NSG_HOOK_PRIORITY	(NF_IP_PRI_CONNTRACK + 1)

/* Prepares the hooks of a namespace that was just born; registers none. */
void nsg_hooks_init(struct nsg_namespace *ns);

/*
 * Registers those of `hooks` (bits by enum nsgate_hook, for IPv4 [0] and IPv6 [1]) that are not yet. Returns 0 or a
 * negative errno; `added` then tells which to take off again. Under nsg_lock.
 */
int nsg_hooks_put_on(struct nsg_namespace *ns, const u8 hooks[2], u8 added[2]);

/*
 * Registers every hook of a namespace that nobody else can see yet. Returns 0, or a negative errno: then none is
 * registered, and no packet is in one.
 */
int nsg_hooks_put_all_on(struct nsg_namespace *ns);

/* Unregisters `hooks`, all of which are registered. A packet may be in them for a grace period. Under nsg_lock. */
void nsg_hooks_take_off(struct nsg_namespace *ns, const u8 hooks[2]);

/* Holds connection tracking for the namespace, or lets go of it; returns 0 or a negative errno. Under nsg_lock. */
int nsg_hooks_track(struct nsg_namespace *ns, bool track);

/*
 * Has IPv6 fragments put together before our hooks, or no more; returns 0 or a negative errno. Under nsg_lock. Those of
 * IPv4 need nothing beforehand.
 */
int nsg_hooks_defragment6(struct nsg_namespace *ns, bool whole);

#endif /* _NSG_HOOKS_H */
