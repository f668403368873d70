/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Putting fragments together. IPv4: by the function for it. IPv6: by turning the kernel's own reassembly on and off,
 * through pointers to the functions that do it.
 */
#ifndef _NSG_COMPAT_DEFRAG_H
#define _NSG_COMPAT_DEFRAG_H

#include <linux/module.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

/*
 * Takes an IPv4 fragment to the others of its packet. True: they are complete, and `skb` is the packet. False: it is
 * the kernel's now. `user` is an enum ip_defrag_users: fragments of one packet meet if they have the same. With bottom
 * halves off.
 */
static inline bool nsg_call_gather4(struct net *net, struct sk_buff *skb, u32 user)
{
#ifdef HAVE_IP_DEFRAG_NET		/* 4.4 */
	/* It orphans the packet itself, and knows when not: whoever sends may use skb->sk yet (CVE-2024-26921). */
	if (ip_defrag(net, skb, user))
		return false;
#else
	skb_orphan(skb);
	if (ip_defrag(skb, user))
		return false;
#endif
	ip_send_check(ip_hdr(skb));
#ifdef HAVE_IGNORE_DF			/* 3.16: it may be cut again, whoever forbade it */
	skb->ignore_df = 1;
#else
	skb->local_df = 1;
#endif
	return true;
}

/* NULL: not borrowed yet. */
struct nsg_defrag6 {
	typeof(nf_defrag_ipv6_enable) *enable;
#ifdef HAVE_DEFRAG_DISABLE		/* 5.12; before, it stays on until the namespace dies */
	typeof(nf_defrag_ipv6_disable) *disable;
#endif
};

#ifdef HAVE_DEFRAG_DISABLE
static inline bool nsg_defrag6_borrow_disable(struct nsg_defrag6 *defrag)
{
	defrag->disable = defrag->disable ?: symbol_request(nf_defrag_ipv6_disable);
	return defrag->disable;
}

static inline void nsg_defrag6_return_disable(const struct nsg_defrag6 *defrag)
{
	if (defrag->disable)
		symbol_put(nf_defrag_ipv6_disable);
}

static inline void nsg_call_defrag6_disable(const struct nsg_defrag6 *defrag, struct net *net)
{
	defrag->disable(net);
}
#else
static inline bool nsg_defrag6_borrow_disable(struct nsg_defrag6 *defrag)
{
	return true;
}

static inline void nsg_defrag6_return_disable(const struct nsg_defrag6 *defrag)
{
}

static inline void nsg_call_defrag6_disable(const struct nsg_defrag6 *defrag, struct net *net)
{
}
#endif

/* 0 or a negative errno. Where it is on already, nothing changes but a count of users. */
static inline int nsg_call_defrag6_enable(const struct nsg_defrag6 *defrag, struct net *net)
{
#ifdef HAVE_DEFRAG_NETNS		/* 4.10: for one namespace */
	return defrag->enable(net);
#else					/* for all namespaces, by holding the module */
	return 0;
#endif
}

#endif /* _NSG_COMPAT_DEFRAG_H */
