// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .nf_ct_netns_get */
#include <net/netfilter/nf_conntrack.h>

int probe(struct net *net)
{
	return nf_ct_netns_get(net, NFPROTO_INET);
}
