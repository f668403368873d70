/* SPDX-License-Identifier: GPL-2.0 */
/* A ruleset as packets meet it: read-only once built, shared by every binding that uses it. */
#ifndef _NSG_RULESET_H
#define _NSG_RULESET_H

#include "engine.h"

struct nsg_rule {
	u64 id;
	u8 action;		/* enum nsgate_action */
	u8 flags;		/* NSGATE_RULE_* */
	u8 reject_with;		/* enum nsgate_reject_with */
	u8 plainly;		/* the action if it is to accept or to drop and that is all, else 0 */
	u16 log;		/* place in nsg_ruleset.log, with NSGATE_RULE_LOG */
};

/* Something that samples packets into the event ring. */
struct nsg_log {
	u32 rule;		/* index, NSG_NO_RULE for the default verdicts */
	u16 rate;		/* as in nsgate_rule */
	u16 burst;
};

#define NSG_NO_LOG		0xffffffffU

/* What is to be done about a packet beyond its verdict: rare, so one byte tells whether there is anything. */
#define NSG_MARK_SHADOW		NSGATE_RULE_SHADOW	/* a shadow rule would have stopped it */
#define NSG_MARK_LOG		NSGATE_RULE_LOG		/* a rule that matched logs */
#define NSG_MARK_DEFAULT_LOG	4			/* the default verdict drops it, and logs */

/* A rule's place, by id. */
struct nsg_rule_index {
	u64 id;
	u32 rule;
};

/* What a ruleset needs of the kernel. */
#define NSG_NEEDS_STATE		1	/* connection tracking in the namespace */
#define NSG_NEEDS_REJECT	2
#define NSG_NEEDS_SETS		4	/* the side of the address sets in a packet's key */
#define NSG_NEEDS_WHOLE4	8	/* IPv4 packets whole, because fragments have no transport header */
#define NSG_NEEDS_WHOLE6	16

/*
 * The part above `held` never changes between build and free. A packet reaches a ruleset through its namespace's
 * binding, inside an RCU read section; it is freed a grace period after the last binding let go of it.
 */
struct nsg_ruleset {
	u8 digest[NSGATE_DIGEST_SIZE];
	u32 rules;
	u8 default_verdict[NSGATE_HOOKS];
	u8 default_marks[NSGATE_HOOKS];	/* NSG_MARK_* of what no rule decides */
	u8 default_plainly[NSGATE_HOOKS];	/* the default verdict if it has no marks, else 0 */
	u8 hooks[2];			/* that it needs: bit per enum nsgate_hook, for IPv4 [0] and IPv6 [1] */
	u8 needs;			/* NSG_NEEDS_* */
	u64 memory;			/* bytes, all told */
	struct nsg_matcher *matcher;
	struct nsg_rule *rule;		/* by index */
	struct nsg_rule_index *by_id;	/* in order of id */
	u32 logs;
	u32 default_log;		/* place in `log`, or NSG_NO_LOG */
	struct nsg_log *log;

	struct hlist_node held;		/* in the registry; this and what follows under nsg_lock */
	u32 bindings;			/* namespaces bound to it */
};

/*
 * Builds a checked ruleset, which need not be kept. It may sleep. NULL, and `*error` tells why: -ENOMEM if there is no
 * memory, -E2BIG if it would take more than NSGATE_MAX_RULESET_MEMORY.
 */
struct nsg_ruleset *nsg_ruleset_build(const struct nsgate_ruleset *from, int *error);

void nsg_ruleset_free(struct nsg_ruleset *ruleset);

/* The address sets that its rules name: to be linked before packets meet it. */
static inline struct nsg_set_refs *nsg_ruleset_sets(const struct nsg_ruleset *ruleset)
{
	return nsg_predicates_sets(ruleset->matcher->predicates);
}

/* The index of the rule with this id, or NSG_NO_RULE. */
u32 nsg_ruleset_find(const struct nsg_ruleset *ruleset, u64 id);

/*
 * Whether a packet that meets `old` on output and `new` on postrouting may get through though either alone would stop
 * it: it has missed what `new` does on output and what `old` does on postrouting.
 */
static inline bool nsg_rulesets_mix(const struct nsg_ruleset *old, const struct nsg_ruleset *new)
{
	u32 family;

	for (family = 0; family < 2; family++)
		if (new->hooks[family] & BIT(NSGATE_HOOK_OUTPUT) && old->hooks[family] & BIT(NSGATE_HOOK_POSTROUTING))
			return true;
	return false;
}

#endif /* _NSG_RULESET_H */
