// SPDX-License-Identifier: GPL-2.0
/* Registering hooks, and the prototypes that a hook function has had. */
#include <linux/rcupdate.h>

#include "../src/netns.h"
#include "../src/verdict.h"

#if defined(HAVE_HOOK_PRIV) && defined(HAVE_NET_HOOKS)	/* 4.4: a hook has an argument and a namespace */

void nsg_hook_ops_init(struct nf_hook_ops *ops, u8 pf, unsigned int hook, int priority, struct nsg_namespace *ns)
{
	memset(ops, 0, sizeof(*ops));
	ops->hook = pf == NFPROTO_IPV4 ? nsg_verdict4 : nsg_verdict6;
	ops->pf = pf;
	ops->hooknum = hook;
	ops->priority = priority;
	ops->priv = ns;
}

int nsg_hook_register(struct net *net, struct nf_hook_ops *ops)
{
	return nf_register_net_hooks(net, ops, 1);
}

void nsg_hook_unregister(struct net *net, struct nf_hook_ops *ops)
{
	nf_unregister_net_hooks(net, ops, 1);
}

int nsg_global_hooks_start(int priority)
{
	return 0;
}

void nsg_global_hooks_stop(void)
{
}

#else /* hooks for all namespaces at once: a namespace's own operations say by their function whether they are on */

static bool is_on(const struct nsg_namespace *ns, const struct nsg_hook_state *state)
{
	return READ_ONCE(ns->ops[state->pf == NFPROTO_IPV6][state->hook].hook);
}

static unsigned int verdict_of(struct sk_buff *skb, struct nsg_hook_state *state)
{
	struct nsg_namespace *ns;

	state->net = dev_net(state->in ? state->in : state->out);
	ns = nsg_namespace_of(state->net);
	if (!ns || !is_on(ns, state))
		return NF_ACCEPT;
	return state->pf == NFPROTO_IPV4 ? nsg_verdict4(ns, skb, state) : nsg_verdict6(ns, skb, state);
}

#if defined(HAVE_HOOK_OPS_STATE)	/* 4.1 */
static unsigned int hook_function(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct nf_hook_state *given)
{
	struct nsg_hook_state state = { .hook = ops->hooknum, .pf = ops->pf, .in = given->in, .out = given->out,
					.sk = given->sk };

	return verdict_of(skb, &state);
}
#elif defined(HAVE_HOOK_OPS_DEVICES_STATE)	/* RHEL 7.2 */
static unsigned int hook_function(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct net_device *in,
				  const struct net_device *out, const struct nf_hook_state *given)
{
	struct nsg_hook_state state = { .hook = ops->hooknum, .pf = ops->pf, .in = in, .out = out };

	return verdict_of(skb, &state);
}
#elif defined(HAVE_HOOK_OPS_OKFN)	/* 3.13 */
static unsigned int hook_function(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct net_device *in,
				  const struct net_device *out, int (*okfn)(struct sk_buff *))
{
	struct nsg_hook_state state = { .hook = ops->hooknum, .pf = ops->pf, .in = in, .out = out };

	return verdict_of(skb, &state);
}
#else
#define HOOK_FUNCTION_PER_FAMILY	/* the function is told the hook alone */

static unsigned int hook_function4(unsigned int hook, struct sk_buff *skb, const struct net_device *in,
				   const struct net_device *out, int (*okfn)(struct sk_buff *))
{
	struct nsg_hook_state state = { .hook = hook, .pf = NFPROTO_IPV4, .in = in, .out = out };

	return verdict_of(skb, &state);
}

static unsigned int hook_function6(unsigned int hook, struct sk_buff *skb, const struct net_device *in,
				   const struct net_device *out, int (*okfn)(struct sk_buff *))
{
	struct nsg_hook_state state = { .hook = hook, .pf = NFPROTO_IPV6, .in = in, .out = out };

	return verdict_of(skb, &state);
}
#endif

static struct nf_hook_ops global_hooks[2 * NSGATE_HOOKS];

static nf_hookfn *function_for(u8 pf)
{
#ifdef HOOK_FUNCTION_PER_FAMILY
	return pf == NFPROTO_IPV4 ? hook_function4 : hook_function6;
#else
	return hook_function;
#endif
}

static void init_hook(struct nf_hook_ops *ops, u8 pf, unsigned int hook, int priority)
{
	ops->hook = function_for(pf);
#ifdef HAVE_HOOK_OPS_OWNER
	ops->owner = THIS_MODULE;
#endif
	ops->pf = pf;
	ops->hooknum = hook;
	ops->priority = priority;
}

void nsg_hook_ops_init(struct nf_hook_ops *ops, u8 pf, unsigned int hook, int priority, struct nsg_namespace *ns)
{
	memset(ops, 0, sizeof(*ops));
	ops->pf = pf;
}

int nsg_hook_register(struct net *net, struct nf_hook_ops *ops)
{
	WRITE_ONCE(ops->hook, function_for(ops->pf));
	return 0;
}

void nsg_hook_unregister(struct net *net, struct nf_hook_ops *ops)
{
	WRITE_ONCE(ops->hook, NULL);
}

int nsg_global_hooks_start(int priority)
{
	unsigned int hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		init_hook(&global_hooks[hook], NFPROTO_IPV4, hook, priority);
		init_hook(&global_hooks[NSGATE_HOOKS + hook], NFPROTO_IPV6, hook, priority);
	}
	return nf_register_hooks(global_hooks, ARRAY_SIZE(global_hooks));
}

void nsg_global_hooks_stop(void)
{
	nf_unregister_hooks(global_hooks, ARRAY_SIZE(global_hooks));
}

#endif
