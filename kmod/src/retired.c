// SPDX-License-Identifier: GPL-2.0
/* Counts of rules that left a binding's ruleset. */
#include "retired.h"

static bool is_in(const struct nsg_ruleset *ruleset, u64 id)
{
	return nsg_ruleset_find(ruleset, id) != NSG_NO_RULE;
}

/* Rules that are first hit between the reservation and the last packet of `from` find room, too, if not many do. */
#define NSG_LATE_RULES	(8 * NSG_SHEET_RULES)

static u32 leaving(const struct nsg_ruleset *from, const struct nsg_counters *counters, const struct nsg_ruleset *to)
{
	u32 count = 0, i;

	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1)) {
		count += !is_in(to, from->rule[i].id);
		cond_resched();
	}
	return min_t(u32, count + NSG_LATE_RULES, from->rules);
}

struct nsg_retired *nsg_retired_build(const struct nsg_retired *earlier, const struct nsg_ruleset *from,
				      const struct nsg_counters *counters, const struct nsg_ruleset *to)
{
	u32 count = (earlier ? earlier->count : 0) + (from ? leaving(from, counters, to) : 0);
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

static void add_leaving(struct nsg_retired *retired, const struct nsg_ruleset *from,
			const struct nsg_counters *counters, const struct nsg_ruleset *to, u64 reading)
{
	struct nsg_base base;
	u32 i;

	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1)) {
		cond_resched();
		if (is_in(to, from->rule[i].id))
			continue;
		base = nsg_counters_carry(counters, &from->rule[i], i, reading);
		if (base.packets)
			add(retired, from->rule[i].id, &base);
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
