// SPDX-License-Identifier: GPL-2.0
/* What a commit does to address sets. */
#include "set_change.h"
#include "netns.h"
#include "refusal.h"

static int refuse_memory(const struct nsg_set_change *change, int error, const struct nsg_request *request,
			 struct nsgate_refusal *refusal)
{
	u32 offset = nsg_request_offset(request, change->object->head);

	if (error == -E2BIG)
		return nsg_refuse(refusal, error, NSGATE_FIELD_MEMORY, offset,
				  "all address sets together would take more than %lu MiB", NSG_SETS_MEMORY >> 20);
	return nsg_refuse(refusal, error, NSGATE_FIELD_MEMORY, offset, "no memory for the members of an address set");
}

/* An edit's number is below 2^48: enough for a thousand a second in 8,000 years. */
static u64 next_edit(void)
{
	static u64 last;

	lockdep_assert_held(&nsg_sets_lock);
	return ++last;
}

static int make_draft(struct nsg_set_change *change, const struct nsg_request *request,
		      struct nsgate_refusal *refusal)
{
	struct nsg_member_lists lists = nsg_member_lists_of(change->object->head);
	int error;

	nsg_edit_begin(&change->draft.edit, next_edit(), &nsg_sets_budget);
	error = nsg_draft_apply(&change->draft, &lists);
	if (!error)
		return 0;
	nsg_draft_cancel(&change->draft);
	return refuse_memory(change, error, request, refusal);
}

static int make_set(struct nsg_set_changes *changes, struct nsg_set_change *change, const struct nsg_request *request,
		    struct nsgate_refusal *refusal)
{
	const struct nsgate_set *put = change->object->set;
	int error;

	if (nsg_sets_count() + changes->made >= NSGATE_MAX_SETS)
		return nsg_refuse(refusal, -E2BIG, NSGATE_FIELD_OBJECT, nsg_request_offset(request, put),
				  "more address sets than the module may hold");
	change->fate = NSG_SET_MADE;
	change->set = nsg_set_build(&put->name);
	if (!change->set)
		return refuse_memory(change, nsg_sets_budget.error, request, refusal);
	error = make_draft(change, request, refusal);
	if (error)
		nsg_set_free(change->set);
	else
		changes->made++;
	return error;
}

static int prepare_put(struct nsg_set_changes *changes, struct nsg_set_change *change,
		       const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	const struct nsgate_set *put = change->object->set;

	change->set = nsg_sets_find(&put->name);
	if (!change->set)
		return make_set(changes, change, request, refusal);
	if (change->set->version == put->version)
		return 0;
	change->fate = NSG_SET_REPLACED;
	return make_draft(change, request, refusal);
}

static int refuse_unknown(const struct nsgate_set_name *name, const struct nsg_request *request,
			  struct nsgate_refusal *refusal)
{
	return nsg_refuse(refusal, -ENOENT, NSGATE_FIELD_SET, nsg_request_offset(request, name),
			  "there is no address set \"%s\"", name->name);
}

static int check_delta(const struct nsg_set_change *change, const struct nsg_request *request,
		       struct nsgate_refusal *refusal)
{
	const struct nsgate_set_delta *delta = change->object->set_delta;

	if (!change->set)
		return refuse_unknown(&delta->name, request, refusal);
	if (change->set->version == delta->from)
		return 0;
	return nsg_refuse(refusal, -ESTALE, NSGATE_FIELD_SET_VERSION, nsg_request_offset(request, &delta->from),
			  "the address set is held in version %llu, the change is from %llu", change->set->version,
			  delta->from);
}

