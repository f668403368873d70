// SPDX-License-Identifier: GPL-2.0
/* Address sets in user space, for rulesets that name them. */
#include "../src/draft.h"
#include "linked.h"
#include "reference.h"

static struct nsg_budget budget = { .left = 1UL << 30 };

static void make_members(struct nsg_set *set, uint8_t side, const struct nsgate_set *put)
{
	struct nsg_member_lists lists = nsg_member_lists_of(&put->head);
	struct nsg_draft draft = { .root = { 0 } };

	nsg_edit_begin(&draft.edit, 1, &budget);
	if (nsg_draft_apply(&draft, &lists))
		abort();
	nsg_edit_finish(&draft.edit);
	memcpy(set->root[side], draft.root, sizeof(draft.root));
}

struct linked_sets linked_sets_build(const struct nsg_request *request)
{
	uint32_t count = request->set_puts.count;
	struct linked_sets linked = { .sets = calloc(count + 1, sizeof(*linked.sets)),
				      .puts = calloc(count + 1, sizeof(*linked.puts)), .count = count };

	for (uint32_t i = 0; i < count; i++)
		linked.puts[i] = request->set_puts.at[i].set;
	for (uint32_t i = 0; i < count; i++) {
		linked.sets[i].name = linked.puts[i]->name;
		for (uint8_t side = 0; side < NSG_SET_SIDES; side++)
			make_members(&linked.sets[i], side, linked.puts[(i + side) % count]);
	}
	reference_sets = (struct reference_sets){ .puts = linked.puts, .count = count };
	return linked;
}

void linked_sets_free(struct linked_sets *linked)
{
	for (uint32_t i = 0; i < linked->count; i++)
		for (uint8_t side = 0; side < NSG_SET_SIDES; side++)
			for (uint8_t family = 0; family < NSG_SET_FAMILIES; family++)
				nsg_members_free(linked->sets[i].root[side][family], &budget);
	free(linked->sets);
	free(linked->puts);
	reference_sets = (struct reference_sets){ .count = 0 };
}

void linked_sets_link(const struct linked_sets *linked, struct nsg_set_refs *refs)
{
	for (uint32_t i = 0; i < refs->count; i++)
		for (uint32_t j = 0; j < linked->count; j++)
			if (!memcmp(&refs->ref[i].name, &linked->sets[j].name, sizeof(refs->ref[i].name)))
				refs->ref[i].set = &linked->sets[j];
}
