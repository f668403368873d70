/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to a packet in a hook. */
#ifndef _NSG_VERDICT_H
#define _NSG_VERDICT_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

struct nsg_namespace;

/* The netfilter verdict for a packet that is on a hook of `ns`; inside an RCU read section, as every hook is. */
unsigned int nsg_verdict(struct nsg_namespace *ns, struct sk_buff *skb, const struct nsg_hook_state *state);

#endif /* _NSG_VERDICT_H */
