// SPDX-License-Identifier: GPL-2.0
/* The address sets that a ruleset's rules name. */
#include "setref.h"
#include "request.h"

/* What a name stands for until it is linked. */
static struct nsg_set without_members;

/* One naming: all of them are sorted, and the first of each name is kept. */
struct naming {
	const struct nsgate_set_name *name;
	u32 rule;
	u32 match;
	u32 item;
};

static int compare_namings(const void *a, const void *b)
{
	const struct naming *x = a, *y = b;
	int order = memcmp(x->name, y->name, sizeof(*x->name));

	cond_resched();
	if (order)
		return order;
	return x->name < y->name ? -1 : 1;	/* as they stand in the request */
}

static u32 add_match(struct naming *to, const struct nsgate_match *match, u32 rule, u32 number)
{
	const struct nsgate_set_name *name = (const struct nsgate_set_name *)(match + 1);
	u32 i;

	if (!nsg_match_names_sets(match))
		return 0;
	for (i = 0; to && i < match->count; i++)
		to[i] = (struct naming){ .name = &name[i], .rule = rule, .match = number, .item = i };
	return match->count;
}

/* How many namings there are; they go to `to` unless that is NULL. */
static u32 collect(struct naming *to, const struct nsgate_ruleset *ruleset)
{
	const struct nsgate_rule *rule = nsg_ruleset_rules(ruleset);
	const struct nsgate_match *match, *end;
	u32 count = 0, number, i;

	for (i = 0; i < ruleset->rules; i++, rule = nsg_rule_end(rule)) {
		end = nsg_rule_end(rule);
		match = nsg_rule_matches(rule);
		for (number = 0; match < end; match = nsg_match_next(match), number++)
			count += add_match(to ? to + count : NULL, match, i, number);
		cond_resched();
	}
	return count;
}

static bool is_new(const struct naming *namings, u32 i)
{
	return !i || memcmp(namings[i].name, namings[i - 1].name, sizeof(*namings->name));
}

static struct nsg_set_refs *keep_first(const struct naming *namings, u32 count, const struct nsgate_ruleset *ruleset,
				       struct nsg_budget *budget)
{
	struct nsg_set_refs *refs;
	u32 kept = 0, i;

	for (i = 0; i < count; i++) {
		kept += is_new(namings, i);
		cond_resched();
	}
	refs = nsg_budget_take(budget, sizeof(*refs) + kept * sizeof(*refs->ref));
	if (!refs)
		return NULL;
	refs->memory = sizeof(*refs) + kept * sizeof(*refs->ref);
	for (i = 0; i < count; i++) {
		cond_resched();
		if (!is_new(namings, i))
			continue;
		refs->ref[refs->count++] = (struct nsg_set_ref){
			.name = *namings[i].name, .set = &without_members,
			.rule = namings[i].rule, .match = namings[i].match, .item = namings[i].item,
			.offset = (const u8 *)namings[i].name - (const u8 *)ruleset };
	}
	return refs;
}

struct nsg_set_refs *nsg_set_refs_build(const struct nsgate_ruleset *ruleset, struct nsg_budget *budget)
{
	u32 count = collect(NULL, ruleset);
	size_t bytes = count * sizeof(struct naming);
	struct naming *namings = nsg_budget_take(budget, bytes);
	struct nsg_set_refs *refs;

	if (!namings)
		return NULL;
	collect(namings, ruleset);
	sort(namings, count, sizeof(*namings), compare_namings, NULL);
	refs = keep_first(namings, count, ruleset, budget);
	nsg_budget_give(budget, namings, bytes);
	return refs;
}

void nsg_set_refs_free(struct nsg_set_refs *refs)
{
	nsg_kvfree(refs);
}

const struct nsg_set_ref *nsg_set_refs_find(const struct nsg_set_refs *refs, const struct nsgate_set_name *name)
{
	u32 low = 0, high = refs->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order = memcmp(&refs->ref[middle].name, name, sizeof(*name));

		if (!order)
			return &refs->ref[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
