/* SPDX-License-Identifier: GPL-2.0 */
/* The last counts of bindings that ended: held until a reader has said that it has them. See struct nsgate_stats. */
#ifndef _NSG_ENDED_H
#define _NSG_ENDED_H

#include "binding.h"
#include "reply.h"

/*
 * Made when no packet can count in the binding any more, never changed, freed when it is acknowledged or let go: all
 * under nsg_lock. Packets never see it, so nobody waits for a grace period.
 */
struct nsg_ended {
	struct list_head in_order;		/* of their ends */
	u64 changed;				/* number of the reading that saw the last change */
	struct nsgate_binding_stats stats;	/* this and `rules` are what the wire says of it */
	struct nsgate_rule_counters rules[];
};

/*
 * Keeps what is unread of a binding, as of reading number `reading`, a grace period after packets could last see it and
 * while its ruleset is still held. Without memory it is let go. Under nsg_lock.
 */
void nsg_ended_keep(struct nsg_binding *binding, u64 reading);

/* A reader has the replies up to this cursor, which was one's. Under nsg_lock. */
void nsg_ended_acknowledge(u64 cursor);

/* What is held: how many, how many bytes in a reply, and as part of a reply. Under nsg_lock. */
u32 nsg_ended_count(void);
u64 nsg_ended_bytes(void);
void nsg_ended_report(struct nsg_reply *reply);

/* How many were let go unread since the start. Under nsg_lock. */
u32 nsg_ended_lost(void);

/* Bytes of memory. Under nsg_lock. */
u64 nsg_ended_memory(void);

/* Frees all, when no namespace is left. */
void nsg_ended_clear(void);

#endif /* _NSG_ENDED_H */
