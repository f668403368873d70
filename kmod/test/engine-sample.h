/* SPDX-License-Identifier: GPL-2.0 */
/* Rulesets and packets for the tests of the engine: made by hand, at random, or like those of real firewalls. */
#ifndef _NSG_ENGINE_SAMPLE_H
#define _NSG_ENGINE_SAMPLE_H

#include "../src/search.h"
#include "dice.h"

/* A ruleset being written, as a put of it would stand in a request. */
struct sample {
	u8 *bytes;
	size_t length;
	size_t room;
	size_t rule;		/* where the last rule and match begin */
	size_t match;
};

void sample_begin(struct sample *sample);
void sample_rule(struct sample *sample, u8 hook, u8 families);
void sample_match(struct sample *sample, u16 kind, u16 flags);
void sample_item(struct sample *sample, const void *item);

/* The ruleset so far; belongs to the sample. */
const struct nsgate_ruleset *sample_ruleset(struct sample *sample);

void sample_free(struct sample *sample);

#endif /* _NSG_ENGINE_SAMPLE_H */
