/* SPDX-License-Identifier: GPL-2.0 */
/* From a packet on a hook to the key that rules look at. */
#ifndef _NSG_PACKET_H
#define _NSG_PACKET_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "key.h"

#define NSG_PLAIN_TRANSPORT	8U	/* bytes of a udp header, and enough for the ports of tcp */

/*
 * Fills the key but for `state` and `side`. Returns whether the headers are short or contradict each other: then the
 * key has what could be read, and no transport header. A fragment that is not the first has no transport header either,
 * and is well.
 */
bool nsg_packet_read(struct nsg_key *key, const struct sk_buff *skb, const struct nsg_hook_state *state);

/* Whether it is a fragment, and not the first. Not for every packet: it reads the headers once more. */
bool nsg_packet_is_later_fragment(const struct sk_buff *skb, const struct nsg_hook_state *state);

/* Bytes of the packet from its network header on, where the data of a packet on a hook begin. */
static inline u32 nsg_packet_bytes(const struct sk_buff *skb)
{
	return skb->len;
}

/* Whether a length is neither less nor more, in one comparison. The most is at least the least. */
static __always_inline bool nsg_is_between(u32 length, u32 least, u32 most)
{
	return length - least <= most - least;
}

/* `header` is at hand for `at_hand` bytes, at least eight of them; the packet has `rest` from there on. */
static __always_inline bool nsg_packet_read_plain_transport(struct nsg_key *key, const void *header,
							    u32 at_hand, u32 rest)
{
	const struct udphdr *udp = header;
	const struct tcphdr *tcp = header;

	key->source_port = ntohs(udp->source);	/* where tcp's is, too */
	key->destination_port = ntohs(udp->dest);
	key->parts = NSG_KEY_PORTS;
	if (key->protocol == IPPROTO_UDP)
		return nsg_is_between(ntohs(udp->len), sizeof(*udp), rest);
	return key->protocol == IPPROTO_TCP && at_hand >= sizeof(*tcp) && tcp->doff >= sizeof(*tcp) / 4 &&
	       tcp->doff * 4 <= at_hand;
}

static __always_inline bool nsg_packet_read_plain4(struct nsg_key *key, const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	u32 at_hand = skb_headlen(skb), least = sizeof(*ip) + NSG_PLAIN_TRANSPORT;

	if (at_hand < least || *(const u8 *)ip != (4 << 4 | sizeof(*ip) / 4) || ip_is_fragment(ip) ||
	    !nsg_is_between(ntohs(ip->tot_len), sizeof(*ip), skb->len))
		return false;
	key->source.words[0] = (__force u32)ip->saddr;
	key->destination.words[0] = (__force u32)ip->daddr;
	key->protocol = ip->protocol;
	return nsg_packet_read_plain_transport(key, ip + 1, at_hand - sizeof(*ip), skb->len - sizeof(*ip));
}

static __always_inline bool nsg_packet_read_plain6(struct nsg_key *key, const struct sk_buff *skb)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;
	u32 at_hand = skb_headlen(skb), least = sizeof(*ip) + NSG_PLAIN_TRANSPORT;

	if (at_hand < least || *(const u8 *)ip >> 4 != 6 ||
	    !nsg_is_between(ntohs(ip->payload_len), 1, skb->len - sizeof(*ip)))
		return false;
	memcpy(&key->source.halves[0], &ip->saddr.s6_addr[0], sizeof(u64));
	memcpy(&key->source.halves[1], &ip->saddr.s6_addr[8], sizeof(u64));
	memcpy(&key->destination.halves[0], &ip->daddr.s6_addr[0], sizeof(u64));
	memcpy(&key->destination.halves[1], &ip->daddr.s6_addr[8], sizeof(u64));
	key->protocol = ip->nexthdr;
	return nsg_packet_read_plain_transport(key, ip + 1, at_hand - sizeof(*ip), skb->len - sizeof(*ip));
}

/*
 * The five fields of most packets, read by code that is compiled into the caller: tcp and udp right after a network
 * header without options, all in the linear part, and well. False for any other packet, and nothing is said of it then.
 */
static __always_inline bool nsg_packet_read_plain(struct nsg_key *key, const struct sk_buff *skb,
						  const struct nsg_hook_state *state, bool ipv6)
{
	key->hook = state->hook;
	key->family = ipv6 ? NSGATE_FAMILY_IPV6 : NSGATE_FAMILY_IPV4;
	return ipv6 ? nsg_packet_read_plain6(key, skb) : nsg_packet_read_plain4(key, skb);
}

#endif /* _NSG_PACKET_H */
