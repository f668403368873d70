// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zero point of the packet benchmark: drops every packet of one network
 * namespace in PREROUTING, after all other hooks, at the least cost a hook
 * can have. What a packet costs above this is what a firewall before it costs.
 */
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/net_namespace.h>

static unsigned int inode;
module_param(inode, uint, 0444);
MODULE_PARM_DESC(inode, "inode of the network namespace whose packets are dropped");

static unsigned int drop(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_DROP;
}

static const struct nf_hook_ops hooks[] = {
	{ .hook = drop, .pf = NFPROTO_IPV4, .hooknum = NF_INET_PRE_ROUTING, .priority = INT_MAX },
	{ .hook = drop, .pf = NFPROTO_IPV6, .hooknum = NF_INET_PRE_ROUTING, .priority = INT_MAX },
};

static int __net_init bare_hook_net_init(struct net *net)
{
	if (net->ns.inum != inode)
		return 0;
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static void __net_exit bare_hook_net_exit(struct net *net)
{
	if (net->ns.inum == inode)
		nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static struct pernet_operations bare_hook_net_ops = {
	.init = bare_hook_net_init,
	.exit = bare_hook_net_exit,
};

static int __init bare_hook_init(void)
{
	return register_pernet_subsys(&bare_hook_net_ops);
}

static void __exit bare_hook_exit(void)
{
	unregister_pernet_subsys(&bare_hook_net_ops);
}

module_init(bare_hook_init);
module_exit(bare_hook_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Drops all packets of one network namespace, for benchmarks");
