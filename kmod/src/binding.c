// SPDX-License-Identifier: GPL-2.0
/* A namespace's binding to a ruleset, with its counters. */
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "binding.h"
#include "netns.h"
#include "serial.h"

static void account_free(struct nsg_account *account)
{
	free_percpu(account->totals);
	kfree(account);
}

static struct nsg_account *account_build(const struct nsg_namespace *ns)
{
	struct nsg_account *account = kzalloc(sizeof(*account), GFP_KERNEL);

	if (!account)
		return NULL;
	account->totals = alloc_percpu(struct nsg_hook_totals);
	if (!account->totals) {
		kfree(account);
		return NULL;
	}
	account->epoch = nsg_next_serial();
	account->ns = ns;
	return account;
}

/* Room for the counts of one rule of `old`, if it is to go on. */
static bool reserve_rule(struct nsg_binding *binding, u64 id)
{
	u32 rule = nsg_ruleset_find(binding->ruleset, id);

	cond_resched();
	return rule == NSG_NO_RULE || nsg_counters_reserve(binding->counters, rule);
}

/* Room for all counts that `old` has by now: most rules are never hit, and what has no count takes none. */
static bool reserve(struct nsg_binding *binding, const struct nsg_binding *old)
{
	const struct nsg_counters *counters = old->counters;
	u32 i;

	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1))
		if (!reserve_rule(binding, old->ruleset->rule[i].id))
			return false;
	for (i = 0; i < old->retired->count; i++)
		if (!reserve_rule(binding, old->retired->rules[i].id))
			return false;
	return true;
}

struct nsg_binding *nsg_binding_build(const struct nsg_namespace *ns, struct nsg_ruleset *ruleset,
				      const struct nsg_binding *old)
{
	struct nsg_binding *binding = kzalloc(sizeof(*binding), GFP_KERNEL);

	if (!binding)
		return NULL;
	binding->ruleset = ruleset;
	binding->counters = nsg_counters_build(ruleset->rules);
	if (!binding->counters || (old && !reserve(binding, old)))
		goto no_counters;
	binding->retired = nsg_retired_build(old ? old->retired : NULL, old ? old->ruleset : NULL,
					     old ? old->counters : NULL, ruleset);
	if (!binding->retired)
		goto no_retired;
	binding->logs = nsg_logs_build(ruleset, old ? old->logs : NULL, old ? old->ruleset : NULL);
	if (!binding->logs)
		goto no_logs;
	binding->account = old ? old->account : account_build(ns);
	if (!binding->account)
		goto no_account;
	return binding;

no_account:
	nsg_kvfree(binding->logs);
no_logs:
	nsg_kvfree(binding->retired);
no_retired:
no_counters:
	nsg_counters_free(binding->counters);
	kfree(binding);
	return NULL;
}

void nsg_binding_free(struct nsg_binding *binding)
{
	nsg_kvfree(binding->logs);
	nsg_kvfree(binding->retired);
	nsg_counters_free(binding->counters);
	kfree(binding);
}

void nsg_binding_end(struct nsg_binding *binding)
{
	account_free(binding->account);
	nsg_binding_free(binding);
}

void nsg_binding_let_go(struct nsg_binding *binding)
{
	lockdep_assert_held(&nsg_lock);
	binding->ruleset->bindings--;
}

/* A rule that was hit first while the commit took over may find no memory: told as uncounted. */
static void inherit_rule(struct nsg_binding *binding, u64 id, const struct nsg_base *carry)
{
	u32 rule = nsg_ruleset_find(binding->ruleset, id);

	cond_resched();
	if (rule == NSG_NO_RULE || !memchr_inv(carry, 0, sizeof(*carry)))
		return;
	if (!nsg_counters_set_base(binding->counters, rule, carry))
		atomic64_add(carry->packets, &nsg_uncounted);
}

void nsg_binding_inherit(struct nsg_binding *binding, struct nsg_binding *old, u64 reading)
{
	const struct nsg_counters *counters = old->counters;
	struct nsg_base carry;
	u32 i;

	lockdep_assert_held(&nsg_lock);
	for (i = 0; i < old->retired->count; i++)
		inherit_rule(binding, old->retired->rules[i].id, &old->retired->rules[i].base);
	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1)) {
		carry = nsg_counters_carry(counters, &old->ruleset->rule[i], i, reading);
		inherit_rule(binding, old->ruleset->rule[i].id, &carry);
	}
	nsg_counters_trim(binding->counters);
	nsg_logs_inherit(binding->logs, binding->ruleset, old->logs, old->ruleset);
	binding->retired = nsg_retired_fill(binding->retired, old->retired, old->ruleset, old->counters,
					    binding->ruleset, reading);
}

u64 nsg_binding_memory(const struct nsg_binding *binding)
{
	return sizeof(*binding) + sizeof(*binding->account) +
	       num_possible_cpus() * sizeof(struct nsg_hook_totals) +
	       nsg_counters_memory(binding->counters) + nsg_logs_memory(binding->logs) +
	       nsg_retired_memory(binding->retired);
}

static void add_totals(struct nsgate_totals *sum, const struct nsgate_totals *part)
{
	sum->seen += READ_ONCE(part->seen);
	sum->accepted += READ_ONCE(part->accepted);
	sum->dropped += READ_ONCE(part->dropped);
	sum->rejected += READ_ONCE(part->rejected);
	sum->malformed += READ_ONCE(part->malformed);
	sum->shadow += READ_ONCE(part->shadow);
	sum->defaulted += READ_ONCE(part->defaulted);
}

static struct nsgate_totals hook_total(const struct nsg_account *account, u32 hook)
{
	struct nsgate_totals sum = { .accepted = 0 };
	int cpu;

	for_each_possible_cpu(cpu)
		add_totals(&sum, &per_cpu_ptr(account->totals, cpu)->hook[hook]);
	sum.seen = sum.accepted + sum.dropped + sum.rejected;
	return sum;
}

struct nsgate_totals nsg_account_total(const struct nsg_account *account)
{
	struct nsgate_totals sum = { .accepted = 0 }, part;
	u32 hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		part = hook_total(account, hook);
		add_totals(&sum, &part);
	}
	return sum;
}

void nsg_account_read(struct nsg_account *account, u64 reading)
{
	struct nsgate_totals now;
	u32 hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		now = hook_total(account, hook);
		if (!memcmp(&now, &account->seen[hook], sizeof(now)))
			continue;
		account->seen[hook] = now;
		account->changed = reading;
	}
}

bool nsg_binding_read(struct nsg_binding *binding, u64 reading)
{
	lockdep_assert_held(&nsg_lock);
	nsg_account_read(binding->account, reading);
	return nsg_counters_read(binding->counters, reading);
}
