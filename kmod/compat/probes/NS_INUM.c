// SPDX-License-Identifier: GPL-2.0
/* no member named .(ns|inum) */
#include <net/net_namespace.h>

unsigned int probe(const struct net *net)
{
	return net->ns.inum;
}
