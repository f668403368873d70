// SPDX-License-Identifier: GPL-2.0
/* Quarantine of new namespaces. */
#include "quarantine.h"
#include "hooks.h"

int nsg_quarantine_begin(struct nsg_namespace *ns)
{
	ns->quarantined = true;
	return nsg_hooks_put_all_on(ns);
}

unsigned int nsg_quarantine_verdict(struct nsg_namespace *ns)
{
	if (!READ_ONCE(ns->quarantined))
		return NF_ACCEPT;
	atomic64_inc(&ns->quarantine_dropped);
	return NF_DROP;
}

void nsg_quarantine_give_way(struct nsg_namespace *ns)
{
	lockdep_assert_held(&nsg_lock);
	WRITE_ONCE(ns->quarantined, false);
}

int nsg_release_check(const struct nsg_object *object, const struct nsg_request *request,
		      struct nsgate_refusal *refusal)
{
	struct nsg_namespace *ns;

	refusal->object = object->index;
	return nsg_namespace_expect(&ns, &object->release->inode, &object->release->birth, request, refusal);
}

static void release(struct nsg_namespace *ns)
{
	const u8 all[2] = { ns->hooks[0], ns->hooks[1] };

	nsg_quarantine_give_way(ns);
	nsg_hooks_take_off(ns, all);
}

bool nsg_releases_apply(const struct nsg_objects *releases)
{
	struct nsg_namespace *ns;
	bool changed = false;
	u32 i;

	for (i = 0; i < releases->count; i++) {
		cond_resched();
		ns = nsg_namespace_find(releases->at[i].release->inode);
		if (!ns->quarantined)
			continue;
		release(ns);
		changed = true;
	}
	return changed;
}
