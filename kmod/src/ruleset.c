// SPDX-License-Identifier: GPL-2.0
/* A ruleset as packets meet it: building it from a checked put. */
#include "ruleset.h"
#include "request.h"

static int compare_by_id(const void *a, const void *b)
{
	const struct nsg_rule_index *x = a, *y = b;

	if (!(x->rule % 16))
		cond_resched();		/* sort() itself does not */
	if (x->id == y->id)
		return 0;
	return x->id < y->id ? -1 : 1;
}

static bool looks_at_transport(u16 kind)
{
	return kind == NSGATE_MATCH_SPORT || kind == NSGATE_MATCH_DPORT || kind == NSGATE_MATCH_ICMP4 ||
	       kind == NSGATE_MATCH_ICMP6 || kind == NSGATE_MATCH_TCP_FLAGS;
}

/* What arrives for the host itself over IPv4 is whole on input in any case. */
static u8 wholes_of(const struct nsgate_rule *rule)
{
	u8 needs = 0;

	if (rule->families & NSGATE_FAMILY_IPV4 && rule->hook != NSGATE_HOOK_INPUT)
		needs |= NSG_NEEDS_WHOLE4;
	if (rule->families & NSGATE_FAMILY_IPV6)
		needs |= NSG_NEEDS_WHOLE6;
	return needs;
}

static u8 needs_of(const struct nsgate_rule *rule)
{
	const struct nsgate_match *match = nsg_rule_matches(rule);
	const struct nsgate_match *end = nsg_rule_end(rule);
	u8 needs = 0;

	if (rule->action == NSGATE_REJECT && !(rule->flags & NSGATE_RULE_SHADOW))
		needs |= NSG_NEEDS_REJECT;
	for (; match < end; match = nsg_match_next(match)) {
		if (match->kind == NSGATE_MATCH_STATE)
			needs |= NSG_NEEDS_STATE;
		if (nsg_match_names_sets(match))
			needs |= NSG_NEEDS_SETS;
		if (looks_at_transport(match->kind))
			needs |= wholes_of(rule);
	}
	return needs;
}

static u8 plainly(const struct nsgate_rule *rule)
{
	return (rule->action == NSGATE_ACCEPT || rule->action == NSGATE_DROP) && !rule->flags ? rule->action : 0;
}

static u32 count_logs(const struct nsgate_ruleset *from)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(from);
	u32 count = !!from->default_log_rate, i;

	for (i = 0; i < from->rules; i++, rule = nsg_rule_end(rule)) {
		count += !!(rule->flags & NSGATE_RULE_LOG);
		cond_resched();
	}
	return count;
}

/* Gives the rule a place among the logs. */
static u16 add_log(struct nsg_ruleset *ruleset, u32 rule, u16 rate, u16 burst)
{
	ruleset->log[ruleset->logs] = (struct nsg_log){ .rule = rule, .rate = rate, .burst = burst };
	return ruleset->logs++;
}

static void fill_default_log(struct nsg_ruleset *ruleset, const struct nsgate_ruleset *from)
{
	u32 hook;

	ruleset->default_log = NSG_NO_LOG;
	if (!from->default_log_rate)
		return;
	ruleset->default_log = add_log(ruleset, NSG_NO_RULE, from->default_log_rate, from->default_log_burst);
	for (hook = 0; hook < NSGATE_HOOKS; hook++)
		if (from->default_verdict[hook] == NSGATE_DROP)
			ruleset->default_marks[hook] = NSG_MARK_DEFAULT_LOG;
}

static void fill_default_plainly(struct nsg_ruleset *ruleset)
{
	u32 hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++)
		ruleset->default_plainly[hook] = ruleset->default_marks[hook] ? 0 : ruleset->default_verdict[hook];
}

static void fill_rules(struct nsg_ruleset *ruleset, const struct nsgate_ruleset *from)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(from);
	u32 i;

	for (i = 0; i < from->rules; i++, rule = nsg_rule_end(rule)) {
		ruleset->rule[i] = (struct nsg_rule){ .id = rule->id, .action = rule->action,
						      .flags = rule->flags, .reject_with = rule->reject_with,
						      .plainly = plainly(rule) };
		ruleset->by_id[i] = (struct nsg_rule_index){ .id = rule->id, .rule = i };
		if (rule->flags & NSGATE_RULE_LOG)
			ruleset->rule[i].log = add_log(ruleset, i, rule->log_rate, rule->log_burst);
		ruleset->needs |= needs_of(rule);
		if (rule->families & NSGATE_FAMILY_IPV4)
			ruleset->hooks[0] |= BIT(rule->hook);
		if (rule->families & NSGATE_FAMILY_IPV6)
			ruleset->hooks[1] |= BIT(rule->hook);
		cond_resched();
	}
	sort(ruleset->by_id, ruleset->rules, sizeof(*ruleset->by_id), compare_by_id, NULL);
}

static void fill_defaults(struct nsg_ruleset *ruleset, const struct nsgate_ruleset *from)
{
	u32 hook;

	memcpy(ruleset->default_verdict, from->default_verdict, sizeof(ruleset->default_verdict));
	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		if (from->default_verdict[hook] == NSGATE_ACCEPT)
			continue;
		ruleset->hooks[0] |= BIT(hook);
		ruleset->hooks[1] |= BIT(hook);
	}
}

struct nsg_ruleset *nsg_ruleset_build(const struct nsgate_ruleset *from, int *error)
{
	size_t bytes = sizeof(struct nsg_ruleset) + count_logs(from) * sizeof(struct nsg_log) +
		       from->rules * (sizeof(struct nsg_rule) + sizeof(struct nsg_rule_index));
	struct nsg_ruleset *ruleset = nsg_kvzalloc(bytes);

	*error = -ENOMEM;
	if (!ruleset)
		return NULL;
	ruleset->matcher = nsg_matcher_build(from, NSGATE_MAX_RULESET_MEMORY - bytes, error);
	if (!ruleset->matcher) {
		nsg_kvfree(ruleset);
		return NULL;
	}
	memcpy(ruleset->digest, from->digest, sizeof(ruleset->digest));
	ruleset->rules = from->rules;
	ruleset->rule = (struct nsg_rule *)(ruleset + 1);
	ruleset->by_id = (struct nsg_rule_index *)(ruleset->rule + from->rules);
	ruleset->log = (struct nsg_log *)(ruleset->by_id + from->rules);
	ruleset->memory = bytes + nsg_matcher_memory(ruleset->matcher);
	fill_defaults(ruleset, from);
	fill_rules(ruleset, from);
	fill_default_log(ruleset, from);
	fill_default_plainly(ruleset);
	return ruleset;
}

void nsg_ruleset_free(struct nsg_ruleset *ruleset)
{
	if (!ruleset)
		return;
	nsg_matcher_free(ruleset->matcher);
	nsg_kvfree(ruleset);
}

u32 nsg_ruleset_find(const struct nsg_ruleset *ruleset, u64 id)
{
	u32 low = 0, high = ruleset->rules;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (ruleset->by_id[middle].id == id)
			return ruleset->by_id[middle].rule;
		if (ruleset->by_id[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NSG_NO_RULE;
}
