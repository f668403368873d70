// SPDX-License-Identifier: GPL-2.0
/* Answers LIST: all namespaces in order of birth, all rulesets, all address sets in order of name. */
#include "binding.h"
#include "netns.h"
#include "generation.h"
#include "registry.h"
#include "reply.h"
#include "sets.h"

static u32 count_namespaces(void)
{
	struct nsg_namespace *ns;
	u32 count = 0;

	nsg_for_each_namespace(ns)
		count++;
	return count;
}

static struct nsgate_namespace describe(const struct nsg_namespace *ns)
{
	const struct nsg_binding *binding = nsg_namespace_binding(ns);
	struct nsgate_namespace entry = {
		.birth = ns->birth,
		.cookie = nsg_net_cookie(ns->net),
		.inode = ns->inode,
		.quarantine_dropped = atomic64_read(&ns->quarantine_dropped),
	};

	if (nsg_namespace_is_initial(ns))
		entry.flags |= NSGATE_NS_INITIAL;
	if (ns->quarantined)
		entry.flags |= NSGATE_NS_QUARANTINED;
	if (!binding)
		return entry;
	entry.flags |= NSGATE_NS_BOUND;
	entry.epoch = binding->account->epoch;
	entry.totals = nsg_account_total(binding->account);
	memcpy(entry.digest, binding->ruleset->digest, sizeof(entry.digest));
	return entry;
}

/* A namespace may be born while the list is made, but none vanishes: those after the first `most` wait. */
static void add_namespaces(struct nsg_reply *reply, u32 most)
{
	struct nsgate_namespace entry;
	struct nsg_namespace *ns;

	nsg_for_each_namespace(ns) {
		if (!most--)
			return;
		entry = describe(ns);
		nsg_reply_add(reply, &entry, sizeof(entry));
		cond_resched();
	}
}

static void add_ruleset(struct nsg_ruleset *ruleset, void *reply)
{
	struct nsgate_ruleset_info entry = {
		.memory = ruleset->memory,
		.rules = ruleset->rules,
		.bindings = ruleset->bindings,
	};

	memcpy(entry.digest, ruleset->digest, sizeof(entry.digest));
	nsg_reply_add(reply, &entry, sizeof(entry));
}

static void add_set(const struct nsg_set *set, void *reply)
{
	struct nsgate_set_info entry = {
		.name = set->name,
		.version = set->version,
		.memory = set->memory,
		.members4 = set->members[0],
		.members6 = set->members[1],
		.rulesets = set->rulesets,
	};

	nsg_reply_add(reply, &entry, sizeof(entry));
}

static int list(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct nsgate_listing head = {
		.generation = nsg_generation,
		.namespaces = count_namespaces(),
		.rulesets = nsg_registry_count(),
		.sets = nsg_sets_count(),
	};
	int error = nsg_reply_begin(reply, request, sizeof(head) +
				    (u64)head.namespaces * sizeof(struct nsgate_namespace) +
				    (u64)head.rulesets * sizeof(struct nsgate_ruleset_info) +
				    (u64)head.sets * sizeof(struct nsgate_set_info), refusal);

	if (error)
		return error;
	nsg_reply_add(reply, &head, sizeof(head));
	add_namespaces(reply, head.namespaces);
	nsg_registry_visit(add_ruleset, reply);
	nsg_sets_visit(add_set, reply);
	return 0;
}

int nsg_list(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	int error;

	mutex_lock(&nsg_lock);
	error = list(request, reply, refusal);
	mutex_unlock(&nsg_lock);
	return error;
}
