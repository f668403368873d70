/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts of rules that left a binding's ruleset. If one comes back in the same epoch it goes on from there, because
 * within an epoch counters only rise. Under nsg_lock.
 */
#ifndef _NSG_RETIRED_H
#define _NSG_RETIRED_H

#include "counters.h"

/* So many are remembered in a binding; beyond, those that left earlier are forgotten. */
#define NSG_MAX_RETIRED	NSGATE_MAX_RULES

struct nsg_retired_rule {
	u64 id;
	struct nsg_base base;
};

struct nsg_retired {
	u32 capacity;
	u32 count;
	struct nsg_retired_rule rules[];	/* in no order */
};

/*
 * Room for what `earlier` remembers and for the rules of `from` that are not in `to` and, by its `counters`, may have
 * been hit; `earlier` is NULL where there is nothing of the kind. Returns NULL if there is no memory.
 */
struct nsg_retired *nsg_retired_build(const struct nsg_retired *earlier, const struct nsg_ruleset *from,
				      const struct nsg_counters *counters, const struct nsg_ruleset *to);

/*
 * Remembers the hit rules of `from` as of `reading`, and what `earlier` does, but for rules of `to`. Returns it in just
 * the memory that it takes; `retired` is freed for that. A rule that was first hit since nsg_retired_build(), and for
 * which there is no memory now, is uncounted.
 */
struct nsg_retired *nsg_retired_fill(struct nsg_retired *retired, const struct nsg_retired *earlier,
				     const struct nsg_ruleset *from, const struct nsg_counters *counters,
				     const struct nsg_ruleset *to, u64 reading);

/* What the wire says of a rule that is remembered. */
static inline struct nsgate_rule_counters nsg_retired_report(const struct nsg_retired_rule *rule)
{
	return (struct nsgate_rule_counters){
		.id = rule->id,
		.packets = rule->base.packets,
		.bytes = rule->base.bytes,
		.shadow_packets = rule->base.shadow_packets,
		.last_hit = rule->base.last_hit,
	};
}

static inline u64 nsg_retired_memory(const struct nsg_retired *retired)
{
	return sizeof(*retired) + (u64)retired->capacity * sizeof(*retired->rules);
}

#endif /* _NSG_RETIRED_H */
