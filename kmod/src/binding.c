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

static struct nsg_account *account_build(void)
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
	return account;
}

struct nsg_binding *nsg_binding_build(struct nsg_ruleset *ruleset, struct nsg_account *account)
{
	struct nsg_binding *binding = kzalloc(sizeof(*binding), GFP_KERNEL);

	if (!binding)
		return NULL;
	binding->ruleset = ruleset;
	binding->counters = nsg_counters_build(ruleset->rules);
	if (!binding->counters)
		goto no_counters;
	binding->account = account ?: account_build();
	if (!binding->account)
		goto no_account;
	return binding;

no_account:
	nsg_counters_free(binding->counters);
no_counters:
	kfree(binding);
	return NULL;
}

void nsg_binding_free(struct nsg_binding *binding)
{
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

/* Both rulesets have their rules in order of id, so one pass over both finds those that stay. */
void nsg_binding_inherit(struct nsg_binding *binding, struct nsg_binding *old)
{
	const struct nsg_ruleset *from = old->ruleset, *to = binding->ruleset;
	u32 i = 0, j = 0;

	lockdep_assert_held(&nsg_lock);
	while (i < from->rules && j < to->rules) {
		const struct nsg_rule_index *before = &from->by_id[i], *after = &to->by_id[j];

		cond_resched();
		if (before->id < after->id) {
			i++;
		} else if (before->id > after->id) {
			j++;
		} else {
			binding->counters->base[after->rule] =
				nsg_counters_carry(old->counters, &from->rule[before->rule], before->rule);
			i++;
			j++;
		}
	}
}

static void add_totals(struct nsgate_totals *sum, const struct nsgate_totals *part)
{
	sum->accepted += READ_ONCE(part->accepted);
	sum->dropped += READ_ONCE(part->dropped);
	sum->rejected += READ_ONCE(part->rejected);
	sum->malformed += READ_ONCE(part->malformed);
}

static struct nsgate_totals hook_total(const struct nsg_account *account, u32 hook)
{
	struct nsgate_totals sum = { .accepted = 0 };
	int cpu;

	for_each_possible_cpu(cpu)
		add_totals(&sum, &per_cpu_ptr(account->totals, cpu)->hook[hook]);
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

static void account_read(struct nsg_account *account, u64 reading)
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

void nsg_binding_read(struct nsg_binding *binding, u64 reading)
{
	u32 rule;

	lockdep_assert_held(&nsg_lock);
	account_read(binding->account, reading);
	for (rule = 0; rule < binding->counters->rules; rule++) {
		nsg_counters_read(binding->counters, rule, reading);
		cond_resched();
	}
}
