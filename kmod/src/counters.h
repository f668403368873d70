/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of one binding: for each rule of its ruleset per CPU, and what came before and was last read. */
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

/*
 * Cells are written by packets, each CPU's by that CPU alone with bottom halves off, inside an RCU read section; freed
 * a grace period after the last packet could reach them.
 */
struct nsg_counters {
	u32 rules;
	u64 memory;		/* bytes, all told */
	struct nsg_base *base;	/* by rule index */
	struct nsg_cell *cells[];	/* by possible CPU, then by rule index */
};

struct nsg_counters *nsg_counters_build(u32 rules);

void nsg_counters_free(struct nsg_counters *counters);

/* Reads rule `rule` of all CPUs into its base's seen_*, and marks the base as changed in `reading` if it has. */
void nsg_counters_read(struct nsg_counters *counters, u32 rule, u64 reading);

/* What the wire says of a rule that was just read. */
struct nsgate_rule_counters nsg_counters_report(const struct nsg_counters *counters, const struct nsg_rule *rule,
						u32 index);

/* The base with which the rule goes on in another ruleset, after a last read. */
struct nsg_base nsg_counters_carry(const struct nsg_counters *counters, const struct nsg_rule *rule, u32 index);

#endif /* _NSG_COUNTERS_H */
