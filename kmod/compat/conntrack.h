/* SPDX-License-Identifier: GPL-2.0 */
/* Starting and ending connection tracking, through pointers to the functions that do it. */
#ifndef _NSG_COMPAT_CONNTRACK_H
#define _NSG_COMPAT_CONNTRACK_H

#include <net/netfilter/nf_conntrack.h>

/* Whether the packet of nf_ct_get()'s answer was taken out of tracking on purpose. */
static inline bool nsg_untracked(const struct nf_conn *connection, enum ip_conntrack_info info)
{
#ifdef HAVE_CONNTRACK_UNTRACKED		/* 4.12; RHEL 7.7 */
	return !connection && info == IP_CT_UNTRACKED;
#else					/* such packets share a connection of their own */
	return connection && nf_ct_is_untracked(connection);
#endif
}

#ifdef HAVE_CONNTRACK_NETNS		/* 4.10: for one namespace */
#define NSG_CONNTRACK_GET	nf_ct_netns_get
#define NSG_CONNTRACK_PUT	nf_ct_netns_put

static inline int nsg_call_conntrack_get(typeof(nf_ct_netns_get) *get, typeof(nf_ct_netns_put) *put,
					 struct net *net)
{
	return get(net, NFPROTO_INET);
}

static inline void nsg_call_conntrack_put(typeof(nf_ct_netns_put) *put, struct net *net)
{
	put(net, NFPROTO_INET);
}
#else					/* for all namespaces, by holding the modules */
#include <net/netfilter/nf_conntrack_l3proto.h>

#define NSG_CONNTRACK_GET	nf_ct_l3proto_try_module_get
#define NSG_CONNTRACK_PUT	nf_ct_l3proto_module_put

static inline int nsg_call_conntrack_get(typeof(nf_ct_l3proto_try_module_get) *get,
					 typeof(nf_ct_l3proto_module_put) *put, struct net *net)
{
	int error = get(AF_INET);

	if (error)
		return error;
	error = get(AF_INET6);
	if (error)
		put(AF_INET);
	return error;
}

static inline void nsg_call_conntrack_put(typeof(nf_ct_l3proto_module_put) *put, struct net *net)
{
	put(AF_INET6);
	put(AF_INET);
}
#endif

#endif /* _NSG_COMPAT_CONNTRACK_H */
