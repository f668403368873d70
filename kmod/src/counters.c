// SPDX-License-Identifier: GPL-2.0
/* The counters of one binding's rules. */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "counters.h"

static size_t bytes_of(u32 rules)
{
	return sizeof(struct nsg_counters) + nr_cpu_ids * sizeof(struct nsg_ledger) +
	       nsg_sheets_for(rules) * sizeof(struct nsg_bases *);
}

struct nsg_counters *nsg_counters_build(u32 rules)
{
	struct nsg_counters *counters = nsg_kvzalloc(bytes_of(rules));
	int cpu;

	if (!counters)
		return NULL;
	counters->rules = rules;
	counters->bases = (struct nsg_bases **)&counters->ledger[nr_cpu_ids];
	for_each_possible_cpu(cpu)
		nsg_ledger_init(&counters->ledger[cpu], rules);
	return counters;
}

void nsg_counters_free(struct nsg_counters *counters)
{
	u32 i;
	int cpu;

	if (!counters)
		return;
	for_each_possible_cpu(cpu)
		nsg_ledger_clear(&counters->ledger[cpu]);
	for (i = 0; i < nsg_sheets_for(counters->rules); i++)
		nsg_kvfree(counters->bases[i]);
	nsg_kvfree(counters);
}

u64 nsg_counters_memory(const struct nsg_counters *counters)
{
	u64 bytes = bytes_of(counters->rules);
	u32 i;
	int cpu;

	for_each_possible_cpu(cpu)
		bytes += nsg_ledger_memory(&counters->ledger[cpu]);
	for (i = 0; i < nsg_sheets_for(counters->rules); i++)
		bytes += counters->bases[i] ? sizeof(struct nsg_bases) : 0;
	return bytes;
}

static bool make_bases(struct nsg_counters *counters, u32 sheet)
{
	if (!counters->bases[sheet])
		counters->bases[sheet] = nsg_kvzalloc(sizeof(struct nsg_bases));
	return counters->bases[sheet];
}

bool nsg_counters_reserve(struct nsg_counters *counters, u32 rule)
{
	return make_bases(counters, rule / NSG_SHEET_RULES);
}

void nsg_counters_trim(struct nsg_counters *counters)
{
	u32 i;

	for (i = 0; i < nsg_sheets_for(counters->rules); i++) {
		if (!counters->bases[i] || memchr_inv(counters->bases[i], 0, sizeof(struct nsg_bases)))
			continue;
		nsg_kvfree(counters->bases[i]);
		counters->bases[i] = NULL;
		cond_resched();
	}
}

bool nsg_counters_set_base(struct nsg_counters *counters, u32 rule, const struct nsg_base *base)
{
	if (!make_bases(counters, rule / NSG_SHEET_RULES))
		return false;
	counters->bases[rule / NSG_SHEET_RULES]->base[rule % NSG_SHEET_RULES] = *base;
	return true;
}

static const struct nsg_base *base_of(const struct nsg_counters *counters, u32 rule)
{
	static const struct nsg_base nothing;
	const struct nsg_bases *bases = counters->bases[rule / NSG_SHEET_RULES];

	return bases ? &bases->base[rule % NSG_SHEET_RULES] : &nothing;
}

/* When, by CLOCK_BOOTTIME in milliseconds, the clock of jiffies stood at `then`. */
static u64 boot_milliseconds(u64 then)
{
	u64 ago = (get_jiffies_64() - then) * MSEC_PER_SEC / HZ;	/* jiffies_to_msecs() ends at 49 days */

	return ktime_to_ms(ktime_get_boottime()) - ago;
}

static struct nsg_cell sum_cells(const struct nsg_counters *counters, u32 rule)
{
	struct nsg_cell sum = { .packets = 0 };
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nsg_sheet *sheet = nsg_ledger_sheet(&counters->ledger[cpu], rule / NSG_SHEET_RULES);
		const struct nsg_cell *cell;

		if (!sheet)
			continue;
		cell = &sheet->cell[rule % NSG_SHEET_RULES];
		sum.packets += READ_ONCE(cell->packets);
		sum.bytes += READ_ONCE(cell->bytes);
		sum.last_hit = max_t(u64, sum.last_hit, READ_ONCE(cell->last_hit));
	}
	return sum;
}