static int prepare_delta(struct nsg_set_changes *changes, struct nsg_set_change *change,
			 const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	const struct nsgate_set_delta *delta = change->object->set_delta;
	u32 members;
	int error;

	change->set = nsg_sets_find(&delta->name);
	error = check_delta(change, request, refusal);
	if (error)
		return error;
	change->fate = NSG_SET_EDITED;
	memcpy(change->draft.root, change->set->root[0], sizeof(change->draft.root));
	memcpy(change->draft.members, change->set->members, sizeof(change->draft.members));
	error = make_draft(change, request, refusal);
	if (error)
		return error;
	members = change->draft.members[0] + change->draft.members[1];
	if (members <= NSGATE_MAX_MEMBERS)
		return 0;
	nsg_draft_cancel(&change->draft);
	return nsg_refuse(refusal, -E2BIG, NSGATE_FIELD_MEMBERS, nsg_request_offset(request, &delta->add4),
			  "the address set would have %u members, over %u", members, NSGATE_MAX_MEMBERS);
}

static int prepare_drop(struct nsg_set_changes *changes, struct nsg_set_change *change,
			const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	change->set = nsg_sets_find(&change->object->set_drop->name);
	if (!change->set)
		return refuse_unknown(&change->object->set_drop->name, request, refusal);
	change->fate = NSG_SET_DROPPED;
	return 0;
}

static int prepare_group(struct nsg_set_changes *changes, const struct nsg_objects *group,
			 int (*prepare)(struct nsg_set_changes *changes, struct nsg_set_change *change,
					const struct nsg_request *request, struct nsgate_refusal *refusal),
			 const struct nsg_request *request, struct nsgate_refusal *refusal)
{
	int error;
	u32 i;

	for (i = 0; i < group->count; i++) {
		struct nsg_set_change *change = &changes->at[changes->count];

		refusal->object = group->at[i].index;
		change->object = &group->at[i];
		error = prepare(changes, change, request, refusal);
		if (error)
			return error;
		changes->count++;
		cond_resched();
	}
	refusal->object = NSGATE_NO_INDEX;
	return 0;
}

int nsg_set_changes_prepare(struct nsg_set_changes *changes, const struct nsg_request *request,
			    struct nsgate_refusal *refusal)
{
	size_t count = (size_t)request->set_puts.count + request->set_deltas.count + request->set_drops.count;

	if (!count)
		return 0;
	changes->at = nsg_kvzalloc(count * sizeof(*changes->at));
	if (!changes->at)
		return nsg_refuse_memory(refusal, count * sizeof(*changes->at));
	mutex_lock(&nsg_sets_lock);
	changes->locked = true;
	changes->puts = request->set_puts.count;
	nsg_sets_budget.error = 0;
	return prepare_group(changes, &request->set_puts, prepare_put, request, refusal) ?:
	       prepare_group(changes, &request->set_deltas, prepare_delta, request, refusal) ?:
	       prepare_group(changes, &request->set_drops, prepare_drop, request, refusal);
}

static struct nsg_set *find(const struct nsg_set_changes *changes, const struct nsgate_set_name *name)
{
	u32 low = 0, high = changes->puts;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order = memcmp(&changes->at[middle].set->name, name, sizeof(*name));

		if (!order)
			return changes->at[middle].set;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return nsg_sets_find(name);
}

int nsg_set_changes_link(const struct nsg_set_changes *changes, struct nsg_set_refs *refs,
			 const struct nsg_object *put, const struct nsg_request *request,
			 struct nsgate_refusal *refusal)
{
	u32 i;

	for (i = 0; i < refs->count; i++) {
		struct nsg_set_ref *ref = &refs->ref[i];

		ref->set = find(changes, &ref->name);
		if (ref->set)
			continue;
		refusal->object = put->index;
		refusal->rule = ref->rule;
		refusal->match = ref->match;
		refusal->item = ref->item;
		return nsg_refuse(refusal, -ENOENT, NSGATE_FIELD_SET,
				  nsg_request_offset(request, put->head) + ref->offset,
				  "there is no address set \"%s\"", ref->name.name);
	}
	nsg_sets_hold(refs);
	return 0;
}

int nsg_set_changes_check_drops(const struct nsg_set_changes *changes, const struct nsg_request *request,
				struct nsgate_refusal *refusal)
{
	u32 i;

