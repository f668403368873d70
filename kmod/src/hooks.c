// SPDX-License-Identifier: GPL-2.0
/* The netfilter hooks of one namespace. */
#include <linux/netfilter_ipv6.h>

#include "hooks.h"
#include "borrowed.h"

static const u8 families[2] = { NFPROTO_IPV4, NFPROTO_IPV6 };

void nsg_hooks_init(struct nsg_namespace *ns)
{
	u32 family, hook;

	BUILD_BUG_ON((int)NF_IP_PRI_CONNTRACK != (int)NF_IP6_PRI_CONNTRACK);
	for (family = 0; family < 2; family++)
		for (hook = 0; hook < NSGATE_HOOKS; hook++)
			nsg_hook_ops_init(&ns->ops[family][hook], families[family], hook, NSG_HOOK_PRIORITY, ns);
}

static int put_on(struct nsg_namespace *ns, u32 family, u8 hooks, u8 *added)
{
	u32 hook;
	int error;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		if (!(hooks & ~ns->hooks[family] & BIT(hook)))
			continue;
		error = nsg_hook_register(ns->net, &ns->ops[family][hook]);
		if (error)
			return error;
		ns->hooks[family] |= BIT(hook);
		*added |= BIT(hook);
	}
	return 0;
}

int nsg_hooks_put_on(struct nsg_namespace *ns, const u8 hooks[2], u8 added[2])
{
	lockdep_assert_held(&nsg_lock);
	return put_on(ns, 0, hooks[0], &added[0]) ?: put_on(ns, 1, hooks[1], &added[1]);
}

static void take_off(struct nsg_namespace *ns, const u8 hooks[2])
{
	u32 family, hook;
	u8 off;

	for (family = 0; family < 2; family++) {
		off = hooks[family];
		for (hook = 0; hook < NSGATE_HOOKS; hook++)
			if (off & BIT(hook))
				nsg_hook_unregister(ns->net, &ns->ops[family][hook]);
		ns->hooks[family] &= ~off;
	}
}

void nsg_hooks_take_off(struct nsg_namespace *ns, const u8 hooks[2])
{
	lockdep_assert_held(&nsg_lock);
	take_off(ns, hooks);
}

int nsg_hooks_put_all_on(struct nsg_namespace *ns)
{
	const u8 all = BIT(NSGATE_HOOKS) - 1;
	u8 added[2] = { 0, 0 };
	int error = put_on(ns, 0, all, &added[0]) ?: put_on(ns, 1, all, &added[1]);

	if (error)
		take_off(ns, added);
	return error;
}

int nsg_hooks_track(struct nsg_namespace *ns, bool track)
{
	int error = 0;

	lockdep_assert_held(&nsg_lock);
	if (track == ns->tracks)
		return 0;
	if (track)
		error = nsg_conntrack_get(ns->net);
	else
		nsg_conntrack_put(ns->net);
	if (!error)
		ns->tracks = track;
	return error;
}

int nsg_hooks_defragment6(struct nsg_namespace *ns, bool whole)
{
	int error = 0;

	lockdep_assert_held(&nsg_lock);
	if (whole == ns->whole6)
		return 0;
	if (whole)
		error = nsg_defrag6_get(ns->net);
	else
		nsg_defrag6_put(ns->net);
	if (!error)
		ns->whole6 = whole;
	return error;
}
