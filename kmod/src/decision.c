// SPDX-License-Identifier: GPL-2.0
/* What a ruleset does with a packet. */
#include "decision.h"

static bool decides(const struct nsg_rule *rule)
{
	return rule->action != NSGATE_COUNT && !(rule->flags & NSGATE_RULE_SHADOW);
}

struct nsg_decision nsg_decide(const struct nsg_ruleset *ruleset, const struct nsg_key *key,
			       const struct nsg_tally *tally)
{
	bool ipv6 = key->family == NSGATE_FAMILY_IPV6;
	struct nsg_search search;
	u8 marks = 0;
	u32 rule;

	for (nsg_search_first(&search, ruleset->matcher, key, ipv6, false); search.place != NSG_NO_PLACE;
	     nsg_search_next(&search, ipv6, false)) {
		rule = nsg_search_rule(&search);
		if (tally)
			nsg_count(tally, rule);
		marks |= ruleset->rule[rule].flags;
		if (decides(&ruleset->rule[rule]))
			return (struct nsg_decision){ .rule = rule, .verdict = ruleset->rule[rule].action,
						      .marks = marks };
	}
	return (struct nsg_decision){ .rule = NSG_NO_RULE, .verdict = ruleset->default_verdict[key->hook],
				      .marks = marks | ruleset->default_marks[key->hook] };
}
