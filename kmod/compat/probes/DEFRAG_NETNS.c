// SPDX-License-Identifier: GPL-2.0
/* too many arguments to function .nf_defrag_ipv4_enable */
#include <net/net_namespace.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>

int probe(struct net *net)
{
	return nf_defrag_ipv4_enable(net);
}
