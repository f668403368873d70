// SPDX-License-Identifier: GPL-2.0
/* What a ruleset does with a packet. */
#include "decision.h"

struct nsg_decision nsg_decide(const struct nsg_ruleset *ruleset, const struct nsg_key *key,
			       const struct nsg_tally *tally)
{
	return nsg_decide_inline(ruleset, key, tally, key->family == NSGATE_FAMILY_IPV6, false);
}
