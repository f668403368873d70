// SPDX-License-Identifier: GPL-2.0
/* too many arguments to function .ip_defrag */
#include <net/ip.h>

int probe(struct net *net, struct sk_buff *skb, u32 user)
{
	return ip_defrag(net, skb, user);
}
