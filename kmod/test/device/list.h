/* SPDX-License-Identifier: GPL-2.0 */
/* What the device says that it holds. */
#ifndef LIST_H
#define LIST_H

#include <stdint.h>

#include "../../uapi/nsgate.h"

struct nsgate_info info(void);

/* The listed namespace with this inode; all zeros if there is none. */
struct nsgate_namespace listed(uint32_t inode);

/* The listed ruleset with this number; all zeros if there is none. */
struct nsgate_ruleset_info listed_ruleset(uint32_t number);

/* The listed address set with this name; all zeros if there is none. */
struct nsgate_set_info listed_set(const char *name);

/* All counters of one rule in a namespace that is bound; id 0 if it is not there. */
struct nsgate_rule_counters counters(uint32_t inode, uint64_t id);

/* A hook's totals in a namespace that is bound. */
struct nsgate_totals totals(uint32_t inode, int hook);

/* A reply to STATS since `cursor`; the next cursor in `*next`. How many bindings and rules it had. */
void stats_since(uint64_t cursor, uint64_t *next, uint32_t *bindings, uint32_t *rules);

/* What a reply to STATS says of bindings that ended. */
struct ended {
	uint64_t cursor;		/* for the next request */
	uint32_t lost;
	uint32_t bindings;		/* that ended, and the rules that are told of them */
	uint32_t rules;
	uint64_t packets;		/* of those rules */
	struct nsgate_binding_stats last;	/* the last of the bindings, and the last rule told of it */
	struct nsgate_rule_counters rule;
};

struct ended ended_since(uint64_t cursor);

/* Has the module let go of what ended: all of it is read. */
void acknowledge_ended(void);

/* What would become of a packet. */
struct nsgate_classified classified(const struct nsgate_classify *packet);

#endif
