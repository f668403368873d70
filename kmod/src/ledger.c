// SPDX-License-Identifier: GPL-2.0
/* What one CPU counts for the rules of one binding. */
#include "ledger.h"
#include "../uapi/nsgate.h"

atomic64_t nsg_uncounted;

static struct kmem_cache *sheet_cache;

/* Stands for the table of every ledger in which nothing was counted yet. */
static struct nsg_sheet *const no_sheets[NSGATE_MAX_RULES / NSG_SHEET_RULES];

int nsg_ledgers_start(void)
{
	sheet_cache = kmem_cache_create("nsgate_sheet", sizeof(struct nsg_sheet), 0, SLAB_HWCACHE_ALIGN, NULL);
	return sheet_cache ? 0 : -ENOMEM;
}

void nsg_ledgers_stop(void)
{
	kmem_cache_destroy(sheet_cache);
}

static bool has_table(const struct nsg_ledger *ledger)
{
	return READ_ONCE(ledger->sheets) != no_sheets;
}

void nsg_ledger_init(struct nsg_ledger *ledger, u32 rules)
{
	ledger->sheets = (struct nsg_sheet **)no_sheets;
	ledger->count = nsg_sheets_for(rules);
}

void nsg_ledger_clear(struct nsg_ledger *ledger)
{
	u32 i;

	if (!has_table(ledger))
		return;
	for (i = 0; i < ledger->count; i++)
		if (ledger->sheets[i])
			kmem_cache_free(sheet_cache, ledger->sheets[i]);
	kfree(ledger->sheets);
}

u64 nsg_ledger_memory(const struct nsg_ledger *ledger)
{
	u64 bytes = 0;
	u32 i;

	if (!has_table(ledger))
		return 0;
	for (i = 0; i < ledger->count; i++)
		bytes += nsg_ledger_sheet(ledger, i) ? sizeof(struct nsg_sheet) : 0;
	return bytes + ledger->count * sizeof(*ledger->sheets);
}

static bool begin_table(struct nsg_ledger *ledger)
{
	struct nsg_sheet **table = kzalloc(ledger->count * sizeof(*table), GFP_ATOMIC | __GFP_NOWARN);

	if (table)
		smp_store_release(&ledger->sheets, table);	/* readers see it empty, not unwritten */
	return table;
}

static struct nsg_sheet *begin_sheet(struct nsg_ledger *ledger, u32 number)
{
	struct nsg_sheet *sheet;

	if (!has_table(ledger) && !begin_table(ledger))
		return NULL;
	sheet = kmem_cache_zalloc(sheet_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (sheet)
		smp_store_release(&ledger->sheets[number], sheet);	/* the same */
	return sheet;
}

struct nsg_sheet *nsg_ledger_begin_sheet(struct nsg_ledger *ledger, u32 number)
{
	struct nsg_sheet *sheet = begin_sheet(ledger, number);

	if (!sheet)
		atomic64_inc(&nsg_uncounted);
	return sheet;
}
