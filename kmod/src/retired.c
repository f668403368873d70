// SPDX-License-Identifier: GPL-2.0
/* Counts of rules that left a binding's ruleset. */
#include "retired.h"

static bool is_in(const struct nsg_ruleset *ruleset, u64 id)
{
	return nsg_ruleset_find(ruleset, id) != NSG_NO_RULE;
}

/* Rules of `from` that may have been hit, and are not in `to`. */
static u32 leaving(const struct nsg_ruleset *from, const struct nsg_counters *counters, const struct nsg_ruleset *to)
{
	u32 count = 0, i;

	for (i = nsg_counters_next(counters, 0); i < counters->rules; i = nsg_counters_next(counters, i + 1)) {
		count += !is_in(to, from->rule[i].id);
		cond_resched();
	}
	return count;
}

static struct nsg_retired *make(u32 capacity)
{
	struct nsg_retired *retired = nsg_kvzalloc(sizeof(*retired) + capacity * sizeof(*retired->rules));

	if (retired)
		retired->capacity = capacity;
	return retired;
}

static u32 room_for(const struct nsg_retired *earlier, const struct nsg_ruleset *from,
		    const struct nsg_counters *counters, const struct nsg_ruleset *to)
{
	return min_t(u32, earlier->count + leaving(from, counters, to), NSG_MAX_RETIRED);
}

struct nsg_retired *nsg_retired_build(const struct nsg_retired *earlier, const struct nsg_ruleset *from,
				      const struct nsg_counters *counters, const struct nsg_ruleset *to)
{
	return make(earlier ? room_for(earlier, from, counters, to) : 0);
}

/* `retired`, which is empty, with room for so many if there is memory for it. */
static struct nsg_retired *enlarge(struct nsg_retired *retired, u32 room)
{
	struct nsg_retired *larger = room > retired->capacity ? make(room) : NULL;

	if (!larger)
		return retired;
	nsg_kvfree(retired);
	return larger;
}

static bool add(struct nsg_retired *retired, u64 id, const struct nsg_base *base)
{
	if (retired->count == retired->capacity)
		return false;
	retired->rules[retired->count++] = (struct nsg_retired_rule){ .id = id, .base = *base };
	return true;
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
		if (base.packets && !add(retired, from->rule[i].id, &base))
			atomic64_add(base.packets, &nsg_uncounted);
	}
}

static struct nsg_retired *trim(struct nsg_retired *retired)
{
	struct nsg_retired *trimmed = retired->count < retired->capacity ? make(retired->count) : NULL;

	if (!trimmed)
		return retired;
	trimmed->count = retired->count;
	memcpy(trimmed->rules, retired->rules, retired->count * sizeof(*retired->rules));
	nsg_kvfree(retired);
	return trimmed;
}

struct nsg_retired *nsg_retired_fill(struct nsg_retired *retired, const struct nsg_retired *earlier,
				     const struct nsg_ruleset *from, const struct nsg_counters *counters,
				     const struct nsg_ruleset *to, u64 reading)
{
	u32 i;

	retired = enlarge(retired, room_for(earlier, from, counters, to));
	add_leaving(retired, from, counters, to, reading);
	for (i = 0; i < earlier->count; i++)
		if (!is_in(to, earlier->rules[i].id))
			add(retired, earlier->rules[i].id, &earlier->rules[i].base);
	return trim(retired);
}
