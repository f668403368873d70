/* SPDX-License-Identifier: GPL-2.0 */
/* What a ruleset does with a packet: the walk over matching rules to the one that decides, and the counting. */
#ifndef _NSG_DECISION_H
#define _NSG_DECISION_H

#include "ruleset.h"

/* What is to be done about a packet beyond its verdict: rare, so one byte tells whether there is anything. */
#define NSG_MARK_SHADOW		NSGATE_RULE_SHADOW	/* a shadow rule would have stopped it */

struct nsg_decision {
	u32 rule;		/* index of the rule that decides, NSG_NO_RULE for the default verdict */
	u8 verdict;		/* NSGATE_ACCEPT, NSGATE_DROP or NSGATE_REJECT */
	u8 marks;		/* NSG_MARK_*: of all rules that matched on the way */
};

/* One rule's counters on one CPU; written by that CPU alone, with bottom halves off. */
struct nsg_cell {
	u64 packets;
	u64 bytes;
	u64 last_hit;		/* in the caller's clock; 0 for never */
};

/* Where a decision's hits are counted, and as how much. */
struct nsg_tally {
	struct nsg_cell *cells;	/* by rule index */
	u32 bytes;
	u64 now;
};

/* Decides; counts every rule that matched on the way unless `tally` is NULL. */
struct nsg_decision nsg_decide(const struct nsg_ruleset *ruleset, const struct nsg_key *key,
			       const struct nsg_tally *tally);

#endif /* _NSG_DECISION_H */
