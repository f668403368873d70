/* SPDX-License-Identifier: GPL-2.0 */
/* The plainest reading of what nsgate.h says of rules: the measure for the matcher. It shares no code with it. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "../src/key.h"

/* The first rule at or after index `from` that matches, or NSGATE_NO_INDEX. */
uint32_t reference_next(const struct nsgate_ruleset *ruleset, uint32_t from, const struct nsg_key *key);

#endif
