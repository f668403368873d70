/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers at random that a seed determines. */
#ifndef _NSG_DICE_H
#define _NSG_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* splitmix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014) */
static inline uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint32_t dice_below(struct dice *dice, uint32_t bound)
{
	return (dice_roll(dice) >> 32) * bound >> 32;
}

static inline bool dice_chance(struct dice *dice, uint32_t percent)
{
	return dice_below(dice, 100) < percent;
}

#endif /* _NSG_DICE_H */
