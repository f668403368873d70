/* SPDX-License-Identifier: GPL-2.0 */
/* What a ruleset does with a packet: the walk over matching rules to the one that decides, and the counting. */
#ifndef _NSG_DECISION_H
#define _NSG_DECISION_H

#include "ledger.h"
#include "ruleset.h"
#include "search.h"

struct nsg_decision {
	u32 rule;		/* index of the rule that decides, NSG_NO_RULE for the default verdict */
	u8 verdict;		/* NSGATE_ACCEPT, NSGATE_DROP or NSGATE_REJECT */
	u8 marks;		/* NSG_MARK_*: of all rules that matched on the way, or of the default */
};

/* Where a decision's hits are counted, and as how much. */
struct nsg_tally {
	struct nsg_ledger *ledger;	/* of this CPU */
	u32 bytes;
	u64 now;
};

static __always_inline void nsg_count(const struct nsg_tally *tally, u32 rule)
{
	struct nsg_sheet *sheet = tally->ledger->sheets[rule / NSG_SHEET_RULES];
	struct nsg_cell *cell;

	if (unlikely(!sheet)) {
		sheet = nsg_ledger_begin_sheet(tally->ledger, rule / NSG_SHEET_RULES);
		if (!sheet)
			return;
	}
	cell = &sheet->cell[rule % NSG_SHEET_RULES];
	cell->packets++;
	cell->bytes += tally->bytes;
	cell->last_hit = tally->now;
}

/* Decides; counts every rule that matched on the way unless `tally` is NULL. */
struct nsg_decision nsg_decide(const struct nsg_ruleset *ruleset, const struct nsg_key *key,
			       const struct nsg_tally *tally);

/*
 * The decision, if it is only to accept or to drop by the first rule that matches or by default, and counts nothing;
 * else its verdict is 0. For a plain chain, and `ipv6` is whether that is the key's family.
 */
static __always_inline struct nsg_decision nsg_decide_plainly(const struct nsg_ruleset *ruleset,
							      const struct nsg_key *key, bool ipv6)
{
	struct nsg_search nsg_uninitialized search;
	u32 rule;

	nsg_search_first(&search, ruleset->matcher, key, ipv6, true);
	if (search.place == NSG_NO_PLACE)
		return (struct nsg_decision){ .rule = NSG_NO_RULE, .verdict = ruleset->default_plainly[key->hook] };
	rule = nsg_search_rule(&search);
	return (struct nsg_decision){ .rule = rule, .verdict = ruleset->rule[rule].plainly };
}

#endif /* _NSG_DECISION_H */
