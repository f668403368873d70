// SPDX-License-Identifier: GPL-2.0
/* no member named .owner */
#include <linux/module.h>
#include <linux/netfilter.h>

void probe(struct nf_hook_ops *ops)
{
	ops->owner = THIS_MODULE;
}
