/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to a packet in a hook. */
#ifndef _NSG_VERDICT_H
#define _NSG_VERDICT_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

/*
 * The netfilter verdict for an IPv4 or an IPv6 packet that is on a hook of `namespace`, a struct nsg_namespace; inside
 * an RCU read section, as every hook is. From Linux 4.4 on they are hook functions themselves.
 */
unsigned int nsg_verdict4(void *namespace, struct sk_buff *skb, const struct nsg_hook_state *state);
unsigned int nsg_verdict6(void *namespace, struct sk_buff *skb, const struct nsg_hook_state *state);

#endif /* _NSG_VERDICT_H */
