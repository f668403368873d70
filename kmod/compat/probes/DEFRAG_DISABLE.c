// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .nf_defrag_ipv4_disable */
#include <net/net_namespace.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>

void probe(struct net *net)
{
	nf_defrag_ipv4_disable(net);
}