/*
 * The rule's base with all that was counted seen, in `*now`. Returns whether that is more than was seen before. Packets
 * and bytes are compared apart: a packet may be caught between the two, and is seen whole the next time.
 */
static bool look(const struct nsg_counters *counters, u32 rule, u64 reading, struct nsg_base *now)
{
	struct nsg_cell sum = sum_cells(counters, rule);

	*now = *base_of(counters, rule);
	sum.packets += now->packets;
	sum.bytes += now->bytes;
	if (sum.packets == now->seen_packets && sum.bytes == now->seen_bytes)
		return false;
	now->seen_packets = sum.packets;
	now->seen_bytes = sum.bytes;
	now->changed = reading;
	if (sum.last_hit != now->seen_hit) {
		now->seen_hit = sum.last_hit;
		now->last_hit = boot_milliseconds(sum.last_hit);
	}
	return true;
}

static bool has_sheet(const struct nsg_counters *counters, u32 number)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (nsg_ledger_sheet(&counters->ledger[cpu], number))
			return true;
	return false;
}

static bool read_sheet(struct nsg_counters *counters, u32 number, u64 reading)
{
	u32 rule = number * NSG_SHEET_RULES, end = min_t(u32, rule + NSG_SHEET_RULES, counters->rules);
	struct nsg_base now;

	for (; rule < end; rule++) {
		if (!look(counters, rule, reading, &now))
			continue;
		if (!nsg_counters_set_base(counters, rule, &now))
			return false;
	}
	return true;
}

bool nsg_counters_read(struct nsg_counters *counters, u64 reading)
{
	u32 i;

	for (i = 0; i < nsg_sheets_for(counters->rules); i++) {
		if (has_sheet(counters, i) && !read_sheet(counters, i, reading))
			return false;
		cond_resched();
	}
	return true;
}

u64 nsg_counters_changed(const struct nsg_counters *counters, u32 rule)
{
	return base_of(counters, rule)->changed;
}

/* A shadow rule has counted every packet of this ruleset's time as shadow. */
static u64 shadow_packets(const struct nsg_base *base, const struct nsg_rule *rule)
{
	if (!(rule->flags & NSGATE_RULE_SHADOW))
		return base->shadow_packets;
	return base->shadow_packets + base->seen_packets - base->packets;
}

static struct nsgate_rule_counters report(const struct nsg_rule *rule, const struct nsg_base *base)
{
	return (struct nsgate_rule_counters){
		.id = rule->id,
		.packets = base->seen_packets,
		.bytes = base->seen_bytes,
		.shadow_packets = shadow_packets(base, rule),
		.last_hit = base->last_hit,
	};
}

struct nsgate_rule_counters nsg_counters_report(const struct nsg_counters *counters, const struct nsg_rule *rule,
						u32 index)
{
	return report(rule, base_of(counters, index));
}

struct nsgate_rule_counters nsg_counters_look(const struct nsg_counters *counters, const struct nsg_rule *rule,
					      u32 index, u64 reading, u64 *changed)
{
	struct nsg_base now;

	look(counters, index, reading, &now);
	*changed = now.changed;
	return report(rule, &now);
}

u32 nsg_counters_next(const struct nsg_counters *counters, u32 from)
{
	u32 sheet = from / NSG_SHEET_RULES;

	while (from < counters->rules && !counters->bases[sheet] && !has_sheet(counters, sheet))
		from = ++sheet * NSG_SHEET_RULES;
	return min_t(u32, from, counters->rules);
}

struct nsg_base nsg_counters_carry(const struct nsg_counters *counters, const struct nsg_rule *rule, u32 index,
				   u64 reading)
{
	struct nsg_base carry;

	look(counters, index, reading, &carry);
	carry.shadow_packets = shadow_packets(&carry, rule);
	carry.packets = carry.seen_packets;
	carry.bytes = carry.seen_bytes;
	carry.seen_hit = 0;
	return carry;
}
