/* SPDX-License-Identifier: GPL-2.0 */
/* The network namespaces of this machine: every one that lives, by inode and in order of birth. */
#ifndef _NSG_NETNS_H
#define _NSG_NETNS_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <net/net_namespace.h>

#include "request.h"

struct nsg_binding;

/*
 * One namespace, from its birth to the end of its exit. `net` is valid as long as this is in the table: the namespace's
 * memory goes only after our exit has run. Freed a grace period after it left the table and its hooks were taken off,
 * because hooks carry it as their argument.
 */
struct nsg_namespace {
	struct nsg_binding __rcu *binding;	/* NULL if not bound; written under nsg_lock */
	struct net *net;
	u64 birth;
	u32 inode;
	u8 hooks[2];				/* registered, as in nsg_ruleset.hooks; under nsg_lock */
	bool tracks;				/* connection tracking is held for it; under nsg_lock */
	bool whole6;				/* IPv6 fragments are put together; under nsg_lock */
	bool quarantined;			/* never if bound; written at birth and under nsg_lock */
	atomic64_t quarantine_dropped;		/* packets; by packets */
	struct hlist_node by_inode;
	struct list_head by_birth;
	struct nf_hook_ops ops[2][NSGATE_HOOKS];
};

/*
 * Serialises commits, the readers of state, and the exit of namespaces. Births do not take it: a namespace may be added
 * to the table at any time, and only a holder of nsg_lock sees none vanish.
 */
extern struct mutex nsg_lock;

extern struct list_head nsg_namespaces;

/* All namespaces in order of birth; under nsg_lock. */
#define nsg_for_each_namespace(ns)	nsg_list_for_each_rcu(ns, &nsg_namespaces, by_birth, &nsg_lock)

/* The living namespace with this inode, or NULL; under nsg_lock. */
struct nsg_namespace *nsg_namespace_find(u32 inode);

/*
 * The living namespace that a request names, in `*ns`. Refuses with ENOENT if there is none, with ESTALE if it has
 * another birth id than the one expected (0 for any). Both fields lie in the request. Under nsg_lock.
 */
int nsg_namespace_expect(struct nsg_namespace **ns, const __u32 *inode, const __u64 *birth,
			 const struct nsg_request *request, struct nsgate_refusal *refusal);

/* The entry of a namespace that a packet is in, or NULL; in an RCU read section. */
struct nsg_namespace *nsg_namespace_of(const struct net *net);

static inline bool nsg_namespace_is_initial(const struct nsg_namespace *ns)
{
	return net_eq(ns->net, &init_net);
}

struct nsg_binding *nsg_namespace_binding(const struct nsg_namespace *ns);

/* Starts and ends following births and deaths; the start adds those that live already, which were not born just now. */
int nsg_namespaces_start(void);
void nsg_namespaces_stop(void);

#endif /* _NSG_NETNS_H */
