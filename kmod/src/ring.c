// SPDX-License-Identifier: GPL-2.0
/* The events that are held. */
#include "ring.h"

static struct nsgate_event *place_of(const struct nsg_ring *ring, u64 number)
{
	return &ring->events[number % NSGATE_EVENT_RING];
}

void nsg_ring_add(struct nsg_ring *ring, const struct nsgate_event *event)
{
	struct nsgate_event *place = place_of(ring, ++ring->last);

	*place = *event;
	place->number = ring->last;
}

u64 nsg_ring_lost(const struct nsg_ring *ring, u64 cursor)
{
	u64 after = ring->last - cursor;

	return after > NSGATE_EVENT_RING ? after - NSGATE_EVENT_RING : 0;
}

u32 nsg_ring_copy(const struct nsg_ring *ring, u64 cursor, struct nsgate_event *to, u32 most)
{
	u32 count = min_t(u64, ring->last - cursor, most), i;

	for (i = 0; i < count; i++)
		to[i] = *place_of(ring, cursor + 1 + i);
	return count;
}
