/* SPDX-License-Identifier: GPL-2.0 */
/* From a packet on a hook to the key that rules look at. */
#ifndef _NSG_PACKET_H
#define _NSG_PACKET_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "key.h"

/*
 * Fills the key but for `state`. Returns whether the headers are short or contradict each other: then the key has what
 * could be read, and no transport header. A fragment that is not the first has no transport header either, and is well.
 */
bool nsg_packet_read(struct nsg_key *key, const struct sk_buff *skb, const struct nsg_hook_state *state);

/* Bytes of the packet from its network header on. */
static inline u32 nsg_packet_bytes(const struct sk_buff *skb)
{
	return skb->len - skb_network_offset(skb);
}

#endif /* _NSG_PACKET_H */
