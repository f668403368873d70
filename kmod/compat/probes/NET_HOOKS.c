// SPDX-License-Identifier: GPL-2.0
/* implicit declaration of function .nf_register_net_hooks */
#include <linux/netfilter.h>

int probe(struct net *net, const struct nf_hook_ops *ops)
{
	return nf_register_net_hooks(net, ops, 1);
}
