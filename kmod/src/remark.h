/* SPDX-License-Identifier: GPL-2.0 */
/* What rare rules want done about a packet beyond its verdict: counting it as shadow, sampling it into the ring. */
#ifndef _NSG_REMARK_H
#define _NSG_REMARK_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "binding.h"

/* Follows the marks of a decision, which must not be 0. With bottom halves off, before the packet is answered. */
void nsg_remark(const struct nsg_binding *binding, const struct sk_buff *skb, const struct nsg_hook_state *state,
		const struct nsg_key *key, struct nsg_decision decision);

#endif /* _NSG_REMARK_H */
