/* SPDX-License-Identifier: GPL-2.0 */
/* Random requests and packets, the same for the same seed. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "../src/key.h"
#include "wire.h"

void sample_seed(uint64_t seed);

/* A number below `below`. */
uint32_t sample(uint32_t below);

/*
 * A valid ruleset of up to `rules` rules, of every hook, family, action and kind of match, as an object of a commit.
 * Values are drawn from few, so that rules overlap and packets hit.
 */
void sample_ruleset(struct wire *w, uint32_t number, uint32_t rules);

/* The address sets that rules name: "s0" and on. */
#define SAMPLE_SETS	4

/* A valid put of set number `number`, of up to 30 members from the same few values. */
void sample_set(struct wire *w, uint32_t number);

/* A valid commit with every type of object. */
void sample_commit(struct wire *w);

/* A packet, whole or not, drawn from the same few values. */
struct nsg_key sample_key(void);

#endif
