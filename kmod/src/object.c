// SPDX-License-Identifier: GPL-2.0
/* Checks a put's ruleset as a whole, and the packet that a classify request describes. */
#include "parse.h"
#include "request.h"

struct id {
	u64 id;
	const struct nsgate_rule *rule;
	u32 index;
};

static int compare_ids(const void *a, const void *b)
{
	const struct id *x = a, *y = b;

	if (!(x->index % 16))
		cond_resched();		/* sort() itself does not */
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int check_sorted_ids(struct nsg_parse *parse, const struct id *ids, u32 count)
{
	u32 i;

	for (i = 1; i < count; i++) {
		if (ids[i].id != ids[i - 1].id)
			continue;
		parse->refusal->rule = ids[i].index;
		return nsg_fault(parse, &ids[i].rule->id, -EINVAL, NSGATE_FIELD_RULE_ID,
				 "rule id 0x%llx is also that of rule %u", (unsigned long long)ids[i].id,
				 ids[i - 1].index);
	}
	return 0;
}

static int check_unique_ids(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	size_t bytes = ruleset->rules * sizeof(struct id);
	struct id *ids = nsg_kvzalloc(bytes);
	int error;
	u32 i;

	if (!ids)
		return nsg_refuse_memory(parse->refusal, bytes);
	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule))
		ids[i] = (struct id){ .id = rule->id, .rule = rule, .index = i };
	sort(ids, ruleset->rules, sizeof(*ids), compare_ids, NULL);
	error = check_sorted_ids(parse, ids, ruleset->rules);
	nsg_kvfree(ids);
	return error;
}

static int check_rules(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset)
{
	const u8 *at = (const u8 *)nsg_ruleset_rules(ruleset);
	const u8 *end = (const u8 *)ruleset + ruleset->head.length;
	int error;
	u32 i;

	for (i = 0; i < ruleset->rules; i++, at = nsg_rule_end((const void *)at)) {
		parse->refusal->rule = i;
		error = nsg_check_rule(parse, (const void *)at, end - at);
		if (error)
			return error;
		cond_resched();
	}
	parse->refusal->rule = NSGATE_NO_INDEX;
	if (at != end)
		return nsg_fault(parse, at, -EINVAL, NSGATE_FIELD_RULES, "%zu bytes follow the last of %u rules",
				 (size_t)(end - at), ruleset->rules);
	return 0;
}

static int check_defaults(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset)
{
	u32 hook;

	for (hook = 0; hook < NSGATE_HOOKS; hook++) {
		const u8 *verdict = &ruleset->default_verdict[hook];

		if (*verdict != NSGATE_ACCEPT && *verdict != NSGATE_DROP)
			return nsg_fault(parse, verdict, -EINVAL, NSGATE_FIELD_DEFAULT,
					 "default verdict %u of hook %u is neither accept nor drop", *verdict, hook);
	}
	return nsg_check_log(parse, &ruleset->default_log_rate, &ruleset->default_log_burst,
			     ruleset->default_log_rate) ?:
	       nsg_check_reserved(parse, ruleset->reserved, sizeof(ruleset->reserved));
}

int nsg_check_digest(struct nsg_parse *parse, const u8 *digest)
{
	if (memchr_inv(digest, 0, NSGATE_DIGEST_SIZE))
		return 0;
	return nsg_fault(parse, digest, -EINVAL, NSGATE_FIELD_DIGEST, "digest is all zeros, which stands for none");
}

int nsg_check_ruleset(struct nsg_parse *parse, const struct nsgate_ruleset *ruleset)
{
	int error = nsg_check_digest(parse, ruleset->digest);

	if (error)
		return error;
	if (ruleset->rules > NSGATE_MAX_RULES)
		return nsg_fault(parse, &ruleset->rules, -E2BIG, NSGATE_FIELD_RULES, "%u rules, over %u",
				 ruleset->rules, NSGATE_MAX_RULES);
	return check_defaults(parse, ruleset) ?:
	       check_rules(parse, ruleset) ?:
	       check_unique_ids(parse, ruleset);
}

/* An interface name that may be absent: then it is all NUL. */
static int check_optional_ifname(struct nsg_parse *parse, const char *name)
{
	return memchr_inv(name, 0, NSGATE_IFNAME_SIZE) ? nsg_check_ifname(parse, name) : 0;
}

static int check_addresses(struct nsg_parse *parse, const struct nsgate_classify *packet)
{
	if (packet->family != NSGATE_FAMILY_IPV4)
		return 0;
	return nsg_check_reserved(parse, packet->source + 4, sizeof(packet->source) - 4) ?:
	       nsg_check_reserved(parse, packet->destination + 4, sizeof(packet->destination) - 4);
}

int nsg_check_classify(struct nsg_parse *parse, const struct nsgate_classify *packet)
{
	if (packet->hook >= NSGATE_HOOKS)
		return nsg_fault(parse, &packet->hook, -EINVAL, NSGATE_FIELD_HOOK, "%u is no hook", packet->hook);
	if (packet->family != NSGATE_FAMILY_IPV4 && packet->family != NSGATE_FAMILY_IPV6)
		return nsg_fault(parse, &packet->family, -EINVAL, NSGATE_FIELD_FAMILIES,
				 "%u is not one address family", packet->family);
	if (packet->state > NSGATE_STATE_UNTRACKED || hweight8(packet->state) > 1)
		return nsg_fault(parse, &packet->state, -EINVAL, NSGATE_FIELD_MATCH_ITEM,
				 "0x%02x is not one connection state", packet->state);
	return check_addresses(parse, packet) ?:
	       nsg_check_reserved(parse, packet->reserved, sizeof(packet->reserved)) ?:
	       check_optional_ifname(parse, packet->in_if) ?:
	       check_optional_ifname(parse, packet->out_if);
}
