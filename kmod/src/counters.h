/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of one binding: what each CPU counts for its rules, and what came before and was last read. */
#ifndef _NSG_COUNTERS_H
#define _NSG_COUNTERS_H

#include "decision.h"

/* What is known of one rule's counters off the packet path. Under nsg_lock. */
struct nsg_base {
	u64 packets;		/* counted under rulesets before this one */
	u64 bytes;
	u64 shadow_packets;
	u64 seen_packets;	/* sums when last read, those of the base included */
	u64 seen_bytes;
	u64 seen_hit;		/* jiffies of the last hit seen; 0 for none in this ruleset's time */
	u64 last_hit;		/* the same or an earlier ruleset's, in milliseconds of CLOCK_BOOTTIME; 0 for never */
	u64 changed;		/* number of the reading that saw the last change; 0 for none yet */
};

/* Of the rules of one sheet. */
struct nsg_bases {
	struct nsg_base base[NSG_SHEET_RULES];
};

/* Freed a grace period after the last packet could reach a ledger. */
struct nsg_counters {
	u32 rules;
	struct nsg_bases **bases;	/* by rule / NSG_SHEET_RULES; NULL where nothing is known of any */
	struct nsg_ledger ledger[];	/* by possible CPU */
};

/* Counters at zero; NULL without memory. */
struct nsg_counters *nsg_counters_build(u32 rules);

void nsg_counters_free(struct nsg_counters *counters);

/* Makes room for a base for the rule, so that nsg_counters_set_base() cannot fail. False without memory. */
bool nsg_counters_reserve(struct nsg_counters *counters, u32 rule);

/* False without memory, where none was reserved. */
bool nsg_counters_set_base(struct nsg_counters *counters, u32 rule, const struct nsg_base *base);

/* Frees the reserved bases that are still zero. */
void nsg_counters_trim(struct nsg_counters *counters);

/* Bytes, all told. */
u64 nsg_counters_memory(const struct nsg_counters *counters);

/*
 * Reads what all CPUs counted into the bases' seen_*, and marks those that changed as changed in `reading`. False
 * without memory for a base: what was not read now will be the next time.
 */
bool nsg_counters_read(struct nsg_counters *counters, u64 reading);

/* The number of the last reading that found the rule changed; 0 for none. */
u64 nsg_counters_changed(const struct nsg_counters *counters, u32 rule);

/* What the wire says of a rule as it was last read. */
struct nsgate_rule_counters nsg_counters_report(const struct nsg_counters *counters, const struct nsg_rule *rule,
						u32 index);

/*
 * What the wire says of a rule by now, and in `*changed` the number of the reading that saw its last change: `reading`
 * if that is none before. Needs no memory, and leaves what was read as it is.
 */
struct nsgate_rule_counters nsg_counters_look(const struct nsg_counters *counters, const struct nsg_rule *rule,
					      u32 index, u64 reading, u64 *changed);

/* The first rule from `from` on that may have been hit; `rules` if there is none. */
u32 nsg_counters_next(const struct nsg_counters *counters, u32 from);

/* The base with which the rule goes on in another ruleset, all that was counted included, as of `reading`. */
struct nsg_base nsg_counters_carry(const struct nsg_counters *counters, const struct nsg_rule *rule, u32 index,
				   u64 reading);

#endif /* _NSG_COUNTERS_H */
