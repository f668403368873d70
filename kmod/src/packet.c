// SPDX-License-Identifier: GPL-2.0
/* From a packet on a hook to the key that rules look at. Headers are copied out where the skb is not linear. */
#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

#define TCP_FLAGS_BYTE		13	/* RFC 9293 */
#define ICMPV6_HEAD_BYTES	4	/* type, code, checksum: RFC 4443 */

/* Where the transport header is, and how much of the packet follows from there. */
struct transport {
	u32 offset;
	bool present;		/* false in a fragment that is not the first */
	bool whole;		/* false in any fragment */
};

/*
 * A length of zero stands for one that the field cannot hold: it is the network stack's own, of a packet yet to be
 * cut.
 */
static bool length_fits(u32 length, u32 least, u32 have, const struct sk_buff *skb)
{
	if (!length)
		return skb_is_gso(skb) || have > U16_MAX;
	return length >= least && length <= have;
}

static bool read_tcp(struct nsg_key *key, const struct sk_buff *skb, u32 offset)
{
	struct tcphdr buffer;
	const struct tcphdr *tcp = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);

	if (!tcp || tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > skb->len - offset)
		return false;
	key->source_port = ntohs(tcp->source);
	key->destination_port = ntohs(tcp->dest);
	key->tcp_flags = ((const u8 *)tcp)[TCP_FLAGS_BYTE];
	key->parts |= NSG_KEY_PORTS | NSG_KEY_TCP_FLAGS;
	return true;
}

/*
 * Whether a udp header's length is at least the header's, and no more than there is. In a fragment it is that of the
 * whole datagram, and where a packet is yet to be cut into several it is of none of them. To udplite it is how many
 * bytes the checksum is over: 0 stands for all (RFC 3828).
 */
static bool udp_length_fits(const struct nsg_key *key, const struct sk_buff *skb, const struct transport *transport)
{
	struct udphdr buffer;
	const struct udphdr *udp = skb_header_pointer(skb, transport->offset, sizeof(buffer), &buffer);

	if (!udp)
		return false;
	if (!transport->whole || skb_is_gso(skb) || (!udp->len && key->protocol == IPPROTO_UDPLITE))
		return true;
	return length_fits(ntohs(udp->len), sizeof(*udp), skb->len - transport->offset, skb);
}

/* The ports of udp, udplite, sctp and dccp, whose whole header has `size` bytes and begins with them. */
static bool read_ports(struct nsg_key *key, const struct sk_buff *skb, u32 offset, u32 size)
{
	__be16 buffer[2];
	const __be16 *ports = skb_header_pointer(skb, offset, sizeof(buffer), buffer);

	if (!ports || skb->len - offset < size)
		return false;
	key->source_port = ntohs(ports[0]);
	key->destination_port = ntohs(ports[1]);
	key->parts |= NSG_KEY_PORTS;
	return true;
}

/* Type and code stand first in icmp and icmpv6 headers alike. */
static bool read_icmp(struct nsg_key *key, const struct sk_buff *skb, u32 offset, u32 size)
{
	u8 buffer[2];
	const u8 *icmp = skb_header_pointer(skb, offset, sizeof(buffer), buffer);

	if (!icmp || skb->len - offset < size)
		return false;
	key->icmp_type = icmp[0];
	key->icmp_code = icmp[1];
	key->parts |= NSG_KEY_ICMP;
	return true;
}

static bool read_transport(struct nsg_key *key, const struct sk_buff *skb, const struct transport *transport)
{
	u32 offset = transport->offset;

	switch (key->protocol) {
	case IPPROTO_TCP:
		return read_tcp(key, skb, offset);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return udp_length_fits(key, skb, transport) && read_ports(key, skb, offset, sizeof(struct udphdr));
	case IPPROTO_SCTP:
		return read_ports(key, skb, offset, sizeof(struct sctphdr));
	case IPPROTO_DCCP:
		return read_ports(key, skb, offset, sizeof(struct dccp_hdr));
	case IPPROTO_ICMP:
		return key->family != NSGATE_FAMILY_IPV4 || read_icmp(key, skb, offset, sizeof(struct icmphdr));
	case IPPROTO_ICMPV6:
		return key->family != NSGATE_FAMILY_IPV6 || read_icmp(key, skb, offset, ICMPV6_HEAD_BYTES);
	default:
		return true;
	}
}

