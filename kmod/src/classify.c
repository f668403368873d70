// SPDX-License-Identifier: GPL-2.0
/* Answers CLASSIFY: what a namespace's live ruleset would do with a described packet. */
#include <linux/in.h>
#include <linux/in6.h>

#include "binding.h"
#include "netns.h"
#include "reply.h"
#include "sets.h"

static bool has_ports(u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

/* A described packet is a whole one: its transport header has all the parts that its protocol's has. */
static u8 parts_of(const struct nsgate_classify *packet)
{
	u8 icmp = packet->family == NSGATE_FAMILY_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	u8 parts = 0;

	if (has_ports(packet->protocol))
		parts |= NSG_KEY_PORTS;
	if (packet->protocol == IPPROTO_TCP)
		parts |= NSG_KEY_TCP_FLAGS;
	if (packet->protocol == icmp)
		parts |= NSG_KEY_ICMP;
	return parts;
}

static struct nsg_key key_of(const struct nsgate_classify *packet)
{
	struct nsg_key key = {
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.mark = packet->mark,
		.hook = packet->hook,
		.family = packet->family,
		.protocol = packet->protocol,
		.parts = parts_of(packet),
		.icmp_type = packet->icmp_type,
		.icmp_code = packet->icmp_code,
		.tcp_flags = packet->tcp_flags,
		.state = packet->state ?: NSGATE_STATE_UNTRACKED,
		.side = nsg_sets_phase() & NSG_SIDE,
		.in_if = *packet->in_if ? packet->in_if : NULL,
		.out_if = *packet->out_if ? packet->out_if : NULL,
	};

	memcpy(&key.source, packet->source, sizeof(key.source));
	memcpy(&key.destination, packet->destination, sizeof(key.destination));
	return key;
}

static struct nsgate_classified decide(const struct nsg_binding *binding, const struct nsgate_classify *packet)
{
	struct nsg_key key = key_of(packet);
	struct nsg_decision decision = nsg_decide(binding->ruleset, &key, NULL);
	struct nsgate_classified answer = {
		.epoch = binding->account->epoch,
		.rule = decision.rule,
		.verdict = decision.verdict,
	};

	if (decision.rule != NSG_NO_RULE)
		answer.rule_id = binding->ruleset->rule[decision.rule].id;
	memcpy(answer.digest, binding->ruleset->digest, sizeof(answer.digest));
	return answer;
}

static int classify(const struct nsg_request *request, struct nsgate_classified *answer,
		    struct nsgate_refusal *refusal)
{
	const struct nsgate_classify *packet = request->classify;
	const struct nsg_binding *binding;
	struct nsg_namespace *ns;
	int error;

	error = nsg_namespace_expect(&ns, &packet->inode, &packet->birth, request, refusal);
	if (error)
		return error;
	binding = nsg_namespace_binding(ns);
	if (binding)
		*answer = decide(binding, packet);
	else if (ns->quarantined)
		answer->verdict = NSGATE_DROP;
	return 0;
}

int nsg_classify(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct nsgate_classified answer = { .rule = NSG_NO_RULE, .verdict = NSGATE_ACCEPT };
	int error;

	mutex_lock(&nsg_lock);
	error = classify(request, &answer, refusal);
	mutex_unlock(&nsg_lock);
	if (!error)
		error = nsg_reply_begin(reply, request, sizeof(answer), refusal);
	if (!error)
		nsg_reply_add(reply, &answer, sizeof(answer));
	return error;
}
