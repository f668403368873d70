/* SPDX-License-Identifier: GPL-2.0 */
/* What identifies a network namespace. */
#ifndef _NSG_COMPAT_NAMESPACE_H
#define _NSG_COMPAT_NAMESPACE_H

#include <net/net_namespace.h>

/* The inode of its file on nsfs (before 3.19, on proc). */
static inline unsigned int nsg_net_inode(const struct net *net)
{
#ifdef HAVE_NS_INUM		/* 3.19, commit 435d5f4bb2cc */
	return net->ns.inum;
#else
	return net->proc_inum;
#endif
}

/* The cookie that SO_NETNS_COOKIE tells, 0 where the kernel keeps none. */
static inline u64 nsg_net_cookie(const struct net *net)
{
#ifdef HAVE_NET_COOKIE		/* 5.12 */
	return net->net_cookie;
#else
	return 0;
#endif
}

#endif /* _NSG_COMPAT_NAMESPACE_H */
