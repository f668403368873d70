/* SPDX-License-Identifier: GPL-2.0 */
/* Exact answer to whether one rule's matches hold for a packet. Every engine's candidates are settled by it. */
#ifndef _NSG_PREDICATE_H
#define _NSG_PREDICATE_H

#include "setref.h"

/* The compiled matches of rules of a ruleset. Read-only once built; freed by nsg_predicates_free(). */
struct nsg_predicates;

/*
 * Compiles those rules of a checked ruleset of which the bit in `rules` is set, by index, or all if that is NULL; the
 * others are not to be asked for. NULL, and budget->error is set, if memory does not suffice. The sets that the ruleset
 * names are yet to be linked.
 */
struct nsg_predicates *nsg_predicates_build(const struct nsgate_ruleset *ruleset, const u64 *rules,
					    struct nsg_budget *budget);

void nsg_predicates_free(struct nsg_predicates *predicates);

struct nsg_set_refs *nsg_predicates_sets(const struct nsg_predicates *predicates);

size_t nsg_predicates_memory(const struct nsg_predicates *predicates);

/*
 * Whether all matches of the rule at `rule` hold. Hook and family are the caller's business. A match on a part that
 * the packet lacks (ports of a later fragment, say) does not hold, negated or not.
 */
bool nsg_predicate_holds(const struct nsg_predicates *predicates, u32 rule, const struct nsg_key *key);

#endif /* _NSG_PREDICATE_H */
