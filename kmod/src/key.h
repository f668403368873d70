/* SPDX-License-Identifier: GPL-2.0 */
/* What rules look at in a packet: read from an skb by packet.c, from a description by classify.c. */
#ifndef _NSG_KEY_H
#define _NSG_KEY_H

#include "pure.h"
#include "../uapi/nsgate.h"

union nsg_address {		/* network byte order; IPv4 in the first word, the rest undefined */
	u8 bytes[16];
	u32 words[4];
	u64 halves[2];
};

/* Parts of the transport header that could be read whole. A match on a part that is not there never holds. */
#define NSG_KEY_PORTS		1
#define NSG_KEY_ICMP		2
#define NSG_KEY_TCP_FLAGS	4
#define NSG_KEY_LOOPBACK	8	/* came in over a loopback device */
#define NSG_KEY_MALFORMED	16	/* headers are short or contradict each other: the rest is what could be read */

struct nsg_key {
	union nsg_address source;
	union nsg_address destination;
	u16 source_port;	/* host byte order */
	u16 destination_port;
	u32 mark;
	u8 hook;		/* enum nsgate_hook */
	u8 family;		/* one NSGATE_FAMILY_* */
	u8 protocol;
	u8 parts;		/* NSG_KEY_* */
	u8 icmp_type;
	u8 icmp_code;
	u8 tcp_flags;
	u8 state;		/* one NSGATE_STATE_*; 0 if no rule of the ruleset asks */
	u8 side;		/* of the address sets, 0 or 1; only looked at if a rule of the ruleset names one */
	const char *in_if;	/* NULL if there is none */
	const char *out_if;
};

#endif /* _NSG_KEY_H */
