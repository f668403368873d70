// SPDX-License-Identifier: GPL-2.0
/* nf_reject.h: No such file|too (many|few) arguments|incompatible pointer type|incompatible type */
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_reject.h>

void probe(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	nf_send_reset6(net, sk, skb, 0);
}