	for (i = 0; i < changes->count; i++) {
		const struct nsg_set_change *change = &changes->at[i];

		if (change->fate != NSG_SET_DROPPED || !change->set->rulesets)
			continue;
		refusal->object = change->object->index;
		return nsg_refuse(refusal, -EBUSY, NSGATE_FIELD_SET,
				  nsg_request_offset(request, &change->object->set_drop->name),
				  "%u rulesets name the address set", change->set->rulesets);
	}
	return 0;
}

static void show_on(struct nsg_set *set, u8 side, const u64 *root)
{
	u32 family;

	for (family = 0; family < NSG_SET_FAMILIES; family++)
		WRITE_ONCE(set->root[side][family], root[family]);
}

static u64 version_after(const struct nsg_set_change *change)
{
	return change->fate == NSG_SET_EDITED ? change->object->set_delta->version : change->object->set->version;
}

/* The side that packets look at is left alone, but in a set that they cannot be in. */
static void publish(struct nsg_set_changes *changes, struct nsg_set_change *change)
{
	struct nsg_set *set = change->set;
	u8 side = nsg_sets_new_side();

	if (change->fate == NSG_SET_REPLACED) {
		memcpy(change->old, set->root[side], sizeof(change->old));
		set->memory = sizeof(*set);
	}
	show_on(set, side, change->draft.root);
	if (change->fate == NSG_SET_MADE || !changes->sides_move)
		show_on(set, side ^ NSG_SIDE, change->draft.root);
	set->memory += change->draft.edit.made - change->draft.edit.unmade;
	memcpy(set->members, change->draft.members, sizeof(set->members));
	set->version = version_after(change);
	if (change->fate == NSG_SET_MADE)
		nsg_sets_add(set);
}

static bool gets_members(const struct nsg_set_change *change)
{
	return change->fate != NSG_SET_UNTOUCHED && change->fate != NSG_SET_DROPPED;
}

static bool sides_move(const struct nsg_set_changes *changes, bool leaving)
{
	const struct nsg_set_change *change = changes->at;
	const struct nsg_set_change *end = change + changes->count;

	for (; change < end; change++)
		if (gets_members(change) && change->fate != NSG_SET_MADE && (change->set->rulesets || leaving))
			return true;
	return false;
}

bool nsg_set_changes_publish(struct nsg_set_changes *changes, bool leaving)
{
	bool changed = false;
	u32 i;

	lockdep_assert_held(&nsg_lock);
	changes->sides_move = sides_move(changes, leaving);
	for (i = 0; i < changes->count; i++) {
		struct nsg_set_change *change = &changes->at[i];

		changed |= change->fate != NSG_SET_UNTOUCHED;
		if (change->fate == NSG_SET_DROPPED)
			nsg_sets_remove(change->set);
		else if (gets_members(change))
			publish(changes, change);
		cond_resched();
	}
	changes->published = true;
	return changed;
}

void nsg_set_changes_finish(struct nsg_set_changes *changes)
{
	u8 side = nsg_sets_new_side();
	u32 i;

	for (i = 0; changes->sides_move && i < changes->count; i++)
		if (gets_members(&changes->at[i]))
			show_on(changes->at[i].set, side, changes->at[i].draft.root);
}

static void free_old(struct nsg_set_change *change)
{
	u32 family;

	if (gets_members(change))
		nsg_edit_finish(&change->draft.edit);
	if (change->fate == NSG_SET_DROPPED)
		nsg_set_free(change->set);
	for (family = 0; family < NSG_SET_FAMILIES; family++)
		nsg_members_free(change->old[family], &nsg_sets_budget);
}

static void free_new(struct nsg_set_change *change)
{
	if (gets_members(change))
		nsg_draft_cancel(&change->draft);
	if (change->fate == NSG_SET_MADE)
		nsg_set_free(change->set);
}

void nsg_set_changes_release(struct nsg_set_changes *changes)
{
	u32 i;

	for (i = 0; i < changes->count; i++) {
		if (changes->published)
			free_old(&changes->at[i]);
		else
			free_new(&changes->at[i]);
	}
	if (changes->locked)
		mutex_unlock(&nsg_sets_lock);
	nsg_kvfree(changes->at);
}
