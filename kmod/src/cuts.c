// SPDX-License-Identifier: GPL-2.0
/*
 * An axis with too many ends of ranges for the memory that there is: one in so many places stays a cut, and what begins
 * or ends between two cuts is moved to one of them, always so that its rule comes to hold in more places, never in
 * fewer. Vectors then say too much of that rule, and its predicate settles it; rules that only have ends at cuts stay
 * exact.
 *
 *	places		10  20  30  40  50  60		of which 10, 30 and 50 stay
 *	A		[-------)			from 10 to 30: as it is
 *	B		    [-------)			from 20 to 40: now from 10 to 50
 *	not C		    [---------------)		but from 20 to 60: now but from 30, never to end
 *	not D		    [---)			but from 20 to 30: now it holds everywhere
 */
#include "cuts.h"

static u32 count_places(const struct nsg_cuts *cuts)
{
	u32 places = 0, i;

	for (i = 0; i < cuts->count; i++) {
		places += !i || !nsg_same_place(&cuts->from[i], &cuts->from[i - 1]);
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	return places;
}

/* The first event of the next cut, which is `stride` places on. */
static u32 next_cut(const struct nsg_cuts *cuts, u32 cut, u32 stride)
{
	u32 i;

	for (i = cut + 1; i < cuts->count; i++) {
		if (!nsg_same_place(&cuts->from[i], &cuts->from[i - 1]) && !--stride)
			break;
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	return i;
}

static bool bit_of(const u64 *bits, u32 rule)
{
	return bits[rule / NSG_WORD_RULES] >> (rule % NSG_WORD_RULES) & 1;
}

/* Whether its rule comes to hold in more places if the event comes earlier. */
static bool grows_downwards(const struct nsg_cuts *cuts, const struct nsg_event *event)
{
	return (event->step > 0) != bit_of(cuts->outside, event->rule);
}

static void keep(struct nsg_cuts *cuts, const struct nsg_event *event, struct nsg_point at)
{
	cuts->to[cuts->kept] = *event;
	cuts->to[cuts->kept++].at = at;
}

/* Writes those of the events from one cut up to the next that stay at the first or are moved there. */
static void keep_lower(struct nsg_cuts *cuts, u32 cut, u32 next)
{
	u32 i;

	for (i = cut; i < next; i++) {
		const struct nsg_event *event = &cuts->from[i];

		if (nsg_same_place(event, &cuts->from[cut]) || grows_downwards(cuts, event))
			keep(cuts, event, cuts->from[cut].at);
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
}

/* And those that are moved to the second; beyond the last cut nothing changes any more. */
static void keep_upper(struct nsg_cuts *cuts, u32 cut, u32 next)
{
	u32 i;

	for (i = cut; i < next; i++) {
		const struct nsg_event *event = &cuts->from[i];

		if (nsg_same_place(event, &cuts->from[cut]))
			continue;
		cuts->verify[event->rule / NSG_WORD_RULES] |= 1ULL << (event->rule % NSG_WORD_RULES);
		if (next < cuts->count && !grows_downwards(cuts, event))
			keep(cuts, event, cuts->from[next].at);
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
}

bool nsg_cuts_move(struct nsg_cuts *cuts)
{
	u32 places = count_places(cuts);
	u32 cut, next;

	if (places <= cuts->most)
		return false;
	for (cut = 0; cut < cuts->count; cut = next) {
		next = next_cut(cuts, cut, DIV_ROUND_UP(places, cuts->most));
		keep_lower(cuts, cut, next);
		keep_upper(cuts, cut, next);
	}
	return true;
}
