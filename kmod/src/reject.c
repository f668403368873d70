// SPDX-License-Identifier: GPL-2.0
/* Answering packets that a rule rejects. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/percpu.h>

#include "reject.h"
#include "borrowed.h"

#define TCP_RST		0x04

/* What is answered. An answer is sent from inside the hook that rejects, so it meets our hooks down the same stack. */
DEFINE_PER_CPU(const struct nsg_key *, nsg_rejected);

static const u8 codes4[] = {
	[NSGATE_REJECT_NET_UNREACH] = ICMP_NET_UNREACH,
	[NSGATE_REJECT_HOST_UNREACH] = ICMP_HOST_UNREACH,
	[NSGATE_REJECT_PORT_UNREACH] = ICMP_PORT_UNREACH,
	[NSGATE_REJECT_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
};

static const u8 codes6[] = {
	[NSGATE_REJECT_NET_UNREACH] = ICMPV6_NOROUTE,
	[NSGATE_REJECT_HOST_UNREACH] = ICMPV6_ADDR_UNREACH,
	[NSGATE_REJECT_PORT_UNREACH] = ICMPV6_PORT_UNREACH,
	[NSGATE_REJECT_ADMIN_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
};

static bool is_icmp_error(const struct nsg_key *key)
{
	if (!(key->parts & NSG_KEY_ICMP))
		return false;
	if (key->family == NSGATE_FAMILY_IPV6)
		return !(key->icmp_type & ICMPV6_INFOMSG_MASK);
	return key->icmp_type == ICMP_DEST_UNREACH || key->icmp_type == ICMP_SOURCE_QUENCH ||
	       key->icmp_type == ICMP_REDIRECT || key->icmp_type == ICMP_TIME_EXCEEDED ||
	       key->icmp_type == ICMP_PARAMETERPROB;
}

static bool is_reset(const struct nsg_key *key)
{
	return key->parts & NSG_KEY_TCP_FLAGS && key->tcp_flags & TCP_RST;
}

bool nsg_is_answer(const struct sk_buff *skb, const struct nsg_hook_state *state)
{
	const struct nsg_key *key = __this_cpu_read(nsg_rejected);

	if (key->family != (state->pf == NFPROTO_IPV6 ? NSGATE_FAMILY_IPV6 : NSGATE_FAMILY_IPV4))
		return false;
	if (state->pf == NFPROTO_IPV6)
		return (ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6 || ipv6_hdr(skb)->nexthdr == IPPROTO_TCP) &&
		       !memcmp(&ipv6_hdr(skb)->daddr, &key->source, sizeof(key->source));
	return (ip_hdr(skb)->protocol == IPPROTO_ICMP || ip_hdr(skb)->protocol == IPPROTO_TCP) &&
	       (__force u32)ip_hdr(skb)->daddr == key->source.words[0];
}

static void answer(struct sk_buff *skb, const struct nsg_hook_state *state, const struct nsg_key *key, u8 reject_with)
{
	if (reject_with == NSGATE_REJECT_TCP_RESET)
		nsg_send_reset(skb, state);
	else if (key->family == NSGATE_FAMILY_IPV6)
		nsg_send_unreachable(skb, state, codes6[reject_with]);
	else
		nsg_send_unreachable(skb, state, codes4[reject_with]);
}

enum nsg_rejection nsg_reject(struct sk_buff *skb, const struct nsg_hook_state *state, const struct nsg_key *key,
			      u8 reject_with)
{
	if (is_reset(key) || is_icmp_error(key))
		return key->parts & NSG_KEY_LOOPBACK ? NSG_REJECTION_PASSED : NSG_REJECTION_SILENT;
	if (nsg_rejecting())
		return NSG_REJECTION_SILENT;
	__this_cpu_write(nsg_rejected, key);
	answer(skb, state, key, reject_with);
	__this_cpu_write(nsg_rejected, NULL);
	return NSG_REJECTION_ANSWERED;
}
