// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a packet in a hook: it is read, decided on and counted, all on one CPU with bottom halves off. The
 * way of most packets is one function for each family, compiled so that nothing of theirs leaves the registers.
 */
#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#include "../compat/defrag.h"
#include "verdict.h"
#include "binding.h"
#include "borrowed.h"
#include "netns.h"
#include "packet.h"
#include "quarantine.h"
#include "reject.h"
#include "remark.h"
#include "sets.h"
#include "settings.h"

static __always_inline struct nsg_tally tally_of(const struct nsg_binding *binding, const struct sk_buff *skb)
{
	return (struct nsg_tally){
		.ledger = &binding->counters->ledger[smp_processor_id()],
		.bytes = nsg_packet_bytes(skb),
		.now = get_jiffies_64(),
	};
}

static struct nsg_decision decide_in(const struct nsg_binding *binding, const struct nsg_key *key,
				     const struct sk_buff *skb)
{
	const struct nsg_tally tally = tally_of(binding, skb);

	return nsg_decide(binding->ruleset, key, &tally);
}

/* The side of the address sets that a binding looks at: of both that may be shown, the new one. */
static u8 side_of(const struct nsg_binding *binding, u8 phase)
{
	u8 held = READ_ONCE(binding->side);

	return (held ? held : phase) & NSG_SIDE;
}

/*
 * The side of the sets before the commit. A binding that comes or goes with the commit looks at one side alone: it is
 * of the old or of the new, whole.
 */
static u8 old_side_of(const struct nsg_binding *binding, u8 phase)
{
	u8 side = side_of(binding, phase);

	return phase & NSG_BOTH_SIDES && !READ_ONCE(binding->side) ? side ^ NSG_SIDE : side;
}

static bool passes(const struct nsg_binding *binding, struct nsg_key *key, u8 side)
{
	key->side = side;
	return nsg_decide(binding->ruleset, key, NULL).verdict == NSGATE_ACCEPT;
}

/*
 * While a commit takes over: of the old and the new, each a ruleset with a side of the address sets, the one that does
 * not let the packet pass, if any. Leaves its side in the key.
 */
