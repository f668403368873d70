// SPDX-License-Identifier: GPL-2.0
/* Records of one size, each kept once: a hash table with linear probing beside the array of records. */
#include "pool.h"

#define ROOM	16U		/* of a new pool */
#define PROBES	32U		/* then a record is kept twice rather than searched for longer */

static size_t bytes_of_records(const struct nsg_pool *pool, u32 count)
{
	return (size_t)count * pool->width * sizeof(*pool->records);
}

static size_t bytes_of_slots(u32 room)
{
	return (size_t)room * 2 * sizeof(u32);
}

static u32 hash(const struct nsg_pool *pool, const u64 *record)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < pool->width; i++) {
		sum = (sum ^ record[i]) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return sum >> 32;
}

static bool equal(const struct nsg_pool *pool, u32 number, const u64 *record)
{
	return !memcmp(nsg_pool_at(pool, number), record, bytes_of_records(pool, 1));
}

/* The slot of an equal record, else an empty one, else (too many probes) NULL. */
static u32 *find_slot(const struct nsg_pool *pool, const u64 *record)
{
	u32 mask = pool->room * 2 - 1;
	u32 at = hash(pool, record) & mask;
	u32 probes;

	for (probes = 0; probes < PROBES; probes++, at = (at + 1) & mask)
		if (!pool->slots[at] || equal(pool, pool->slots[at] - 1, record))
			return &pool->slots[at];
	return NULL;
}

static void index_records(struct nsg_pool *pool)
{
	u32 *slot, i;

	for (i = 0; i < pool->count; i++) {
		slot = find_slot(pool, nsg_pool_at(pool, i));
		if (slot && !*slot)
			*slot = i + 1;
		if (!(i % 1024))
			cond_resched();
	}
}

static bool grow(struct nsg_pool *pool, u32 room)
{
	u64 *records = nsg_budget_take(pool->budget, bytes_of_records(pool, room));
	u32 *slots = nsg_budget_take(pool->budget, bytes_of_slots(room));

	if (!records || !slots) {
		nsg_budget_give(pool->budget, records, bytes_of_records(pool, room));
		nsg_budget_give(pool->budget, slots, bytes_of_slots(room));
		return false;
	}
	if (pool->count)
		memcpy(records, pool->records, bytes_of_records(pool, pool->count));
	nsg_budget_give(pool->budget, pool->records, bytes_of_records(pool, pool->room));
	nsg_budget_give(pool->budget, pool->slots, bytes_of_slots(pool->room));
	pool->records = records;
	pool->slots = slots;
	pool->room = room;
	index_records(pool);
	return true;
}

bool nsg_pool_init(struct nsg_pool *pool, struct nsg_budget *budget, u32 width)
{
	*pool = (struct nsg_pool){ .budget = budget, .width = width };
	if (!grow(pool, ROOM))
		return false;
	pool->count = 1;
	index_records(pool);
	return true;
}

u32 nsg_pool_add(struct nsg_pool *pool, const u64 *record)
{
	u32 *slot;

	if (!pool->records)
		return 0;
	slot = find_slot(pool, record);
	if (slot && *slot)
		return *slot - 1;
	if (pool->count == pool->room) {
		if (!grow(pool, pool->room * 2))
			return 0;
		slot = find_slot(pool, record);
	}
	memcpy(pool->records + (size_t)pool->count * pool->width, record, bytes_of_records(pool, 1));
	if (slot)
		*slot = pool->count + 1;
	return pool->count++;
}

u64 *nsg_pool_finish(struct nsg_pool *pool, size_t *bytes)
{
	u64 *records = NULL;

	*bytes = bytes_of_records(pool, pool->count);
	if (pool->records)
		records = nsg_budget_trim(pool->budget, pool->records, bytes_of_records(pool, pool->room), *bytes);
	pool->records = NULL;
	nsg_pool_free(pool);
	return records;
}

void nsg_pool_free(struct nsg_pool *pool)
{
	if (!pool->budget)
		return;
	nsg_budget_give(pool->budget, pool->records, bytes_of_records(pool, pool->room));
	nsg_budget_give(pool->budget, pool->slots, bytes_of_slots(pool->room));
	*pool = (struct nsg_pool){ .records = NULL };
}
