// SPDX-License-Identifier: GPL-2.0
/*
 * What rare rules want done about a packet beyond its verdict. Which of its rules log is found out by a second search,
 * so that packets of rules that do not log pay for nothing but one test.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>

#include "remark.h"
#include "events.h"
#include "netns.h"
#include "packet.h"

/* One packet, and what was decided on it. */
struct subject {
	const struct nsg_binding *binding;
	const struct sk_buff *skb;
	const struct nsg_hook_state *state;
	const struct nsg_key *key;
};

static u8 flags_of(const struct subject *subject, u8 rule_flags)
{
	u8 flags = 0;

	if (rule_flags & NSGATE_RULE_SHADOW)
		flags |= NSGATE_PACKET_SHADOW;
	if (subject->key->parts & NSG_KEY_MALFORMED)
		flags |= NSGATE_PACKET_MALFORMED;
	if (nsg_packet_is_later_fragment(subject->skb, subject->state))
		flags |= NSGATE_PACKET_FRAGMENT;
	return flags;
}

static void describe_transport(struct nsgate_event *event, const struct nsg_key *key)
{
	if (key->parts & NSG_KEY_PORTS) {
		event->source_port = key->source_port;
		event->destination_port = key->destination_port;
	}
	if (key->parts & NSG_KEY_ICMP) {
		event->icmp_type = key->icmp_type;
		event->icmp_code = key->icmp_code;
	}
	if (key->parts & NSG_KEY_TCP_FLAGS)
		event->tcp_flags = key->tcp_flags;
}

/* `to` is zeroed. Linux 7.3 has no strncpy(), 3.10 no strscpy(). */
static void copy_name(char to[NSGATE_IFNAME_SIZE], const char *name)
{
	if (name)
		memcpy(to, name, strnlen(name, NSGATE_IFNAME_SIZE - 1));
}

static void describe(struct nsgate_event *event, const struct subject *subject)
{
	const struct nsg_account *account = subject->binding->account;
	const struct nsg_key *key = subject->key;

	event->type = NSGATE_EVENT_PACKET;
	event->birth = account->ns->birth;
	event->inode = account->ns->inode;
	event->epoch = account->epoch;
	memcpy(event->source, &key->source, sizeof(event->source));
	memcpy(event->destination, &key->destination, sizeof(event->destination));
	event->length = nsg_packet_bytes(subject->skb);
	event->mark = key->mark;
	event->hook = key->hook;
	event->family = key->family;
	event->protocol = key->protocol;
	event->state = key->state;
	describe_transport(event, key);
	copy_name(event->in_if, key->in_if);
	copy_name(event->out_if, key->out_if);
}

/* Makes an event of the packet if the log has a token. */
static void sample(const struct subject *subject, u32 log, u64 rule_id, u8 verdict, u8 rule_flags)
{
	struct nsgate_event event = { .rule_id = rule_id, .verdict = verdict };
	u64 now = ktime_to_ns(ktime_get_boottime());

	if (!nsg_bucket_take(&subject->binding->logs->bucket[log], now, &event.suppressed))
		return;
	event.time = now;
	event.flags = flags_of(subject, rule_flags);
	describe(&event, subject);
	nsg_event_add(&event);
}

static void sample_rules(const struct subject *subject, u32 last)
{
	const struct nsg_ruleset *ruleset = subject->binding->ruleset;
	bool ipv6 = subject->key->family == NSGATE_FAMILY_IPV6;
	struct nsg_search search;

	for (nsg_search_first(&search, ruleset->matcher, subject->key, ipv6, false); search.place != NSG_NO_PLACE;
	     nsg_search_next(&search, ipv6, false)) {
		u32 index = nsg_search_rule(&search);
		const struct nsg_rule *rule = &ruleset->rule[index];

		if (rule->flags & NSGATE_RULE_LOG)
			sample(subject, rule->log, rule->id, rule->action, rule->flags);
		if (index == last)
			return;
	}
}

void nsg_remark(const struct nsg_binding *binding, const struct sk_buff *skb, const struct nsg_hook_state *state,
		const struct nsg_key *key, struct nsg_decision decision)
{
	const struct nsg_ruleset *ruleset = binding->ruleset;
	struct subject subject = { .binding = binding, .skb = skb, .state = state, .key = key };

	if (decision.marks & NSG_MARK_SHADOW)
		this_cpu_ptr(binding->account->totals)->hook[key->hook].shadow++;
	if (decision.marks & NSG_MARK_LOG)
		sample_rules(&subject, decision.rule);
	if (decision.marks & NSG_MARK_DEFAULT_LOG)
		sample(&subject, ruleset->default_log, 0, decision.verdict, 0);
}
