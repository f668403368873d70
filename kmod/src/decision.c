// SPDX-License-Identifier: GPL-2.0
/* What a ruleset does with a packet. */
#include "decision.h"

static void count(const struct nsg_tally *tally, u32 rule)
{
	struct nsg_cell *cell = &tally->cells[rule];

	cell->packets++;
	cell->bytes += tally->bytes;
	cell->last_hit = tally->now;
}

static bool decides(const struct nsg_rule *rule)
{
	return rule->action != NSGATE_COUNT && !(rule->flags & NSGATE_RULE_SHADOW);
}

struct nsg_decision nsg_decide(const struct nsg_ruleset *ruleset, const struct nsg_key *key,
			       const struct nsg_tally *tally)
{
	struct nsg_search search;
	u8 marks = 0;
	u32 rule;

	for (rule = nsg_search_first(&search, ruleset->matcher, key); rule != NSG_NO_RULE;
	     rule = nsg_search_next(&search)) {
		if (tally)
			count(tally, rule);
		marks |= ruleset->rule[rule].flags;
		if (decides(&ruleset->rule[rule]))
			return (struct nsg_decision){ .rule = rule, .verdict = ruleset->rule[rule].action,
						      .marks = marks };
	}
	return (struct nsg_decision){ .rule = NSG_NO_RULE, .verdict = ruleset->default_verdict[key->hook],
				      .marks = marks };
}
