// SPDX-License-Identifier: GPL-2.0
/* too many arguments to function .nf_defrag_ipv6_enable */
#include <net/net_namespace.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

int probe(struct net *net)
{
	return nf_defrag_ipv6_enable(net);
}
