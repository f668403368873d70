// SPDX-License-Identifier: GPL-2.0
/* Functions of kernel modules that are needed only by some rulesets. */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "../compat/conntrack.h"
#include "../compat/defrag.h"
#include "../compat/reject.h"
#include "borrowed.h"
#include "ruleset.h"

/* Written once each, under `lock`, before the first ruleset that calls them is published. */
static struct nsg_tracking tracking;
static struct nsg_defrag6 defrag6;
static typeof(nf_send_reset) *send_reset4;
static typeof(nf_send_unreach) *send_unreachable4;
static typeof(nf_send_reset6) *send_reset6;
static typeof(nf_send_unreach6) *send_unreachable6;

static DEFINE_MUTEX(lock);

static bool borrow_conntrack(void)
{
	return nsg_tracking_borrow_netns(&tracking) && nsg_tracking_borrow_families(&tracking);
}

static bool borrow_reject(void)
{
	send_reset4 = send_reset4 ?: symbol_request(nf_send_reset);
	send_unreachable4 = send_unreachable4 ?: symbol_request(nf_send_unreach);
	send_reset6 = send_reset6 ?: symbol_request(nf_send_reset6);
	send_unreachable6 = send_unreachable6 ?: symbol_request(nf_send_unreach6);
	return send_reset4 && send_unreachable4 && send_reset6 && send_unreachable6;
}

static bool borrow_defrag6(void)
{
	defrag6.enable = defrag6.enable ?: symbol_request(nf_defrag_ipv6_enable);
	return defrag6.enable && nsg_defrag6_borrow_disable(&defrag6);
}

u8 nsg_borrow(u8 needs)
{
	u8 unmet = 0;

	mutex_lock(&lock);
	if (needs & NSG_NEEDS_STATE && !borrow_conntrack())
		unmet |= NSG_NEEDS_STATE;
	if (needs & NSG_NEEDS_REJECT && !borrow_reject())
		unmet |= NSG_NEEDS_REJECT;
	if (needs & NSG_NEEDS_WHOLE6 && !borrow_defrag6())
		unmet |= NSG_NEEDS_WHOLE6;
	mutex_unlock(&lock);
	return unmet;
}

void nsg_borrowed_return(void)
{
	nsg_tracking_return_families(&tracking);
	nsg_tracking_return_netns(&tracking);
	if (defrag6.enable)
		symbol_put(nf_defrag_ipv6_enable);
	nsg_defrag6_return_disable(&defrag6);
	if (send_reset4)
		symbol_put(nf_send_reset);
	if (send_unreachable4)
		symbol_put(nf_send_unreach);
	if (send_reset6)
		symbol_put(nf_send_reset6);
	if (send_unreachable6)
		symbol_put(nf_send_unreach6);
}

int nsg_conntrack_get(struct net *net)
{
	return nsg_call_tracking_get(&tracking, net);
}

void nsg_conntrack_put(struct net *net)
{
	nsg_call_tracking_put(&tracking, net);
}

int nsg_defrag6_get(struct net *net)
{
	return nsg_call_defrag6_enable(&defrag6, net);
}

void nsg_defrag6_put(struct net *net)
{
	nsg_call_defrag6_disable(&defrag6, net);
}

u8 nsg_conntrack_state(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *connection = nf_ct_get(skb, &info);

	if (nsg_untracked(connection, info))
		return NSGATE_STATE_UNTRACKED;
	if (!connection)
		return NSGATE_STATE_INVALID;
	switch (info) {
	case IP_CT_ESTABLISHED:
	case IP_CT_ESTABLISHED_REPLY:
		return NSGATE_STATE_ESTABLISHED;
	case IP_CT_RELATED:
	case IP_CT_RELATED_REPLY:
		return NSGATE_STATE_RELATED;
	default:
		return NSGATE_STATE_NEW;
	}
}

void nsg_send_reset(struct sk_buff *skb, const struct nsg_hook_state *state)
{
	if (state->pf == NFPROTO_IPV6)
		nsg_call_reset6(send_reset6, skb, state);
	else
		nsg_call_reset4(send_reset4, skb, state);
}

void nsg_send_unreachable(struct sk_buff *skb, const struct nsg_hook_state *state, u8 code)
{
	if (state->pf == NFPROTO_IPV6)
		send_unreachable6(state->net, skb, code, state->hook);
	else
		nsg_call_unreachable4(send_unreachable4, skb, state, code);
}
