// SPDX-License-Identifier: GPL-2.0
/* size of array .probe. is negative */
#include <linux/netfilter.h>

static unsigned int function(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct net_device *in,
			     const struct net_device *out, const struct nf_hook_state *state)
{
	return 0;
}

int probe[__builtin_types_compatible_p(typeof(function) *, typeof(((struct nf_hook_ops *)0)->hook)) ? 1 : -1];
