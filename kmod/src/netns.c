// SPDX-License-Identifier: GPL-2.0
/* The network namespaces of this machine, followed through the kernel's per-namespace init and exit. */
#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "netns.h"
#include "binding.h"
#include "ended.h"
#include "events.h"
#include "grace.h"
#include "hooks.h"
#include "quarantine.h"
#include "reading.h"
#include "refusal.h"
#include "serial.h"
#include "settings.h"

DEFINE_MUTEX(nsg_lock);	/* see netns.h */
LIST_HEAD(nsg_namespaces);

static DEFINE_HASHTABLE(by_inode, 12);

/* Held for each change of the list and the table; births take it without nsg_lock. */
static DEFINE_SPINLOCK(table_lock);

struct nsg_binding *nsg_namespace_binding(const struct nsg_namespace *ns)
{
	return rcu_dereference_protected(ns->binding, lockdep_is_held(&nsg_lock));
}

/* An inode is given out anew only after its last owner's exit, ours included, so there is at most one. */
struct nsg_namespace *nsg_namespace_find(u32 inode)
{
	struct nsg_namespace *ns;

	lockdep_assert_held(&nsg_lock);
	rcu_read_lock();
	hash_for_each_possible_rcu(by_inode, ns, by_inode, inode)
		if (ns->inode == inode)
			break;
	rcu_read_unlock();
	return ns;
}

int nsg_namespace_expect(struct nsg_namespace **ns, const __u32 *inode, const __u64 *birth,
			 const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	*ns = nsg_namespace_find(*inode);
	if (!*ns)
		return nsg_refuse(refusal, -ENOENT, NSGATE_FIELD_INODE, nsg_request_offset(request, inode),
				  "there is no network namespace with inode %u", *inode);
	if (*birth && *birth != (*ns)->birth)
		return nsg_refuse(refusal, -ESTALE, NSGATE_FIELD_BIRTH, nsg_request_offset(request, birth),
				  "namespace %u has birth id 0x%llx, not 0x%llx: it is another one", *inode,
				  (*ns)->birth, *birth);
	return 0;
}

struct nsg_namespace *nsg_namespace_of(const struct net *net)
{
	struct nsg_namespace *ns;

	hash_for_each_possible_rcu(by_inode, ns, by_inode, nsg_net_inode(net))
		if (net_eq(ns->net, net))
			return ns;
	return NULL;
}

/* Who is adding the namespaces that live already, through the same call that tells of births. */
static const struct task_struct *adding;

static bool is_birth(void)
{
	return READ_ONCE(adding) != current;
}

/* A namespace that nobody can see yet, in quarantine if it is born into one. NULL without memory or hooks. */
static struct nsg_namespace *namespace_build(struct net *net, int *error)
{
	struct nsg_namespace *ns = kzalloc(sizeof(*ns), NSG_GFP_TENANT);

	*error = -ENOMEM;
	if (!ns)
		return NULL;
	ns->net = net;
	ns->inode = nsg_net_inode(net);
	nsg_hooks_init(ns);
	*error = is_birth() && READ_ONCE(nsg_settings.quarantine) ? nsg_quarantine_begin(ns) : 0;
	if (!*error)
		return ns;
	kfree(ns);
	return NULL;
}

static int __net_init namespace_init(struct net *net)
{
	int error;
	struct nsg_namespace *ns = namespace_build(net, &error);

	if (!ns)
		return error;
	spin_lock(&table_lock);
	ns->birth = nsg_next_serial();
	list_add_tail_rcu(&ns->by_birth, &nsg_namespaces);
	hash_add_rcu(by_inode, &ns->by_inode, ns->inode);
	spin_unlock(&table_lock);
	if (is_birth())
		nsg_event_of_namespace(ns, NSGATE_EVENT_BORN);
	return 0;
}

static struct nsg_namespace *namespace_of_exiting(const struct net *net)
{
	struct nsg_namespace *ns;

	rcu_read_lock();
	ns = nsg_namespace_of(net);
	rcu_read_unlock();
	return ns;
}

/* Moves a namespace from the table to `gone`; packets may be in its hooks until a grace period has passed. */
static void namespace_leave(struct nsg_namespace *ns, struct list_head *gone)
{
	nsg_hooks_take_off(ns, ns->hooks);
	nsg_hooks_track(ns, false);
	nsg_hooks_defragment6(ns, false);
	spin_lock(&table_lock);
	list_move(&ns->by_birth, gone);
	hash_del_rcu(&ns->by_inode);
	spin_unlock(&table_lock);
	nsg_event_of_namespace(ns, NSGATE_EVENT_DIED);
}

/* No packet counts any more. The ruleset, which is held until here, says which rules the last counts are of. */
static void namespace_close_account(struct nsg_namespace *ns)
{
	struct nsg_binding *binding = nsg_namespace_binding(ns);

	if (!binding)
		return;
	nsg_ended_keep(binding, nsg_next_reading());
	nsg_binding_let_go(binding);
}

static void namespace_free(struct nsg_namespace *ns)
{
	struct nsg_binding *binding = rcu_dereference_protected(ns->binding, true);

	if (binding)
		nsg_binding_end(binding);
	kfree(ns);
}

/*
 * Runs after the namespaces' devices are gone, so nothing passes unfiltered between here and the end. A birth that
 * failed in another subsystem comes here as well. The lock is held over the grace period, so that nobody finds a
 * ruleset bound whose namespace is gone.
 */
static void __net_exit namespaces_exit(struct list_head *nets)
{
	struct nsg_namespace *ns, *next;
	struct net *net;
	LIST_HEAD(gone);

	mutex_lock(&nsg_lock);
	list_for_each_entry(net, nets, exit_list) {
		ns = namespace_of_exiting(net);
		if (ns)
			namespace_leave(ns, &gone);
		cond_resched();
	}
	nsg_grace_period();
	list_for_each_entry(ns, &gone, by_birth) {
		namespace_close_account(ns);
		cond_resched();
	}
	mutex_unlock(&nsg_lock);
	list_for_each_entry_safe(ns, next, &gone, by_birth) {
		namespace_free(ns);
		cond_resched();
	}
}

static struct pernet_operations namespace_ops = {
	.init = namespace_init,
	.exit_batch = namespaces_exit,
};

int nsg_namespaces_start(void)
{
	int error;

	WRITE_ONCE(adding, current);
	error = register_pernet_subsys(&namespace_ops);
	WRITE_ONCE(adding, NULL);
	return error;
}

void nsg_namespaces_stop(void)
{
	unregister_pernet_subsys(&namespace_ops);
}
