/* SPDX-License-Identifier: GPL-2.0 */
/* Turning the reassembly of fragments on and off, through pointers to the functions that do it. */
#ifndef _NSG_COMPAT_DEFRAG_H
#define _NSG_COMPAT_DEFRAG_H

#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

/* NULL: not borrowed yet. */
struct nsg_defrag {
	typeof(nf_defrag_ipv4_enable) *enable4;
	typeof(nf_defrag_ipv6_enable) *enable6;
#ifdef HAVE_DEFRAG_DISABLE		/* 5.12; before, it stays on until the namespace dies */
	typeof(nf_defrag_ipv4_disable) *disable4;
	typeof(nf_defrag_ipv6_disable) *disable6;
#endif
};

#ifdef HAVE_DEFRAG_DISABLE
static inline bool nsg_defrag_borrow_disable(struct nsg_defrag *defrag)
{
	defrag->disable4 = defrag->disable4 ?: symbol_request(nf_defrag_ipv4_disable);
	defrag->disable6 = defrag->disable6 ?: symbol_request(nf_defrag_ipv6_disable);
	return defrag->disable4 && defrag->disable6;
}

static inline void nsg_defrag_return_disable(const struct nsg_defrag *defrag)
{
	if (defrag->disable4)
		symbol_put(nf_defrag_ipv4_disable);
	if (defrag->disable6)
		symbol_put(nf_defrag_ipv6_disable);
}

static inline void nsg_call_defrag_disable(const struct nsg_defrag *defrag, struct net *net, bool ipv6)
{
	if (ipv6)
		defrag->disable6(net);
	else
		defrag->disable4(net);
}
#else
static inline bool nsg_defrag_borrow_disable(struct nsg_defrag *defrag)
{
	return true;
}

static inline void nsg_defrag_return_disable(const struct nsg_defrag *defrag)
{
}

static inline void nsg_call_defrag_disable(const struct nsg_defrag *defrag, struct net *net, bool ipv6)
{
}
#endif

/* 0 or a negative errno. Where it is on already, nothing changes but a count of users. */
static inline int nsg_call_defrag_enable(const struct nsg_defrag *defrag, struct net *net, bool ipv6)
{
#ifdef HAVE_DEFRAG_NETNS		/* 4.10: for one namespace */
	return ipv6 ? defrag->enable6(net) : defrag->enable4(net);
#else					/* for all namespaces, by holding the modules */
	return 0;
#endif
}

#endif /* _NSG_COMPAT_DEFRAG_H */
