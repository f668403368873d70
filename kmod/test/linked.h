/* SPDX-License-Identifier: GPL-2.0 */
/* Address sets in user space, for rulesets that name them. */
#ifndef LINKED_H
#define LINKED_H

#include "../src/ruleset.h"
#include "../src/request.h"

/* The sets that a request puts; on side 1 each has the members of the next, as reference.h says. */
struct linked_sets {
	struct nsg_set *sets;
	const struct nsgate_set **puts;
	uint32_t count;
};

/* Makes them, and lets the reference know them. */
struct linked_sets linked_sets_build(const struct nsg_request *request);

void linked_sets_free(struct linked_sets *linked);

/* Links a ruleset to them. */
void linked_sets_link(const struct linked_sets *linked, struct nsg_set_refs *refs);

#endif
