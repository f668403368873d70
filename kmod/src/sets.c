// SPDX-License-Identifier: GPL-2.0
/* The address sets that the module holds, and which of their two sides packets meet. */
#include <linux/sched.h>

#include "sets.h"
#include "edit.h"
#include "netns.h"

DEFINE_MUTEX(nsg_sets_lock);	/* see sets.h */

struct nsg_budget nsg_sets_budget = { .left = NSG_SETS_MEMORY };

u8 nsg_sets_shown;

static struct nsg_set *by_name[NSGATE_MAX_SETS];
static u32 held;

u8 nsg_sets_new_side(void)
{
	lockdep_assert_held(&nsg_lock);
	return (nsg_sets_shown & NSG_SIDE) ^ NSG_SIDE;
}

static void show(u8 phase)
{
	lockdep_assert_held(&nsg_lock);
	/* Members, and the sides that bindings hold, before what makes packets look at them: nsg_sets_phase(). */
	smp_wmb();
	WRITE_ONCE(nsg_sets_shown, phase);
}

void nsg_sets_show_both(void)
{
	show(nsg_sets_new_side() | NSG_BOTH_SIDES);
}

void nsg_sets_show_new(void)
{
	show(nsg_sets_shown & NSG_SIDE);
}

/* Where a set with this name is, or would be. */
static u32 place_of(const struct nsgate_set_name *name)
{
	u32 low = 0, high = held;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (memcmp(&by_name[middle]->name, name, sizeof(*name)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct nsg_set *nsg_sets_find(const struct nsgate_set_name *name)
{
	u32 place = place_of(name);

	if (place == held || memcmp(&by_name[place]->name, name, sizeof(*name)))
		return NULL;
	return by_name[place];
}

void nsg_sets_add(struct nsg_set *set)
{
	u32 place = place_of(&set->name);

	lockdep_assert_held(&nsg_lock);
	lockdep_assert_held(&nsg_sets_lock);
	memmove(by_name + place + 1, by_name + place, (held - place) * sizeof(*by_name));
	by_name[place] = set;
	held++;
}

void nsg_sets_remove(struct nsg_set *set)
{
	u32 place = place_of(&set->name);

	lockdep_assert_held(&nsg_lock);
	lockdep_assert_held(&nsg_sets_lock);
	held--;
	memmove(by_name + place, by_name + place + 1, (held - place) * sizeof(*by_name));
}

u32 nsg_sets_count(void)
{
	return held;
}

void nsg_sets_visit(void (*visit)(const struct nsg_set *set, void *data), void *data)
{
	u32 i;

	lockdep_assert_held(&nsg_lock);
	for (i = 0; i < held; i++)
		visit(by_name[i], data);
}

void nsg_sets_hold(const struct nsg_set_refs *refs)
{
	u32 i;

	lockdep_assert_held(&nsg_lock);
	for (i = 0; i < refs->count; i++)
		refs->ref[i].set->rulesets++;
}

void nsg_sets_let_go(const struct nsg_set_refs *refs)
{
	u32 i;

	lockdep_assert_held(&nsg_lock);
	for (i = 0; i < refs->count; i++)
		refs->ref[i].set->rulesets--;
}

struct nsg_set *nsg_set_build(const struct nsgate_set_name *name)
{
	struct nsg_set *set = nsg_budget_take(&nsg_sets_budget, sizeof(*set));

	if (!set)
		return NULL;
	set->name = *name;
	set->memory = sizeof(*set);
	return set;
}

void nsg_set_free(struct nsg_set *set)
{
	u32 family;

	if (!set)
		return;
	for (family = 0; family < NSG_SET_FAMILIES; family++)
		nsg_members_free(set->root[0][family], &nsg_sets_budget);
	nsg_budget_give(&nsg_sets_budget, set, sizeof(*set));
}

void nsg_sets_clear(void)
{
	mutex_lock(&nsg_sets_lock);
	while (held)
		nsg_set_free(by_name[--held]);
	mutex_unlock(&nsg_sets_lock);
}
