/* SPDX-License-Identifier: GPL-2.0 */
/* Protocol and ports of a packet to the rules that they allow. */
#ifndef _NSG_TRANSPORT_H
#define _NSG_TRANSPORT_H

#include "key.h"
#include "ports.h"

/*
 * Joined, the three tables have terms whose sum is where in `joined` a vector stands: one lookup for what would be
 * three vectors. Apart, for rulesets that would need too large a table, each has vectors of its own.
 */
struct nsg_transport {
	u32 *joined;		/* NULL if apart */
	size_t joined_bytes;
	u32 protocol[256];
	struct nsg_ports source;
	struct nsg_ports destination;
};

/* Returns false, and budget->error is set, if memory does not suffice: nsg_transport_free() still frees it. */
bool nsg_transport_build(struct nsg_transport *transport, const struct nsg_rules *rules, struct nsg_vectors *vectors,
			 struct nsg_budget *budget);

void nsg_transport_free(struct nsg_transport *transport, struct nsg_budget *budget);

static __always_inline u32 nsg_transport_joined(const struct nsg_transport *transport, const struct nsg_key *key)
{
	u32 at = transport->protocol[key->protocol];

	if (key->parts & NSG_KEY_PORTS)
		at += nsg_ports_find(&transport->source, key->source_port) +
		      nsg_ports_find(&transport->destination, key->destination_port);
	return transport->joined[at];
}

/* The value of a port's table, apart. */
static __always_inline u32 nsg_transport_port(const struct nsg_ports *ports, const struct nsg_key *key, u16 port)
{
	return key->parts & NSG_KEY_PORTS ? nsg_ports_find(ports, port) : ports->absent;
}

#endif /* _NSG_TRANSPORT_H */
