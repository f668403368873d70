// SPDX-License-Identifier: GPL-2.0
/* incompatible pointer type */
#include <linux/netfilter.h>

static unsigned int function(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return (unsigned long)state->net & state->pf;
}

struct nf_hook_ops probe = {
	.hook = function,
};
