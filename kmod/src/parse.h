/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the request parser share: where the request begins, and where a fault is noted. */
#ifndef _NSG_PARSE_H
#define _NSG_PARSE_H

#include "refusal.h"

struct nsg_request;

struct nsg_parse {
	const u8 *bytes;
	struct nsgate_refusal *refusal;	/* object, rule, match and item follow the parser down and up again */
};

/* Refuses for what stands at `at`, a pointer into the request. */
__printf(5, 6)
int nsg_fault(struct nsg_parse *parse, const void *at, int error, enum nsgate_field field,
	      const char *reason, ...);

/* Refuses unless `count` bytes at `at` are all zero. */
int nsg_check_reserved(struct nsg_parse *parse, const void *at, size_t count);

/* Checks a match whose head and items lie within `room` bytes; sets `*length` to its bytes with padding. */
int nsg_check_match(struct nsg_parse *parse, const struct nsgate_match *match, size_t room, u32 *length);

/* Refuses a name that no interface can have: empty, not NUL-padded, with a slash, a colon or a blank. */
int nsg_check_ifname(struct nsg_parse *parse, const char *name);

/* Checks a rule within `room` bytes, its matches, and how they fit together. */
int nsg_check_rule(struct nsg_parse *parse, const struct nsgate_rule *rule, size_t room);

/* Checks the ruleset of a put of `head.length` bytes, all of which are there. */
int nsg_check_ruleset(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset);

/* Checks a digest: any but all zeros, which stands for none. */
int nsg_check_digest(struct nsg_parse *parse, const u8 *digest);

/* Checks a prefix of this family; what is wrong with the address or the length is of this field. */
int nsg_check_prefix(struct nsg_parse *parse, const void *prefix, bool ipv6, enum nsgate_field field);

/* Refuses the name of an address set that is empty or not NUL-padded, as of this field. */
int nsg_check_set_name(struct nsg_parse *parse, const struct nsgate_set_name *name, enum nsgate_field field);

/* Checks the object that puts or changes an address set, `head.length` bytes of which are there. */
int nsg_check_set(struct nsg_parse *parse, const struct nsgate_set *set);
int nsg_check_set_delta(struct nsg_parse *parse, const struct nsgate_set_delta *delta);

/* Reads a commit's objects into the request's groups, which nsg_request_free() frees. */
int nsg_parse_objects(struct nsg_parse *parse, struct nsg_request *request);

/* Checks the rate and the burst of a log: both 0 without one, neither with it. */
int nsg_check_log(struct nsg_parse *parse, const __u16 *rate, const __u16 *burst, bool logs);

/* Checks the packet that a classify request describes. */
int nsg_check_classify(struct nsg_parse *parse, const struct nsgate_classify *packet);

#endif /* _NSG_PARSE_H */
