// SPDX-License-Identifier: GPL-2.0
/* nf_reject.h: No such file|too many arguments */
#include <net/ip.h>
#include <net/netfilter/ipv4/nf_reject.h>

void probe(struct sk_buff *skb)
{
	nf_send_unreach(skb, 0, 0);
}
