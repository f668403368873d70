/* SPDX-License-Identifier: GPL-2.0 */
/* Starting and ending connection tracking, through pointers to the functions that do it. */
#ifndef _NSG_COMPAT_CONNTRACK_H
#define _NSG_COMPAT_CONNTRACK_H

#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#ifdef HAVE_CONNTRACK_L3PROTO
#include <net/netfilter/nf_conntrack_l3proto.h>
#endif

/* Whether the packet of nf_ct_get()'s answer was taken out of tracking on purpose. */
static inline bool nsg_untracked(const struct nf_conn *connection, enum ip_conntrack_info info)
{
#ifdef HAVE_CONNTRACK_UNTRACKED		/* 4.12; RHEL 7.7 */
	return !connection && info == IP_CT_UNTRACKED;
#else					/* such packets share a connection of their own */
	return connection && nf_ct_is_untracked(connection);
#endif
}

/* NULL: not borrowed yet. */
struct nsg_tracking {
#ifdef HAVE_CONNTRACK_NETNS		/* 4.10: for one namespace; before, the modules do it for all */
	typeof(nf_ct_netns_get) *get;
	typeof(nf_ct_netns_put) *put;
#endif
#ifdef HAVE_CONNTRACK_L3PROTO		/* up to 4.18 IPv4 and IPv6 are modules of their own */
	typeof(nf_ct_l3proto_try_module_get) *hold;
	typeof(nf_ct_l3proto_module_put) *let_go;
	bool held;
#endif
};

#ifdef HAVE_CONNTRACK_NETNS
static inline bool nsg_tracking_borrow_netns(struct nsg_tracking *tracking)
{
	tracking->get = tracking->get ?: symbol_request(nf_ct_netns_get);
	tracking->put = tracking->put ?: symbol_request(nf_ct_netns_put);
	return tracking->get && tracking->put;
}

static inline void nsg_tracking_return_netns(const struct nsg_tracking *tracking)
{
	if (tracking->get)
		symbol_put(nf_ct_netns_get);
	if (tracking->put)
		symbol_put(nf_ct_netns_put);
}

/* Not by NFPROTO_INET, which both functions know from 4.15 on only. */
static inline int nsg_call_tracking_get(const struct nsg_tracking *tracking, struct net *net)
{
	int error = tracking->get(net, NFPROTO_IPV4);

	if (error)
		return error;
	error = tracking->get(net, NFPROTO_IPV6);
	if (error)
		tracking->put(net, NFPROTO_IPV4);
	return error;
}

static inline void nsg_call_tracking_put(const struct nsg_tracking *tracking, struct net *net)
{
	tracking->put(net, NFPROTO_IPV4);
	tracking->put(net, NFPROTO_IPV6);
}
#else
static inline bool nsg_tracking_borrow_netns(struct nsg_tracking *tracking)
{
	return true;
}

static inline void nsg_tracking_return_netns(const struct nsg_tracking *tracking)
{
}

static inline int nsg_call_tracking_get(const struct nsg_tracking *tracking, struct net *net)
{
	return 0;
}

static inline void nsg_call_tracking_put(const struct nsg_tracking *tracking, struct net *net)
{
}
#endif

#ifdef HAVE_CONNTRACK_L3PROTO
/* Loads the modules of both families if it must, and holds them. */
static inline bool nsg_tracking_hold_families(struct nsg_tracking *tracking)
{
	if (tracking->held || tracking->hold(AF_INET))
		return tracking->held;
	tracking->held = !tracking->hold(AF_INET6);
	if (!tracking->held)
		tracking->let_go(AF_INET);
	return tracking->held;
}

static inline bool nsg_tracking_borrow_families(struct nsg_tracking *tracking)
{
	tracking->hold = tracking->hold ?: symbol_request(nf_ct_l3proto_try_module_get);
	tracking->let_go = tracking->let_go ?: symbol_request(nf_ct_l3proto_module_put);
	return tracking->hold && tracking->let_go && nsg_tracking_hold_families(tracking);
}

static inline void nsg_tracking_return_families(const struct nsg_tracking *tracking)
{
	if (tracking->held) {
		tracking->let_go(AF_INET6);
		tracking->let_go(AF_INET);
	}
	if (tracking->hold)
		symbol_put(nf_ct_l3proto_try_module_get);
	if (tracking->let_go)
		symbol_put(nf_ct_l3proto_module_put);
}
#else
static inline bool nsg_tracking_borrow_families(struct nsg_tracking *tracking)
{
	return true;
}

static inline void nsg_tracking_return_families(const struct nsg_tracking *tracking)
{
}
#endif

#endif /* _NSG_COMPAT_CONNTRACK_H */
