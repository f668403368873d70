// SPDX-License-Identifier: GPL-2.0
/* Building the table of ports. */
#include "ports.h"

/* A page while it is filled. */
union leaf {
	u32 value[NSG_PORTS_PAGE];
	u64 record[NSG_PORTS_PAGE * sizeof(u32) / sizeof(u64)];
};

/* The interval in which `port` lies, which is `interval` or the one after. */
static u32 interval_at(const struct nsg_axis *axis, u32 interval, u32 port)
{
	return interval + (interval + 1 < axis->count && axis->intervals[interval + 1].start.low == port);
}

/* Whether the page that begins at `port`, and the one before, lie in the interval as a whole. */
static bool repeats_page(const struct nsg_axis *axis, u32 interval, u32 port)
{
	return axis->intervals[interval].start.low + NSG_PORTS_PAGE <= port &&
	       (interval + 1 == axis->count ||
		axis->intervals[interval + 1].start.low >= port + NSG_PORTS_PAGE);
}

static void fill_pages(struct nsg_ports *ports, struct nsg_pool *pool, union leaf *leaf, const struct nsg_axis *axis,
		       const u32 *values)
{
	u32 interval = 0, number, i;

	for (number = 0; number < ARRAY_SIZE(ports->page); number++) {
		u32 first = number * NSG_PORTS_PAGE;
		bool same = number && repeats_page(axis, interval, first);

		for (i = 0; i < NSG_PORTS_PAGE && !same; i++) {
			interval = interval_at(axis, interval, first + i);
			leaf->value[i] = values[interval];
		}
		ports->page[number] = same ? ports->page[number - 1] :
					     nsg_pool_add(pool, leaf->record) * NSG_PORTS_PAGE;
		cond_resched();
	}
}

bool nsg_ports_build(struct nsg_ports *ports, const struct nsg_axis *axis, const u32 *values, u32 absent,
		     struct nsg_budget *budget)
{
	struct nsg_pool pool;
	union leaf *leaf;

	ports->absent = absent;
	if (axis->wild)
		return true;
	leaf = nsg_budget_take(budget, sizeof(*leaf));
	if (leaf && nsg_pool_init(&pool, budget, ARRAY_SIZE(leaf->record))) {
		fill_pages(ports, &pool, leaf, axis, values);
		ports->values = (u32 *)nsg_pool_finish(&pool, &ports->bytes);
	}
	nsg_budget_give(budget, leaf, sizeof(*leaf));
	return !budget->error;
}

void nsg_ports_free(struct nsg_ports *ports, struct nsg_budget *budget)
{
	nsg_budget_give(budget, ports->values, ports->bytes);
	ports->values = NULL;
}
