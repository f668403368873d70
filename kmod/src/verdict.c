// SPDX-License-Identifier: GPL-2.0
/* What happens to a packet in a hook: it is read, decided on and counted, all on one CPU with bottom halves off. */
#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/smp.h>

#include "verdict.h"
#include "binding.h"
#include "borrowed.h"
#include "netns.h"
#include "packet.h"
#include "quarantine.h"
#include "reject.h"
#include "settings.h"

static struct nsg_decision decide_in(const struct nsg_binding *binding, const struct nsg_key *key, u32 bytes)
{
	struct nsg_tally tally = {
		.cells = binding->counters->cells[smp_processor_id()],
		.bytes = bytes,
		.now = get_jiffies_64(),
	};

	return nsg_decide(binding->ruleset, key, &tally);
}

/* Of two rulesets, one taking over from the other, the one that does not let the packet pass, if any. */
static const struct nsg_binding *stricter(const struct nsg_binding *binding, const struct nsg_binding *previous,
					  const struct nsg_key *key)
{
	if (nsg_decide(binding->ruleset, key, NULL).verdict != NSGATE_ACCEPT)
		return binding;
	if (nsg_decide(previous->ruleset, key, NULL).verdict != NSGATE_ACCEPT)
		return previous;
	return binding;
}

static unsigned int reject(const struct nsg_rule *rule, struct sk_buff *skb, const struct nsg_hook_state *state,
			   const struct nsg_key *key, struct nsgate_totals *totals)
{
	switch (nsg_reject(skb, state, key, rule->reject_with)) {
	case NSG_REJECTION_PASSED:
		totals->accepted++;
		return NF_ACCEPT;
	case NSG_REJECTION_SILENT:
		totals->dropped++;
		return NF_DROP;
	default:
		totals->rejected++;
		return NF_DROP;
	}
}

/* The setting's verdict for a malformed packet, if there is one; else 0. Counts the packet either way. */
static noinline u8 malformed_verdict(struct nsgate_totals *totals)
{
	totals->malformed++;
	return READ_ONCE(nsg_settings.malformed);
}

static unsigned int verdict(const struct nsg_binding *binding, struct sk_buff *skb, const struct nsg_hook_state *state)
{
	struct nsgate_totals *totals = &this_cpu_ptr(binding->account->totals)->hook[state->hook];
	const struct nsg_binding *previous = READ_ONCE(binding->previous);
	u8 needs = binding->ruleset->needs | (previous ? previous->ruleset->needs : 0);
	struct nsg_decision decision = { .rule = NSG_NO_RULE };
	struct nsg_key key;

	if (unlikely(nsg_packet_read(&key, skb, state)))
		decision.verdict = malformed_verdict(totals);
	if (needs & NSG_NEEDS_STATE)
		key.state = nsg_conntrack_state(skb);
	if (unlikely(previous))
		binding = stricter(binding, previous, &key);
	if (likely(!decision.verdict))
		decision = decide_in(binding, &key, nsg_packet_bytes(skb));
	if (unlikely(decision.marks & NSG_MARK_SHADOW))
		totals->shadow++;
	switch (decision.verdict) {
	case NSGATE_ACCEPT:
		totals->accepted++;
		return NF_ACCEPT;
	case NSGATE_REJECT:
		return reject(&binding->ruleset->rule[decision.rule], skb, state, &key, totals);
	default:
		totals->dropped++;
		return NF_DROP;
	}
}

unsigned int nsg_verdict(struct nsg_namespace *ns, struct sk_buff *skb, const struct nsg_hook_state *state)
{
	const struct nsg_binding *binding = rcu_dereference(ns->binding);
	unsigned int result = NF_ACCEPT;

	if (unlikely(!binding))
		return nsg_quarantine_verdict(ns);
	local_bh_disable();
	if (likely(!nsg_rejecting()))
		result = verdict(binding, skb, state);
	local_bh_enable();
	return result;
}
