// SPDX-License-Identifier: GPL-2.0
/* Memory that one build may use, and the first reason for which it cannot go on. */
#include "budget.h"

void *nsg_budget_take(struct nsg_budget *budget, size_t bytes)
{
	void *at;

	if (budget->error)
		return NULL;
	if (bytes > budget->left) {
		budget->error = -E2BIG;
		return NULL;
	}
	at = nsg_kvzalloc(bytes);
	if (at)
		budget->left -= bytes;
	else
		budget->error = -ENOMEM;
	return at;
}

void nsg_budget_give(struct nsg_budget *budget, const void *at, size_t bytes)
{
	if (!at)
		return;
	nsg_kvfree(at);
	budget->left += bytes;
}

void *nsg_budget_trim(struct nsg_budget *budget, const void *at, size_t bytes, size_t keep)
{
	void *trimmed = nsg_budget_take(budget, keep);

	if (trimmed)
		memcpy(trimmed, at, keep);
	nsg_budget_give(budget, at, bytes);
	return trimmed;
}
