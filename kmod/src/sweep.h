/* SPDX-License-Identifier: GPL-2.0 */
/* One axis cut at the end points of a chain's rules: between two cuts the same rules can match. */
#ifndef _NSG_SWEEP_H
#define _NSG_SWEEP_H

#include "range.h"
#include "vector.h"

/* From `start` up to the next interval's, the rules of the vector at `vector` can match. */
struct nsg_interval {
	struct nsg_point start;
	u32 vector;
};

/* A chain's rules, in the order in which they are tried. */
struct nsg_rules {
	const struct nsgate_rule **rule;
	u32 count;
	u64 *verify;		/* bit per rule: its vectors say too much of it, its predicate must settle it */
	u32 exact_items;	/* a match of more items is taken for its hull, and verified */
	u32 joined_cells;	/* that a table of protocol and ports may have */
	u32 cuts;		/* of an axis, at most; ranges are widened to them (cuts.h) */
};

/* The result of a sweep, in order; the first interval starts at zero. Free with nsg_axis_free(). */
struct nsg_axis {
	struct nsg_interval *intervals;
	u32 count;
	u32 room;
	bool wild;		/* no rule has a match here */
	u32 absent;		/* vector of the rules that have no match here */
};

/* Sweeps the axis of matches of one kind. Returns false, and budget->error is set, if memory does not suffice. */
bool nsg_sweep(struct nsg_axis *axis, const struct nsg_rules *rules, u16 kind, struct nsg_vectors *vectors,
	       struct nsg_budget *budget);

/* Sets a bit in `wide` for each rule that covers a good part of the axis' intervals. False on failure, as above. */
bool nsg_sweep_wide(u64 *wide, const struct nsg_rules *rules, u16 kind, struct nsg_budget *budget);

void nsg_axis_free(struct nsg_axis *axis, struct nsg_budget *budget);

#endif /* _NSG_SWEEP_H */