static bool read_ipv4(struct nsg_key *key, const struct sk_buff *skb, struct transport *transport)
{
	struct iphdr buffer;
	u32 start = skb_network_offset(skb);
	const struct iphdr *ip = skb_header_pointer(skb, start, sizeof(buffer), &buffer);

	if (!ip)
		return false;
	key->source.words[0] = (__force u32)ip->saddr;
	key->destination.words[0] = (__force u32)ip->daddr;
	key->protocol = ip->protocol;
	transport->offset = start + ip->ihl * 4;
	transport->present = !(ip->frag_off & htons(IP_OFFSET));
	transport->whole = !ip_is_fragment(ip);
	return ip->version == 4 && ip->ihl * 4 >= sizeof(*ip) &&
	       length_fits(ntohs(ip->tot_len), ip->ihl * 4, skb->len - start, skb);
}

/*
 * The protocol after the extension headers, and where its header begins. In a later fragment (`*fragment` is not 0) it
 * is what follows the fragment header. ipv6_find_hdr() refuses those in which that is an extension header again, and on
 * old kernels does not find their fragment header either. Negative if a header is cut off.
 */
static int find_protocol6(const struct sk_buff *skb, unsigned int *offset, unsigned short *fragment, int *flags)
{
	int protocol = ipv6_find_hdr(skb, offset, -1, fragment, flags);
	u8 next = NEXTHDR_FRAGMENT;

	if (protocol != -ENOENT)
		return protocol;
	*offset = 0;
	if (ipv6_find_hdr(skb, offset, NEXTHDR_FRAGMENT, fragment, flags) >= 0 &&
	    skb_copy_bits(skb, *offset, &next, sizeof(next)))
		return -EBADMSG;
	*fragment = IP6_OFFSET;
	return next;
}

static bool read_ipv6(struct nsg_key *key, const struct sk_buff *skb, struct transport *transport)
{
	struct ipv6hdr buffer;
	u32 start = skb_network_offset(skb);
	const struct ipv6hdr *ip = skb_header_pointer(skb, start, sizeof(buffer), &buffer);
	unsigned short fragment = 0;
	unsigned int offset = 0;
	int protocol, flags = 0;

	if (!ip)
		return false;
	memcpy(&key->source, &ip->saddr, sizeof(key->source));
	memcpy(&key->destination, &ip->daddr, sizeof(key->destination));
	key->protocol = ip->nexthdr;
	if (ip->version != 6 || (ip->payload_len &&
				 !length_fits(ntohs(ip->payload_len), 0, skb->len - start - sizeof(*ip), skb)))
		return false;
	protocol = find_protocol6(skb, &offset, &fragment, &flags);
	if (protocol < 0)
		return false;
	key->protocol = protocol;
	transport->offset = offset;
	transport->present = !fragment;
	transport->whole = !(flags & IP6_FH_F_FRAG);
	return true;
}

static void read_interfaces(struct nsg_key *key, const struct nsg_hook_state *state)
{
	if (state->in) {
		key->in_if = state->in->name;
		if (state->in->flags & IFF_LOOPBACK)
			key->parts |= NSG_KEY_LOOPBACK;
	}
	if (state->out)
		key->out_if = state->out->name;
}

bool nsg_packet_read(struct nsg_key *key, const struct sk_buff *skb, const struct nsg_hook_state *state)
{
	struct transport transport = { .present = false };
	bool whole;

	memset(key, 0, sizeof(*key));
	key->hook = state->hook;
	key->family = state->pf == NFPROTO_IPV6 ? NSGATE_FAMILY_IPV6 : NSGATE_FAMILY_IPV4;
	key->mark = skb->mark;
	read_interfaces(key, state);
	whole = key->family == NSGATE_FAMILY_IPV6 ? read_ipv6(key, skb, &transport) : read_ipv4(key, skb, &transport);
	if (whole && transport.present)
		whole = read_transport(key, skb, &transport);
	return !whole;
}

bool nsg_packet_is_later_fragment(const struct sk_buff *skb, const struct nsg_hook_state *state)
{
	u32 start = skb_network_offset(skb);
	unsigned short fragment = 0;
	unsigned int offset = 0;
	struct iphdr buffer;
	const struct iphdr *ip;
	int flags = 0;

	if (state->pf == NFPROTO_IPV6)
		return find_protocol6(skb, &offset, &fragment, &flags) >= 0 && fragment;
	ip = skb_header_pointer(skb, start, sizeof(buffer), &buffer);
	return ip && ip->frag_off & htons(IP_OFFSET);
}
