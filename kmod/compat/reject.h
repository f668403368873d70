/* SPDX-License-Identifier: GPL-2.0 */
/* Calling the kernel's functions that answer a rejected packet, through pointers to them. */
#ifndef _NSG_COMPAT_REJECT_H
#define _NSG_COMPAT_REJECT_H

#include <net/ip.h>
#include <net/ipv6.h>

#ifdef HAVE_REJECT			/* 3.14; RHEL 7 */
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#else					/* looked up in vain, so rulesets that reject are refused */
void nf_send_reset(struct sk_buff *skb, int hook);
void nf_send_unreach(struct sk_buff *skb, int code);
void nf_send_reset6(struct net *net, struct sk_buff *skb, int hook);
void nf_send_unreach6(struct net *net, struct sk_buff *skb, unsigned char code, unsigned int hook);
#endif

static inline void nsg_call_reset4(typeof(nf_send_reset) *call, struct sk_buff *skb,
				   const struct nsg_hook_state *state)
{
#if defined(HAVE_RESET4_SK)		/* 5.10 */
	call(state->net, state->sk, skb, state->hook);
#elif defined(HAVE_RESET4_NET)		/* 4.4 */
	call(state->net, skb, state->hook);
#else
	call(skb, state->hook);
#endif
}

static inline void nsg_call_reset6(typeof(nf_send_reset6) *call, struct sk_buff *skb,
				   const struct nsg_hook_state *state)
{
#ifdef HAVE_RESET6_SK			/* 5.10 */
	call(state->net, state->sk, skb, state->hook);
#else
	call(state->net, skb, state->hook);
#endif
}

static inline void nsg_call_unreachable4(typeof(nf_send_unreach) *call, struct sk_buff *skb,
					 const struct nsg_hook_state *state, int code)
{
#ifdef HAVE_UNREACH4_HOOK		/* 4.3; RHEL 7 */
	call(skb, code, state->hook);
#else
	call(skb, code);
#endif
}

#endif /* _NSG_COMPAT_REJECT_H */
