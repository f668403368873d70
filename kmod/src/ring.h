/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events that are held: numbered from 1 without gaps, the oldest makes room. A reader says which number it has got
 * to, so the ring keeps nothing for anybody and the count of what a reader missed is exact. The caller locks.
 */
#ifndef _NSG_RING_H
#define _NSG_RING_H

#include "pure.h"
#include "../uapi/nsgate.h"

struct nsg_ring {
	struct nsgate_event *events;	/* NSGATE_EVENT_RING of them: number n stands at n % NSGATE_EVENT_RING */
	u64 last;			/* the newest event's number, 0 for none */
};

/* Copies an event in, under the next number. */
void nsg_ring_add(struct nsg_ring *ring, const struct nsgate_event *event);

/* How many of the events after number `cursor` are no longer held. `cursor` is at most `last`. */
u64 nsg_ring_lost(const struct nsg_ring *ring, u64 cursor);

/* Copies up to `most` of the events after number `cursor`, all of which are held; returns how many. */
u32 nsg_ring_copy(const struct nsg_ring *ring, u64 cursor, struct nsgate_event *to, u32 most);

#endif /* _NSG_RING_H */
