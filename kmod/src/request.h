/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes of one write() to a validated request. Pure: the same bytes give the same answer, whatever the module holds. */
#ifndef _NSG_REQUEST_H
#define _NSG_REQUEST_H

#include "pure.h"
#include "../uapi/nsgate.h"

/* An object of a commit, and where it stood, for refusals that come only when it meets the module's state. */
struct nsg_object {
	union {
		const struct nsgate_object *head;
		const struct nsgate_ruleset *ruleset;
		const struct nsgate_ruleset_drop *drop;
		const struct nsgate_bind *bind;
		const struct nsgate_unbind *unbind;
		const struct nsgate_release *release;
		const struct nsgate_setting *setting;
		const struct nsgate_set *set;
		const struct nsgate_set_delta *set_delta;
		const struct nsgate_set_drop *set_drop;
	};
	u32 index;
};

/* Objects of one type, in order of digest, inode, number or name: of what they are known by. None is named twice. */
struct nsg_objects {
	struct nsg_object *at;
	u32 count;
};

/*
 * A request whose every byte has been checked against nsgate.h. It points into the bytes it was read from, which must
 * outlive it; release with nsg_request_free().
 */
struct nsg_request {
	const u8 *bytes;
	u32 length;
	u16 op;					/* enum nsgate_op; 0 if it could not be read */
	u64 tag;
	const struct nsgate_stats_request *stats;	/* NSGATE_OP_STATS */
	const struct nsgate_classify *classify;		/* NSGATE_OP_CLASSIFY */
	const struct nsgate_events_request *events;	/* NSGATE_OP_EVENTS */
	struct nsg_object *objects;			/* NSGATE_OP_COMMIT: memory of the groups */
	struct nsg_objects puts;
	struct nsg_objects drops;
	struct nsg_objects binds;
	struct nsg_objects unbinds;
	struct nsg_objects releases;
	struct nsg_objects settings;
	struct nsg_objects set_puts;
	struct nsg_objects set_deltas;
	struct nsg_objects set_drops;
};

/* What rules may use, as nsgate_info reports it. */
#define NSG_MATCH_KINDS	(BIT(NSGATE_MATCH_SRC4) | BIT(NSGATE_MATCH_DST4) | BIT(NSGATE_MATCH_SRC6) |	\
			 BIT(NSGATE_MATCH_DST6) | BIT(NSGATE_MATCH_PROTOCOL) | BIT(NSGATE_MATCH_SPORT) |	\
			 BIT(NSGATE_MATCH_DPORT) | BIT(NSGATE_MATCH_ICMP4) | BIT(NSGATE_MATCH_ICMP6) |	\
			 BIT(NSGATE_MATCH_TCP_FLAGS) | BIT(NSGATE_MATCH_IN_IF) | BIT(NSGATE_MATCH_OUT_IF) |	\
			 BIT(NSGATE_MATCH_STATE) | BIT(NSGATE_MATCH_MARK) | BIT(NSGATE_MATCH_SRC_SET) |		\
			 BIT(NSGATE_MATCH_DST_SET))
#define NSG_ACTIONS	(BIT(NSGATE_ACCEPT) | BIT(NSGATE_DROP) | BIT(NSGATE_REJECT) | BIT(NSGATE_COUNT))
#define NSG_RULE_FLAGS	(NSGATE_RULE_SHADOW | NSGATE_RULE_LOG)
#define NSG_HOOKS	(BIT(NSGATE_HOOKS) - 1)

/* Hooks on which the kernel can answer a packet that it rejects. */
#define NSG_REJECT_HOOKS (BIT(NSGATE_HOOK_INPUT) | BIT(NSGATE_HOOK_FORWARD) | BIT(NSGATE_HOOK_OUTPUT))

/*
 * Reads a request from `length` bytes on an 8-byte boundary. Returns 0, or a negative errno with the place and the
 * reason in `refusal`: then there is nothing to free, and only `op` and `tag` may be used, as far as they were read.
 */
int nsg_request_parse(struct nsg_request *request, const void *bytes, size_t length,
		      struct nsgate_refusal *refusal);

void nsg_request_free(struct nsg_request *request);

/* The byte of the request at which `part` stands. */
static inline u32 nsg_request_offset(const struct nsg_request *request, const void *part)
{
	return (const u8 *)part - request->bytes;
}

/* Points refusals at an object, and at a part of it. */
static inline void nsg_refuse_at(struct nsgate_refusal *refusal, const struct nsg_request *request,
				 const struct nsg_object *object, const void *part)
{
	refusal->object = object->index;
	refusal->offset = nsg_request_offset(request, part);
}

/* The first match of a checked rule, and the one after. Matches end where the rule does. */
static inline const struct nsgate_match *nsg_rule_matches(const struct nsgate_rule *rule)
{
	return (const struct nsgate_match *)(rule + 1);
}

const struct nsgate_match *nsg_match_next(const struct nsgate_match *match);

static inline const void *nsg_rule_end(const struct nsgate_rule *rule)
{
	return (const u8 *)rule + rule->length;
}

static inline const struct nsgate_rule *nsg_ruleset_rules(const struct nsgate_ruleset *ruleset)
{
	return (const struct nsgate_rule *)(ruleset + 1);
}

/* Bytes of one item of a match of this kind. */
u32 nsg_item_size(u16 kind);

#endif /* _NSG_REQUEST_H */
