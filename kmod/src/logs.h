/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The logs of one binding: a token bucket for each rule that samples packets, and one for the default verdicts. They go
 * on from ruleset to ruleset for rules whose id stays.
 */
#ifndef _NSG_LOGS_H
#define _NSG_LOGS_H

#include "bucket.h"
#include "ruleset.h"

/* Buckets are used by packets in an RCU read section; freed a grace period after the last could reach them. */
struct nsg_logs {
	u32 count;
	struct nsg_bucket bucket[];	/* by place in nsg_ruleset.log */
};

/*
 * Buckets for a ruleset; where `from` (may be NULL) logs as well, as empty as those in `earlier`. NULL if there is no
 * memory.
 */
struct nsg_logs *nsg_logs_build(const struct nsg_ruleset *ruleset, const struct nsg_logs *earlier,
				const struct nsg_ruleset *from);

/* Takes over what was suppressed and not told yet, when packets have left `earlier`. */
void nsg_logs_inherit(struct nsg_logs *logs, const struct nsg_ruleset *ruleset, const struct nsg_logs *earlier,
		      const struct nsg_ruleset *from);

static inline u64 nsg_logs_memory(const struct nsg_logs *logs)
{
	return sizeof(*logs) + (u64)logs->count * sizeof(*logs->bucket);
}

#endif /* _NSG_LOGS_H */
