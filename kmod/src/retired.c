// SPDX-License-Identifier: GPL-2.0
/* Counts of rules that left a binding's ruleset. */
#include "retired.h"

static bool is_in(const struct nsg_ruleset *ruleset, u64 id)
{
	return nsg_ruleset_find(ruleset, id) != NSG_NO_RULE;
}

static u32 leaving(const struct nsg_ruleset *from, const struct nsg_ruleset *to)
{
	u32 count = 0, i;

	for (i = 0; i < from->rules; i++) {
		count += !is_in(to, from->by_id[i].id);
		cond_resched();
	}
	return count;
}

struct nsg_retired *nsg_retired_build(const struct nsg_retired *earlier, const struct nsg_ruleset *from,
				      const struct nsg_ruleset *to)
{
	u32 count = (earlier ? earlier->count : 0) + (from ? leaving(from, to) : 0);
	u32 capacity = min_t(u32, count, NSG_MAX_RETIRED);
	struct nsg_retired *retired = nsg_kvzalloc(sizeof(*retired) + capacity * sizeof(*retired->rules));

	if (retired)
		retired->capacity = capacity;
	return retired;
}

static void add(struct nsg_retired *retired, u64 id, const struct nsg_base *base)
{
	if (retired->count < retired->capacity)
		retired->rules[retired->count++] = (struct nsg_retired_rule){ .id = id, .base = *base };
}

static int compare(const void *a, const void *b)
{
	const struct nsg_retired_rule *x = a, *y = b;

	cond_resched();		/* sort() itself does not */
	if (x->id == y->id)
		return 0;
	return x->id < y->id ? -1 : 1;
}

static void add_leaving(struct nsg_retired *retired, const struct nsg_ruleset *from,
			const struct nsg_counters *counters, const struct nsg_ruleset *to, u64 reading)
{
	struct nsg_base base;
	u32 i;

	for (i = 0; i < from->rules; i++) {
		const struct nsg_rule_index *rule = &from->by_id[i];

		cond_resched();
		if (is_in(to, rule->id))
			continue;
		base = nsg_counters_carry(counters, &from->rule[rule->rule], rule->rule, reading);
		if (base.packets)
			add(retired, rule->id, &base);
	}
}

void nsg_retired_fill(struct nsg_retired *retired, const struct nsg_retired *earlier, const struct nsg_ruleset *from,
		      const struct nsg_counters *counters, const struct nsg_ruleset *to, u64 reading)
{
	u32 i;

	add_leaving(retired, from, counters, to, reading);
	for (i = 0; i < earlier->count; i++)
		if (!is_in(to, earlier->rules[i].id))
			add(retired, earlier->rules[i].id, &earlier->rules[i].base);
	sort(retired->rules, retired->count, sizeof(*retired->rules), compare, NULL);
}

struct nsg_retired *nsg_retired_trim(struct nsg_retired *retired)
{
	size_t rules = retired->count * sizeof(*retired->rules);
	struct nsg_retired *trimmed;

	if (retired->count == retired->capacity)
		return retired;
	trimmed = nsg_kvzalloc(sizeof(*trimmed) + rules);
	if (!trimmed)
		return retired;
	trimmed->capacity = retired->count;
	trimmed->count = retired->count;
	memcpy(trimmed->rules, retired->rules, rules);
	nsg_kvfree(retired);
	return trimmed;
}

const struct nsg_base *nsg_retired_find(const struct nsg_retired *retired, u64 id)
{
	u32 low = 0, high = retired->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (retired->rules[middle].id == id)
			return &retired->rules[middle].base;
		if (retired->rules[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
