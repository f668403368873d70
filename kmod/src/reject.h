/* SPDX-License-Identifier: GPL-2.0 */
/* Answering packets that a rule rejects, and letting those answers through our own hooks. */
#ifndef _NSG_REJECT_H
#define _NSG_REJECT_H

#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "key.h"

/* How a rejected packet fared. */
enum nsg_rejection {
	NSG_REJECTION_ANSWERED,		/* and is to be dropped */
	NSG_REJECTION_SILENT,		/* to be dropped: resets and ICMP errors have no answer (RFC 9293, RFC 1122) */
	NSG_REJECTION_PASSED,		/* to be let through: an answer, likely ours, that came back over loopback */
};

/* Answers `skb` as `reject_with` (enum nsgate_reject_with) says. With bottom halves off. */
enum nsg_rejection nsg_reject(struct sk_buff *skb, const struct nsg_hook_state *state, const struct nsg_key *key,
			      u8 reject_with);

DECLARE_PER_CPU(const struct nsg_key *, nsg_rejected);

/*
 * Whether this CPU is sending such an answer right now. Not only it may meet a hook meanwhile: the queue that it is put
 * into may let others go, and a tunnel makes another packet of it. With bottom halves off.
 */
static inline bool nsg_rejecting(void)
{
	return __this_cpu_read(nsg_rejected);
}

/* While nsg_rejecting(): whether the packet goes to whom the answer is for, and is of its protocol. */
bool nsg_is_answer(const struct sk_buff *skb, const struct nsg_hook_state *state);

#endif /* _NSG_REJECT_H */
