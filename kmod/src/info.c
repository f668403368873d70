// SPDX-License-Identifier: GPL-2.0
/* Answers INFO: what the module is, can do and holds. */
#include <linux/module.h>
#include <linux/mutex.h>

#include "binding.h"
#include "ended.h"
#include "generation.h"
#include "netns.h"
#include "registry.h"
#include "reply.h"
#include "sets.h"
#include "settings.h"

u64 nsg_generation;
u64 nsg_instance;

static void sum_memory(struct nsg_ruleset *ruleset, void *memory)
{
	*(u64 *)memory += ruleset->memory;
}

static void sum_set_memory(const struct nsg_set *set, void *memory)
{
	*(u64 *)memory += set->memory;
}

static void count_namespaces(struct nsgate_info *info)
{
	struct nsg_namespace *ns;

	nsg_for_each_namespace(ns) {
		const struct nsg_binding *binding = nsg_namespace_binding(ns);

		cond_resched();
		info->namespaces++;
		info->quarantined += ns->quarantined;
		if (!binding)
			continue;
		info->bindings++;
		info->memory += nsg_binding_memory(binding);
	}
}

static void fill_state(struct nsgate_info *info)
{
	mutex_lock(&nsg_lock);
	info->generation = nsg_generation;
	info->rulesets = nsg_registry_count();
	info->sets = nsg_sets_count();
	info->quarantine = nsg_settings.quarantine;
	info->malformed = nsg_settings.malformed;
	nsg_registry_visit(sum_memory, &info->memory);
	nsg_sets_visit(sum_set_memory, &info->memory);
	info->memory += nsg_ended_memory();
	count_namespaces(info);
	mutex_unlock(&nsg_lock);
}

int nsg_info(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct nsgate_info info = {
		.abi_min = NSGATE_ABI,
		.abi_max = NSGATE_ABI,
		.hooks = NSG_HOOKS,
		.match_kinds = NSG_MATCH_KINDS,
		.actions = NSG_ACTIONS,
		.rule_flags = NSG_RULE_FLAGS,
		.instance = nsg_instance,
	};
	int error = nsg_reply_begin(reply, request, sizeof(info), refusal);

	if (error)
		return error;
	snprintf(info.version, sizeof(info.version), "%s", THIS_MODULE->version);
	fill_state(&info);
	nsg_reply_add(reply, &info, sizeof(info));
	return 0;
}
