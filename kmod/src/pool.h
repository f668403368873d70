/* SPDX-License-Identifier: GPL-2.0 */
/* Records of one size, each kept once: equal records get equal numbers. What the engine's tables are shared by. */
#ifndef _NSG_POOL_H
#define _NSG_POOL_H

#include "budget.h"

/* While a matcher is built; of a finished one only the records are kept. */
struct nsg_pool {
	struct nsg_budget *budget;
	u64 *records;
	u32 *slots;		/* by hash: a record's number + 1, or 0; twice as many as there is room for records */
	u32 width;		/* u64s of a record */
	u32 count;
	u32 room;		/* records, a power of two */
};

/* Begins with one record, number 0, of zeros. Returns false, and budget->error is set, if there is no memory. */
bool nsg_pool_init(struct nsg_pool *pool, struct nsg_budget *budget, u32 width);

/*
 * The number of the record equal to `record`, which is added if need be and must not lie in the pool itself. 0, and
 * budget->error is set, if there is no memory. Two numbers may stand for equal records when hashes collide too often.
 */
u32 nsg_pool_add(struct nsg_pool *pool, const u64 *record);

static inline const u64 *nsg_pool_at(const struct nsg_pool *pool, u32 number)
{
	return pool->records + (size_t)number * pool->width;
}

/* Takes the records out, in memory of just their size, `*bytes`; NULL, and budget->error is set, if there is none. */
u64 *nsg_pool_finish(struct nsg_pool *pool, size_t *bytes);

void nsg_pool_free(struct nsg_pool *pool);

#endif /* _NSG_POOL_H */
