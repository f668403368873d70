/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that one build may use, and the first reason for which it cannot go on. */
#ifndef _NSG_BUDGET_H
#define _NSG_BUDGET_H

#include "pure.h"

/*
 * Whoever builds checks `error` at the end of a stage, not after each call: once it is set nothing more is given out,
 * and what had been given out stays valid.
 */
struct nsg_budget {
	size_t left;		/* bytes */
	int error;		/* 0; -E2BIG if the build needs more than its budget; -ENOMEM if there is no memory */
};

/* Zeroed memory, or NULL with `error` set. */
void *nsg_budget_take(struct nsg_budget *budget, size_t bytes);

/* Frees memory of `bytes` bytes; `at` may be NULL. */
void nsg_budget_give(struct nsg_budget *budget, const void *at, size_t bytes);

/* Moves the first `keep` of `bytes` bytes to memory of just that size. On failure the old memory is freed, too. */
void *nsg_budget_trim(struct nsg_budget *budget, const void *at, size_t bytes, size_t keep);

#endif /* _NSG_BUDGET_H */
