/* SPDX-License-Identifier: GPL-2.0 */
/* The plainest reading of what nsgate.h says of rules: the measure for the matcher. It shares no code with it. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "../src/key.h"

/*
 * The address sets that rules name, as the puts of them stand in a request. A packet on side 1 of the sets finds the
 * members of the next one, the last one's those of the first. A name that is not among them has none.
 */
struct reference_sets {
	const struct nsgate_set *const *puts;
	uint32_t count;
};

extern struct reference_sets reference_sets;

/* The set that a packet on a side finds by this name; one without members if there is none. */
const struct nsgate_set *reference_set(const struct nsgate_set_name *name, uint8_t side);

/* The first rule at or after index `from` that matches, or NSGATE_NO_INDEX. */
uint32_t reference_next(const struct nsgate_ruleset *ruleset, uint32_t from, const struct nsg_key *key);

#endif
