// SPDX-License-Identifier: GPL-2.0
/* nf_reject.h: No such file|too (many|few) arguments|incompatible pointer type|incompatible type */
#include <net/ip.h>
#include <net/netfilter/ipv4/nf_reject.h>

void probe(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	nf_send_reset(net, sk, skb, 0);
}
