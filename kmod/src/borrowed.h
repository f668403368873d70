/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of kernel modules that are needed only by rulesets that match on connection state or on transport headers,
 * or reject. They are looked up when the first such ruleset comes, so a host without one loads none of those modules.
 * Held until this module goes.
 */
#ifndef _NSG_BORROWED_H
#define _NSG_BORROWED_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

/*
 * Makes what rulesets with these NSG_NEEDS_* call ready to be called, loading modules if it must. Returns the needs
 * that cannot be met, 0 if all are. Sleeps; not under nsg_lock, because loading a module may wait for an exit of ours.
 */
u8 nsg_borrow(u8 needs);

/* Gives everything back, when no packet and no namespace can use it any more. */
void nsg_borrowed_return(void);

/* Starts and ends connection tracking in a namespace; after nsg_borrow(NSG_NEEDS_STATE). */
int nsg_conntrack_get(struct net *net);
void nsg_conntrack_put(struct net *net);

/* Starts and ends the reassembly of IPv6 in a namespace, before our hooks; after nsg_borrow(NSG_NEEDS_WHOLE6). */
int nsg_defrag6_get(struct net *net);
void nsg_defrag6_put(struct net *net);

/* The packet's NSGATE_STATE_*. */
u8 nsg_conntrack_state(const struct sk_buff *skb);

/* Answers a packet; after nsg_borrow(NSG_NEEDS_REJECT), with bottom halves off. */
void nsg_send_reset(struct sk_buff *skb, const struct nsg_hook_state *state);
void nsg_send_unreachable(struct sk_buff *skb, const struct nsg_hook_state *state, u8 code);

#endif /* _NSG_BORROWED_H */
