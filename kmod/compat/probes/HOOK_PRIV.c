// SPDX-License-Identifier: GPL-2.0
/* size of array .probe. is negative */
#include <linux/netfilter.h>

static unsigned int function(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return (unsigned long)state->net & state->pf;
}

int probe[__builtin_types_compatible_p(typeof(function) *, typeof(((struct nf_hook_ops *)0)->hook)) ? 1 : -1];