static const struct nsg_binding *stricter(const struct nsg_binding *binding, const struct nsg_binding *previous,
					  u8 phase, struct nsg_key *key)
{
	u8 new_side = side_of(binding, phase);
	u8 old_side = previous ? side_of(previous, phase) : old_side_of(binding, phase);

	if (passes(binding, key, new_side) && !passes(previous ?: binding, key, old_side))
		return previous ?: binding;
	key->side = new_side;
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
static noinline u8 malformed_verdict(struct nsgate_totals *totals, struct nsg_key *key)
{
	totals->malformed++;
	key->parts |= NSG_KEY_MALFORMED;
	return READ_ONCE(nsg_settings.malformed);
}

static unsigned int carry_out(const struct nsg_binding *binding, struct nsg_decision decision, struct sk_buff *skb,
			      const struct nsg_hook_state *state, const struct nsg_key *key)
{
	struct nsgate_totals *totals = &this_cpu_ptr(binding->account->totals)->hook[state->hook];

	if (unlikely(decision.marks))
		nsg_remark(binding, skb, state, key, decision);
	switch (decision.verdict) {
	case NSGATE_ACCEPT:
		totals->accepted++;
		return NF_ACCEPT;
	case NSGATE_REJECT:
		return reject(&binding->ruleset->rule[decision.rule], skb, state, key, totals);
	default:
		totals->dropped++;
		return NF_DROP;
	}
}

/*
 * Whether the packet is whole, or has become so by being the last of its fragments to come. The others are the
 * kernel's, which keeps them.
 */
static bool is_whole4(struct sk_buff *skb, const struct nsg_hook_state *state)
{
	u32 user = state->hook == NSGATE_HOOK_OUTPUT ? IP_DEFRAG_CONNTRACK_OUT : IP_DEFRAG_CONNTRACK_IN;

	if (state->pf != NFPROTO_IPV4 || likely(!ip_is_fragment(ip_hdr(skb))))
		return true;
	/* A multicast packet goes out by several devices, and is put together for each. */
	if (state->out)
		user += (u16)state->out->ifindex;
	return nsg_call_gather4(state->net, skb, user);
}

/* The verdict on any packet. */
static noinline unsigned int verdict(const struct nsg_binding *binding, struct sk_buff *skb,
				     const struct nsg_hook_state *state)
{
	struct nsgate_totals *totals = &this_cpu_ptr(binding->account->totals)->hook[state->hook];
	const struct nsg_binding *previous = READ_ONCE(binding->previous);
	u8 needs = binding->ruleset->needs | (previous ? previous->ruleset->needs : 0);
	u8 phase = needs & NSG_NEEDS_SETS ? nsg_sets_phase() : 0;
	struct nsg_decision decision = { .rule = NSG_NO_RULE };
	struct nsg_key key;

	if (needs & NSG_NEEDS_WHOLE4 && !is_whole4(skb, state))
		return NF_STOLEN;
	if (unlikely(nsg_packet_read(&key, skb, state)))
		decision.verdict = malformed_verdict(totals, &key);
	if (needs & NSG_NEEDS_STATE)
		key.state = nsg_conntrack_state(skb);
	if (needs & NSG_NEEDS_SETS)
		key.side = side_of(binding, phase);
	if (unlikely(previous || phase & NSG_BOTH_SIDES))
		binding = stricter(binding, previous, phase, &key);
	if (likely(!decision.verdict)) {
		decision = decide_in(binding, &key, skb);
		totals->defaulted += decision.rule == NSG_NO_RULE;
	}
	return carry_out(binding, decision, skb, state, &key);
}

static __always_inline bool has_plain_chain(const struct nsg_binding *binding, u8 hook, bool ipv6)
{
	const struct nsg_chain *chain = binding->ruleset->matcher->chain[hook][ipv6];

	return chain && chain->plain;
}

/*
 * The same as verdict(), to which it leaves, before it counts anything, what is not plain: packet, rules or decision,
 * or a ruleset that takes over.
 */
static __always_inline unsigned int verdict_on_plain(const struct nsg_binding *binding, struct sk_buff *skb,
						     const struct nsg_hook_state *state, bool ipv6)
{
	struct nsg_hook_totals __percpu *totals = binding->account->totals;
	struct nsg_key nsg_uninitialized key;
	struct nsg_decision decision;

	if (unlikely(READ_ONCE(binding->previous)) || !has_plain_chain(binding, state->hook, ipv6) ||
	    !nsg_packet_read_plain(&key, skb, state, ipv6))
		return verdict(binding, skb, state);
	decision = nsg_decide_plainly(binding->ruleset, &key, ipv6);
	if (unlikely(!decision.verdict))
		return verdict(binding, skb, state);
	if (decision.rule != NSG_NO_RULE) {
		const struct nsg_tally tally = tally_of(binding, skb);

		nsg_count(&tally, decision.rule);
	} else {
		this_cpu_inc(totals->hook[state->hook].defaulted);
	}
	if (decision.verdict == NSGATE_ACCEPT) {
		this_cpu_inc(totals->hook[state->hook].accepted);
		return NF_ACCEPT;
	}
	this_cpu_inc(totals->hook[state->hook].dropped);
	return NF_DROP;
}

static noinline unsigned int verdict_for_process(const struct nsg_binding *binding, struct sk_buff *skb,
						 const struct nsg_hook_state *state)
{
	unsigned int result;

	local_bh_disable();
	result = verdict(binding, skb, state);
	local_bh_enable();
	return result;
}

static __always_inline unsigned int verdict_in(struct nsg_namespace *ns, struct sk_buff *skb,
					       const struct nsg_hook_state *state, bool ipv6)
{
	const struct nsg_binding *binding = rcu_dereference(ns->binding);

	if (unlikely(!binding))
		return nsg_quarantine_verdict(ns);
	if (!softirq_count())		/* sent by a process: on the way in, bottom halves are off already */
		return verdict_for_process(binding, skb, state);
	if (unlikely(nsg_rejecting()) && nsg_is_answer(skb, state))
		return NF_ACCEPT;
	return verdict_on_plain(binding, skb, state, ipv6);
}

unsigned int nsg_verdict4(void *namespace, struct sk_buff *skb, const struct nsg_hook_state *state)
{
	return verdict_in(namespace, skb, state, false);
}

unsigned int nsg_verdict6(void *namespace, struct sk_buff *skb, const struct nsg_hook_state *state)
{
	return verdict_in(namespace, skb, state, true);
}
