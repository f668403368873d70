// SPDX-License-Identifier: GPL-2.0
/* The logs of one binding. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>

#include "logs.h"

/* The bucket in `earlier` of what `log` of `ruleset` samples for; NULL if `from` does not log that. */
static const struct nsg_bucket *earlier_bucket(const struct nsg_ruleset *ruleset, u32 log,
					       const struct nsg_logs *earlier, const struct nsg_ruleset *from)
{
	u32 rule = ruleset->log[log].rule;

	if (rule == NSG_NO_RULE)
		return from->default_log == NSG_NO_LOG ? NULL : &earlier->bucket[from->default_log];
	rule = nsg_ruleset_find(from, ruleset->rule[rule].id);
	if (rule == NSG_NO_RULE || !(from->rule[rule].flags & NSGATE_RULE_LOG))
		return NULL;
	return &earlier->bucket[from->rule[rule].log];
}

struct nsg_logs *nsg_logs_build(const struct nsg_ruleset *ruleset, const struct nsg_logs *earlier,
				const struct nsg_ruleset *from)
{
	struct nsg_logs *logs = nsg_kvzalloc(sizeof(*logs) + ruleset->logs * sizeof(*logs->bucket));
	const struct nsg_bucket *old;
	u32 i;

	if (!logs)
		return NULL;
	logs->count = ruleset->logs;
	for (i = 0; i < logs->count; i++) {
		nsg_bucket_init(&logs->bucket[i], ruleset->log[i].rate, ruleset->log[i].burst);
		old = from ? earlier_bucket(ruleset, i, earlier, from) : NULL;
		if (old)
			nsg_bucket_follow(&logs->bucket[i], old, ktime_to_ns(ktime_get_boottime()));
		cond_resched();
	}
	return logs;
}

void nsg_logs_inherit(struct nsg_logs *logs, const struct nsg_ruleset *ruleset, const struct nsg_logs *earlier,
		      const struct nsg_ruleset *from)
{
	const struct nsg_bucket *old;
	u32 i;

	for (i = 0; i < logs->count; i++) {
		old = earlier_bucket(ruleset, i, earlier, from);
		if (old)
			nsg_bucket_inherit(&logs->bucket[i], old);
		cond_resched();
	}
}
