// SPDX-License-Identifier: GPL-2.0
/*
 * Answers STATS: counters that changed since a cursor. Nothing is kept per reader. Every rule knows the number of the
 * reading that last found it changed; a cursor is such a number, and what has a higher one comes back.
 */
#include <linux/lockdep.h>

#include "binding.h"
#include "ended.h"
#include "netns.h"
#include "reading.h"
#include "refusal.h"
#include "reply.h"
#include "serial.h"

static u64 first_reading;
static u64 last_reading;

/* Random, so that a cursor from before a reload is not taken for one of ours. */
void nsg_readings_start(void)
{
	first_reading = nsg_random_base();
	last_reading = first_reading;
}

u64 nsg_next_reading(void)
{
	lockdep_assert_held(&nsg_lock);
	return ++last_reading;
}

bool nsg_is_reading(u64 cursor)
{
	lockdep_assert_held(&nsg_lock);
	return cursor > first_reading && cursor <= last_reading;
}

/* What one request asks for: all, or what changed after a reading. */
struct since {
	bool all;
	u64 cursor;
};

static bool is_wanted(const struct since *since, u64 changed)
{
	return since->all || changed > since->cursor;
}

/* The next rule from `from` on that may be wanted. */
static u32 next_rule(const struct since *since, const struct nsg_counters *counters, u32 from)
{
	return since->all ? from : nsg_counters_next(counters, from);
}

static u32 wanted_rules(const struct nsg_binding *binding, const struct since *since)
{
	const struct nsg_counters *counters = binding->counters;
	u32 count = 0, i;

	if (since->all)
		return counters->rules + binding->retired->count;
	for (i = next_rule(since, counters, 0); i < counters->rules; i = next_rule(since, counters, i + 1))
		count += is_wanted(since, nsg_counters_changed(counters, i));
	for (i = 0; i < binding->retired->count; i++)
		count += is_wanted(since, binding->retired->rules[i].base.changed);
	return count;
}

static bool is_wanted_binding(const struct nsg_binding *binding, u32 rules, const struct since *since)
{
	return rules || is_wanted(since, binding->account->changed);
}

static int read_binding(const struct nsg_namespace *ns, struct nsg_binding *binding, u64 reading,
			struct nsgate_refusal *refusal)
{
	if (nsg_binding_read(binding, reading))
		return 0;
	return nsg_refuse(refusal, -ENOMEM, NSGATE_FIELD_MEMORY, 0, "no memory to read the counters of namespace %u",
			  ns->inode);
}

/* Reads every binding, and tells how much of it is wanted. Returns 0, or a negative errno and the reason. */
static int read_bindings(const struct since *since, u32 *bindings, u64 *bytes, struct nsgate_refusal *refusal)
{
	u64 reading = nsg_next_reading();
	struct nsg_namespace *ns;
	int error;

	nsg_for_each_namespace(ns) {
		struct nsg_binding *binding = nsg_namespace_binding(ns);
		u32 rules;

		if (!binding)
			continue;
		error = read_binding(ns, binding, reading, refusal);
		if (error)
			return error;
		rules = wanted_rules(binding, since);
		if (!is_wanted_binding(binding, rules, since))
			continue;
		*bytes += sizeof(struct nsgate_binding_stats) + (u64)rules * sizeof(struct nsgate_rule_counters);
		++*bindings;
	}
	return 0;
}

static void add_rules(struct nsg_reply *reply, const struct nsg_binding *binding, const struct since *since)
{
	const struct nsg_counters *counters = binding->counters;
	u32 rule, first = next_rule(since, counters, 0);
	struct nsgate_rule_counters report;

	for (rule = first; rule < counters->rules; rule = next_rule(since, counters, rule + 1)) {
		if (!is_wanted(since, nsg_counters_changed(counters, rule)))
			continue;
		report = nsg_counters_report(counters, &binding->ruleset->rule[rule], rule);
		nsg_reply_add(reply, &report, sizeof(report));
		cond_resched();
	}
}

static void add_retired(struct nsg_reply *reply, const struct nsg_retired *retired, const struct since *since)
{
	struct nsgate_rule_counters report;
	u32 i;

	for (i = 0; i < retired->count; i++) {
		if (!is_wanted(since, retired->rules[i].base.changed))
			continue;
		report = nsg_retired_report(&retired->rules[i]);
		nsg_reply_add(reply, &report, sizeof(report));
		cond_resched();
	}
}

static void add_binding(struct nsg_reply *reply, const struct nsg_namespace *ns, const struct since *since)
{
	const struct nsg_binding *binding = nsg_namespace_binding(ns);
	struct nsgate_binding_stats stats;

	if (!binding)
		return;
	stats = (struct nsgate_binding_stats){
		.birth = ns->birth,
		.epoch = binding->account->epoch,
		.inode = ns->inode,
		.rules = wanted_rules(binding, since),
	};
	if (!is_wanted_binding(binding, stats.rules, since))
		return;
	memcpy(stats.hooks, binding->account->seen, sizeof(stats.hooks));
	nsg_reply_add(reply, &stats, sizeof(stats));
	add_rules(reply, binding, since);
	add_retired(reply, binding->retired, since);
}

static int stats(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct since since = { .cursor = request->stats->cursor };
	struct nsgate_stats head = { .bindings = 0 };
	struct nsg_namespace *ns;
	u64 bytes = 0;
	int error;

	since.all = !nsg_is_reading(since.cursor);
	if (!since.all)
		nsg_ended_acknowledge(since.cursor);
	error = read_bindings(&since, &head.bindings, &bytes, refusal) ?:
		nsg_reply_begin(reply, request, sizeof(head) + bytes + nsg_ended_bytes(), refusal);
	if (error)
		return error;
	head.cursor = last_reading;
	head.bindings += nsg_ended_count();
	head.lost = nsg_ended_lost();
	nsg_reply_add(reply, &head, sizeof(head));
	nsg_for_each_namespace(ns) {
		add_binding(reply, ns, &since);
		cond_resched();
	}
	nsg_ended_report(reply);
	return 0;
}

int nsg_stats(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	int error;

	mutex_lock(&nsg_lock);
	error = stats(request, reply, refusal);
	mutex_unlock(&nsg_lock);
	return error;
}
