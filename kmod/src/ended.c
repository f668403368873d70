// SPDX-License-Identifier: GPL-2.0
/* The last counts of bindings that ended. */
#include <linux/lockdep.h>

#include "ended.h"
#include "netns.h"

static LIST_HEAD(held);		/* the oldest first */
static u32 held_count;
static u64 held_bytes;		/* in a reply */
static u32 lost;
static u64 acknowledged;	/* the highest cursor that a reader came with */

static size_t bytes_of(u32 rules)
{
	return sizeof(struct nsgate_binding_stats) + rules * sizeof(struct nsgate_rule_counters);
}

static void forget(struct nsg_ended *ended)
{
	list_del(&ended->in_order);
	held_count--;
	held_bytes -= bytes_of(ended->stats.rules);
	nsg_kvfree(ended);
}

/* The unread rules of a binding: counted, and gathered in `rules` unless that is NULL. */
struct unread {
	struct nsgate_rule_counters *rules;
	u32 count;
	u64 changed;		/* number of the reading that saw the last change of any */
};

static void add(struct unread *unread, struct nsgate_rule_counters report, u64 changed)
{
	if (changed <= acknowledged)
		return;
	if (unread->rules)
		unread->rules[unread->count] = report;
	unread->count++;
	unread->changed = max(unread->changed, changed);
}

static void gather(struct unread *unread, const struct nsg_binding *binding, u64 reading)
{
	const struct nsg_counters *counters = binding->counters;
	const struct nsg_retired *retired = binding->retired;
	struct nsgate_rule_counters report;
	u64 changed;
	u32 i;

	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1)) {
		report = nsg_counters_look(counters, &binding->ruleset->rule[i], i, reading, &changed);
		add(unread, report, changed);
		cond_resched();
	}
	for (i = 0; i < retired->count; i++) {
		add(unread, nsg_retired_report(&retired->rules[i]), retired->rules[i].base.changed);
		cond_resched();
	}
}

static struct nsg_ended *build(const struct nsg_binding *binding, u64 reading, const struct unread *unread)
{
	const struct nsg_account *account = binding->account;
	struct nsg_ended *ended = nsg_kvzalloc(offsetof(struct nsg_ended, stats) + bytes_of(unread->count));
	struct unread again = { .count = 0 };

	if (!ended)
		return NULL;
	ended->changed = max(unread->changed, account->changed);
	ended->stats = (struct nsgate_binding_stats){
		.birth = account->ns->birth,
		.epoch = account->epoch,
		.inode = account->ns->inode,
		.rules = unread->count,
		.flags = NSGATE_STATS_ENDED,
	};
	memcpy(ended->stats.hooks, account->seen, sizeof(account->seen));
	again.rules = ended->rules;
	gather(&again, binding, reading);
	return ended;
}

static void let_oldest_go(void)
{
	while (held_count > NSGATE_MAX_ENDED || held_bytes > NSGATE_MAX_ENDED_BYTES) {
		forget(list_first_entry(&held, struct nsg_ended, in_order));
		lost++;
	}
}

void nsg_ended_keep(struct nsg_binding *binding, u64 reading)
{
	struct unread unread = { .count = 0 };
	struct nsg_ended *ended;

	lockdep_assert_held(&nsg_lock);
	nsg_account_read(binding->account, reading);
	gather(&unread, binding, reading);
	if (max(unread.changed, binding->account->changed) <= acknowledged)
		return;
	ended = build(binding, reading, &unread);
	if (!ended) {
		lost++;
		return;
	}
	list_add_tail(&ended->in_order, &held);
	held_count++;
	held_bytes += bytes_of(unread.count);
	let_oldest_go();
}

void nsg_ended_acknowledge(u64 cursor)
{
	struct nsg_ended *ended, *next;

	lockdep_assert_held(&nsg_lock);
	acknowledged = max(acknowledged, cursor);
	list_for_each_entry_safe(ended, next, &held, in_order)
		if (ended->changed <= acknowledged)
			forget(ended);
}

u32 nsg_ended_count(void)
{
	lockdep_assert_held(&nsg_lock);
	return held_count;
}

u64 nsg_ended_bytes(void)
{
	lockdep_assert_held(&nsg_lock);
	return held_bytes;
}

u32 nsg_ended_lost(void)
{
	lockdep_assert_held(&nsg_lock);
	return lost;
}

u64 nsg_ended_memory(void)
{
	lockdep_assert_held(&nsg_lock);
	return held_bytes + (u64)held_count * offsetof(struct nsg_ended, stats);
}

void nsg_ended_report(struct nsg_reply *reply)
{
	const struct nsg_ended *ended;

	lockdep_assert_held(&nsg_lock);
	list_for_each_entry(ended, &held, in_order) {
		nsg_reply_add(reply, &ended->stats, bytes_of(ended->stats.rules));
		cond_resched();
	}
}

void nsg_ended_clear(void)
{
	struct nsg_ended *ended, *next;

	list_for_each_entry_safe(ended, next, &held, in_order)
		forget(ended);
}
