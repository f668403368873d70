/* SPDX-License-Identifier: GPL-2.0 */
/* Rulesets of all kinds of matches at random, and packets near their end points. */
#ifndef _NSG_ENGINE_DRAW_H
#define _NSG_ENGINE_DRAW_H

#include "engine-sample.h"

/* How wild a ruleset is. */
struct taste {
	u32 rules;
	u32 hooks;
	u32 items;		/* in a match, at most */
	u32 addresses;		/* different addresses that prefixes are drawn from */
	u32 other;		/* percent of rules with matches beyond the five fields */
	u32 negated;		/* percent of matches */
	u32 wild;		/* percent: of rules, per field, without a match on it */
};

/* All that is drawn comes from here: its seed determines a run. */
extern struct dice dice;

static inline u32 below(u32 bound)
{
	return dice_below(&dice, bound);
}

static inline bool chance(u32 percent)
{
	return dice_chance(&dice, percent);
}

struct taste draw_taste(void);
void draw_ruleset(struct sample *sample, const struct taste *taste);
void draw_packet(struct nsg_key *key, const struct taste *taste);

#endif /* _NSG_ENGINE_DRAW_H */
