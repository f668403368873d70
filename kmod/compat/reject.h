/* SPDX-License-Identifier: GPL-2.0 */
/* Arguments of the kernel's functions that answer a rejected packet. */
#ifndef _NSG_COMPAT_REJECT_H
#define _NSG_COMPAT_REJECT_H

#if defined(HAVE_RESET4_SK)		/* 5.10 */
#define nsg_call_reset4(call, skb, state)	(call)((state)->net, (state)->sk, skb, (state)->hook)
#elif defined(HAVE_RESET4_NET)		/* 4.4 */
#define nsg_call_reset4(call, skb, state)	(call)((state)->net, skb, (state)->hook)
#else
#define nsg_call_reset4(call, skb, state)	(call)(skb, (state)->hook)
#endif

#ifdef HAVE_RESET6_SK			/* 5.10 */
#define nsg_call_reset6(call, skb, state)	(call)((state)->net, (state)->sk, skb, (state)->hook)
#else
#define nsg_call_reset6(call, skb, state)	(call)((state)->net, skb, (state)->hook)
#endif

#ifdef HAVE_UNREACH4_HOOK		/* 4.3; RHEL 7 */
#define nsg_call_unreachable4(call, skb, state, code)	(call)(skb, code, (state)->hook)
#else
#define nsg_call_unreachable4(call, skb, state, code)	(call)(skb, code)
#endif

#endif /* _NSG_COMPAT_REJECT_H */
