/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registering nsg_verdict4() and nsg_verdict6() as hooks of one namespace. Kernels that know only hooks for all
 * namespaces at once (below 4.3) get those when the module starts; they look the packet's namespace up.
 */
#ifndef _NSG_COMPAT_HOOK_H
#define _NSG_COMPAT_HOOK_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/net_namespace.h>

struct nsg_namespace;

#ifdef HAVE_HOOK_PRIV		/* 4.4: the hook function gets (priv, skb, state), and state has all we need */
#define nsg_hook_state		nf_hook_state
#else
struct nsg_hook_state {		/* named as in nf_hook_state */
	unsigned int hook;
	u8 pf;
	const struct net_device *in;
	const struct net_device *out;
	struct sock *sk;
	struct net *net;
};
#endif

/* Fills the operations of one hook of `ns`. */
void nsg_hook_ops_init(struct nf_hook_ops *ops, u8 pf, unsigned int hook, int priority, struct nsg_namespace *ns);

/* 0 or a negative errno. Sleeps. */
int nsg_hook_register(struct net *net, struct nf_hook_ops *ops);

/* Does not wait for packets that are in the hook. Sleeps. */
void nsg_hook_unregister(struct net *net, struct nf_hook_ops *ops);

/* Hooks for all namespaces at once, where there are no others. */
int nsg_global_hooks_start(int priority);
void nsg_global_hooks_stop(void);

#endif /* _NSG_COMPAT_HOOK_H */
