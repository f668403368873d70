// SPDX-License-Identifier: GPL-2.0
/* incompatible pointer type */
#include <linux/netfilter.h>

static unsigned int function(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct net_device *in,
			     const struct net_device *out, int (*okfn)(struct sk_buff *))
{
	return 0;
}

struct nf_hook_ops probe = {
	.hook = function,
};
