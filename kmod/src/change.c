// SPDX-License-Identifier: GPL-2.0
/* What a commit does to one namespace's binding. */
#include <linux/rcupdate.h>

#include "change.h"
#include "ended.h"
#include "hooks.h"
#include "quarantine.h"
#include "refusal.h"
#include "sets.h"

static bool needs_tracking(const struct nsg_binding *binding)
{
	return binding && binding->ruleset->needs & NSG_NEEDS_STATE;
}

static bool needs_whole6(const struct nsg_binding *binding)
{
	return binding && binding->ruleset->needs & NSG_NEEDS_WHOLE6;
}

/* The namespace's account goes on through the change, or ends or begins with it. */
static void free_new(struct nsg_change *change)
{
	if (change->old)
		nsg_binding_free(change->new);
	else
		nsg_binding_end(change->new);
}

/* Takes off the hooks and the tracking that were added. Packets in those hooks see the old binding until they leave. */
static void remove_added(struct nsg_change *change)
{
	nsg_hooks_take_off(change->ns, change->added);
	if (change->wholes6)
		nsg_hooks_defragment6(change->ns, false);
	if (change->tracks)
		nsg_hooks_track(change->ns, false);
}

static int prepare_wholes(struct nsg_change *change, struct nsgate_refusal *refusal)
{
	int error;

	if (!needs_whole6(change->new) || change->ns->whole6)
		return 0;
	error = nsg_hooks_defragment6(change->ns, true);
	if (error)
		return nsg_refuse(refusal, error, NSGATE_FIELD_MATCH_KIND, refusal->offset,
				  "the kernel puts no fragments together in namespace %u: error %d", change->ns->inode,
				  error);
	change->wholes6 = true;
	return 0;
}

static int prepare_hooks(struct nsg_change *change, struct nsgate_refusal *refusal)
{
	int error = nsg_hooks_put_on(change->ns, change->new->ruleset->hooks, change->added);

	if (error)
		return nsg_refuse(refusal, error, NSGATE_FIELD_HOOK, refusal->offset,
				  "the kernel refused a hook in namespace %u: error %d", change->ns->inode, error);
	error = prepare_wholes(change, refusal);
	if (error)
		return error;
	if (!needs_tracking(change->new) || change->ns->tracks)
		return 0;
	error = nsg_hooks_track(change->ns, true);
	if (error)
		return nsg_refuse(refusal, error, NSGATE_FIELD_MATCH_KIND, refusal->offset,
				  "no connection tracking in namespace %u: error %d", change->ns->inode, error);
	change->tracks = true;
	return 0;
}

static int prepare_new(struct nsg_change *change, struct nsg_ruleset *ruleset, struct nsgate_refusal *refusal)
{
	int error;

	change->new = nsg_binding_build(change->ns, ruleset, change->old);
	if (!change->new)
		return nsg_refuse(refusal, -ENOMEM, NSGATE_FIELD_MEMORY, refusal->offset,
				  "no memory for the counters of %u rules", ruleset->rules);
	error = prepare_hooks(change, refusal);
	if (error) {
		remove_added(change);
		free_new(change);
	}
	return error;
}

int nsg_change_prepare(struct nsg_change *change, struct nsg_namespace *ns, struct nsg_ruleset *ruleset,
		       struct nsgate_refusal *refusal)
{
	int error = 0;

	*change = (struct nsg_change){ .ns = ns, .old = nsg_namespace_binding(ns) };
	if (ruleset)
		error = prepare_new(change, ruleset, refusal);
	if (error)
		return error;
	if (change->new)
		change->new->ruleset->bindings++;
	if (change->old)
		change->old->ruleset->bindings--;
	return 0;
}

void nsg_change_cancel(struct nsg_change *change)
{
	if (change->old)
		change->old->ruleset->bindings++;
	if (!change->new)
		return;
	change->new->ruleset->bindings--;
	remove_added(change);
	free_new(change);
}

void nsg_change_hold_sides(struct nsg_change *change, u8 side)
{
	if (change->new)
		change->new->side = NSG_SIDE_HELD | side;
	if (change->old)
		WRITE_ONCE(change->old->side, NSG_SIDE_HELD | (side ^ NSG_SIDE));
}

void nsg_change_publish(struct nsg_change *change)
{
	if (change->new)
		change->new->previous = change->old;
	rcu_assign_pointer(change->ns->binding, change->new);
}

void nsg_change_settle(struct nsg_change *change)
{
	static const u8 none[2];
	const u8 *need = change->new ? change->new->ruleset->hooks : none;
	u8 idle[2];

	if (change->new) {
		WRITE_ONCE(change->new->previous, NULL);
		nsg_quarantine_give_way(change->ns);
	}
	idle[0] = change->ns->hooks[0] & ~need[0];
	idle[1] = change->ns->hooks[1] & ~need[1];
	nsg_hooks_take_off(change->ns, idle);
}

void nsg_change_finish(struct nsg_change *change, u64 reading)
{
	if (change->new)
		WRITE_ONCE(change->new->side, 0);
	if (!needs_tracking(change->new))
		nsg_hooks_track(change->ns, false);
	if (!needs_whole6(change->new))
		nsg_hooks_defragment6(change->ns, false);
	if (!change->old)
		return;
	if (!change->new) {
		nsg_ended_keep(change->old, reading);
		nsg_binding_end(change->old);
		return;
	}
	nsg_binding_inherit(change->new, change->old, reading);
	nsg_binding_free(change->old);
}
