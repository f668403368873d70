/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one CPU counts for the rules of one binding. Most rules of most bindings are never hit, and fewer still on every
 * CPU. So cells come in sheets, each for NSG_SHEET_RULES rules that follow one another, and a sheet is made by the
 * packet that first hits one of its rules. Until a CPU has hit any, its ledger has the empty table that all share:
 * packets ask for the sheet, never for the table.
 */
#ifndef _NSG_LEDGER_H
#define _NSG_LEDGER_H

#include "pure.h"

/* One rule's counters on one CPU; written by that CPU alone, with bottom halves off. */
struct nsg_cell {
	u64 packets;
	u64 bytes;
	u64 last_hit;		/* in the caller's clock; 0 for never */
};

#define NSG_SHEET_RULES	32U	/* so that a table of sheets for the most rules is one page */

struct nsg_sheet {
	struct nsg_cell cell[NSG_SHEET_RULES];
};

/*
 * Written by its CPU alone, with bottom halves off, as its cells are: it never loses a sheet before it is freed, a
 * grace period after the last packet could reach it. Other CPUs may read it at any time.
 */
struct nsg_ledger {
	struct nsg_sheet **sheets;	/* by rule / NSG_SHEET_RULES; NULL where no rule was hit */
	u32 count;			/* sheets that the table has room for */
};

/* Hits that no memory was at hand to count: a packet cannot wait for it. */
extern atomic64_t nsg_uncounted;

/* Returns 0 or a negative errno. */
int nsg_ledgers_start(void);

/* When no ledger is left. */
void nsg_ledgers_stop(void);

static inline u32 nsg_sheets_for(u32 rules)
{
	return DIV_ROUND_UP(rules, NSG_SHEET_RULES);
}

/* Begins a ledger with nothing counted; this takes no memory. */
void nsg_ledger_init(struct nsg_ledger *ledger, u32 rules);

/* Frees what it has come to hold. */
void nsg_ledger_clear(struct nsg_ledger *ledger);

/* Bytes that it holds, besides itself. */
u64 nsg_ledger_memory(const struct nsg_ledger *ledger);

/* Of the ledger's own CPU, where there is no such sheet yet. NULL without memory: then the hit is uncounted. */
struct nsg_sheet *nsg_ledger_begin_sheet(struct nsg_ledger *ledger, u32 number);

/* The sheet with this number, from any CPU: with all that was there when it was made. NULL if there is none. */
static inline const struct nsg_sheet *nsg_ledger_sheet(const struct nsg_ledger *ledger, u32 number)
{
	return READ_ONCE(READ_ONCE(ledger->sheets)[number]);	/* after smp_store_release() */
}

#endif /* _NSG_LEDGER_H */
