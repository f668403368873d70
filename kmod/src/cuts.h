/* SPDX-License-Identifier: GPL-2.0 */
/* Where the ranges of an axis begin and end, and how to make do with fewer such places. */
#ifndef _NSG_CUTS_H
#define _NSG_CUTS_H

#include "range.h"
#include "vector.h"

#define NSG_EVENTS_AT_ONCE	4096U	/* then it is time to reschedule */

struct nsg_event {
	struct nsg_point at;
	u32 rule;
	s32 step;		/* items of the rule that cover: 1 where one begins, -1 after it has ended */
};

/* An axis' events, in order. */
struct nsg_cuts {
	const struct nsg_event *from;
	u32 count;
	struct nsg_event *to;	/* room for as many */
	u32 kept;		/* written there */
	const u64 *outside;	/* bit per rule: it holds where none of its items covers */
	u64 *verify;		/* bit per rule, set if an event of the rule is moved */
	u32 most;		/* cuts that are to be left */
};

static inline bool nsg_same_place(const struct nsg_event *a, const struct nsg_event *b)
{
	return a->at.high == b->at.high && a->at.low == b->at.low;
}

/* Writes the events, in order and moved to at most `most` cuts. False, and nothing is done, if there are no more. */
bool nsg_cuts_move(struct nsg_cuts *cuts);

#endif /* _NSG_CUTS_H */
