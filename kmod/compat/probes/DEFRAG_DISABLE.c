// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .nf_defrag_ipv6_disable */
#include <net/net_namespace.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

void probe(struct net *net)
{
	nf_defrag_ipv6_disable(net);
}
