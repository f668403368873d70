// SPDX-License-Identifier: GPL-2.0
/* The counters of one binding's rules. */
#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/topology.h>

#include "counters.h"

/* A CPU's cells share no cache line with another's. */
static size_t cells_size(u32 rules)
{
	return ALIGN(max_t(size_t, rules, 1) * sizeof(struct nsg_cell), SMP_CACHE_BYTES);
}

void nsg_counters_free(struct nsg_counters *counters)
{
	int cpu;

	if (!counters)
		return;
	for_each_possible_cpu(cpu)
		nsg_kvfree(counters->cells[cpu]);
	nsg_kvfree(counters->base);
	nsg_kvfree(counters);
}

static bool add_cells(struct nsg_counters *counters)
{
	size_t size = cells_size(counters->rules);
	int cpu;

	for_each_possible_cpu(cpu) {
		counters->cells[cpu] = nsg_kvzalloc_node(size, cpu_to_node(cpu));
		if (!counters->cells[cpu])
			return false;
		counters->memory += size;
	}
	return true;
}

struct nsg_counters *nsg_counters_build(u32 rules)
{
	size_t size = sizeof(struct nsg_counters) + nr_cpu_ids * sizeof(struct nsg_cell *);
	size_t base = max_t(size_t, rules, 1) * sizeof(struct nsg_base);
	struct nsg_counters *counters = nsg_kvzalloc(size);

	if (!counters)
		return NULL;
	counters->rules = rules;
	counters->memory = size + base;
	counters->base = nsg_kvzalloc(base);
	if (counters->base && add_cells(counters))
		return counters;
	nsg_counters_free(counters);
	return NULL;
}

/* When, by CLOCK_BOOTTIME in milliseconds, the clock of jiffies stood at `then`. */
static u64 boot_milliseconds(u64 then)
{
	u64 ago = jiffies_to_msecs(get_jiffies_64() - then);

	return ktime_to_ms(ktime_get_boottime()) - ago;
}

static struct nsg_cell sum_cells(const struct nsg_counters *counters, u32 rule)
{
	struct nsg_cell sum = { .packets = 0 };
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct nsg_cell *cell = &counters->cells[cpu][rule];

		sum.packets += READ_ONCE(cell->packets);
		sum.bytes += READ_ONCE(cell->bytes);
		sum.last_hit = max_t(u64, sum.last_hit, READ_ONCE(cell->last_hit));
	}
	return sum;
}

/* Packets and bytes are compared apart: a packet may be caught between the two, and is seen whole the next time. */
void nsg_counters_read(struct nsg_counters *counters, u32 rule, u64 reading)
{
	struct nsg_base *base = &counters->base[rule];
	struct nsg_cell sum = sum_cells(counters, rule);

	sum.packets += base->packets;
	sum.bytes += base->bytes;
	if (sum.packets == base->seen_packets && sum.bytes == base->seen_bytes)
		return;
	base->seen_packets = sum.packets;
	base->seen_bytes = sum.bytes;
	base->changed = reading;
	if (sum.last_hit != base->seen_hit) {
		base->seen_hit = sum.last_hit;
		base->last_hit = boot_milliseconds(sum.last_hit);
	}
}

/* A shadow rule has counted every packet of this ruleset's time as shadow. */
static u64 shadow_packets(const struct nsg_base *base, const struct nsg_rule *rule)
{
	if (!(rule->flags & NSGATE_RULE_SHADOW))
		return base->shadow_packets;
	return base->shadow_packets + base->seen_packets - base->packets;
}

struct nsgate_rule_counters nsg_counters_report(const struct nsg_counters *counters, const struct nsg_rule *rule,
						u32 index)
{
	const struct nsg_base *base = &counters->base[index];

	return (struct nsgate_rule_counters){
		.id = rule->id,
		.packets = base->seen_packets,
		.bytes = base->seen_bytes,
		.shadow_packets = shadow_packets(base, rule),
		.last_hit = base->last_hit,
	};
}

struct nsg_base nsg_counters_carry(const struct nsg_counters *counters, const struct nsg_rule *rule, u32 index)
{
	struct nsg_base carry = counters->base[index];

	carry.shadow_packets = shadow_packets(&carry, rule);
	carry.packets = carry.seen_packets;
	carry.bytes = carry.seen_bytes;
	carry.seen_hit = 0;
	return carry;
}
