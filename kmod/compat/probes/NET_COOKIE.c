// SPDX-License-Identifier: GPL-2.0
/* no member named .net_cookie|aggregate value used|incompatible types when returning */
#include <net/net_namespace.h>

u64 probe(const struct net *net)
{
	return net->net_cookie;
}
