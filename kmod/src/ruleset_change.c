// SPDX-License-Identifier: GPL-2.0
/* What a commit does to rulesets. */
#include "ruleset_change.h"
#include "borrowed.h"
#include "netns.h"
#include "refusal.h"
#include "registry.h"

static void at_put(const struct nsg_ruleset_changes *changes, const struct nsg_object *put)
{
	nsg_refuse_at(changes->refusal, changes->request, put, put->head);
}

static int allocate(struct nsg_ruleset_changes *changes)
{
	size_t puts = changes->request->puts.count, drops = changes->request->drops.count;

	changes->fresh = nsg_kvzalloc((puts + 1) * sizeof(*changes->fresh));
	changes->dropped = nsg_kvzalloc((drops + 1) * sizeof(*changes->dropped));
	if (changes->fresh && changes->dropped)
		return 0;
	return nsg_refuse_memory(changes->refusal, (puts + drops) * sizeof(*changes->fresh));
}

static int borrow(const struct nsg_ruleset_changes *changes, const struct nsg_ruleset *ruleset)
{
	u8 unmet = nsg_borrow(ruleset->needs);

	if (unmet & NSG_NEEDS_STATE)
		return nsg_refuse_here(changes->refusal, -EOPNOTSUPP, NSGATE_FIELD_MATCH_KIND,
				       "the kernel cannot load nf_conntrack, which matches on state need");
	if (unmet & NSG_NEEDS_WHOLE6)
		return nsg_refuse_here(changes->refusal, -EOPNOTSUPP, NSGATE_FIELD_MATCH_KIND,
				       "the kernel cannot load nf_defrag_ipv6, which matches on transport headers need");
	if (unmet)
		return nsg_refuse_here(changes->refusal, -EOPNOTSUPP, NSGATE_FIELD_ACTION,
				       "the kernel cannot load nf_reject_ipv4 and nf_reject_ipv6, which reject needs");
	return 0;
}

static int refuse_build(struct nsgate_refusal *refusal, int error)
{
	if (error == -E2BIG)
		return nsg_refuse(refusal, error, NSGATE_FIELD_MEMORY, refusal->offset,
				  "the ruleset would take more than %u MiB: split its rules, or use address sets",
				  NSGATE_MAX_RULESET_MEMORY >> 20);
	return nsg_refuse_here(refusal, error, NSGATE_FIELD_MEMORY, "no memory to build the ruleset");
}

static int build_put(struct nsg_ruleset_changes *changes, u32 put)
{
	const struct nsg_object *object = &changes->request->puts.at[put];
	int error;

	at_put(changes, object);
	changes->fresh[put] = nsg_ruleset_build(object->ruleset, &error);
	if (!changes->fresh[put])
		return refuse_build(changes->refusal, error);
	return borrow(changes, changes->fresh[put]);
}

static bool is_held(const u8 *digest)
{
	bool held;

	mutex_lock(&nsg_lock);
	held = nsg_registry_find(digest);
	mutex_unlock(&nsg_lock);
	return held;
}

int nsg_ruleset_changes_build(struct nsg_ruleset_changes *changes)
{
	int error = allocate(changes);
	u32 i;

	for (i = 0; !error && i < changes->request->puts.count; i++) {
		cond_resched();
		if (is_held(changes->request->puts.at[i].ruleset->digest))
			continue;
		error = build_put(changes, i);
	}
	return error;
}

/* Another commit may have put or dropped the same ruleset since. */
static int check_puts(struct nsg_ruleset_changes *changes)
{
	const struct nsg_objects *puts = &changes->request->puts;
	u32 fresh = 0, i;

	for (i = 0; i < puts->count; i++) {
		cond_resched();
		if (nsg_registry_find(puts->at[i].ruleset->digest)) {
			nsg_ruleset_free(changes->fresh[i]);
			changes->fresh[i] = NULL;
			continue;
		}
		at_put(changes, &puts->at[i]);
		if (!changes->fresh[i])
			return nsg_refuse_here(changes->refusal, -EAGAIN, NSGATE_FIELD_DIGEST,
					       "the ruleset was dropped by another commit just now: try again");
		if (nsg_registry_count() + ++fresh > NSGATE_MAX_RULESETS)
			return nsg_refuse_here(changes->refusal, -E2BIG, NSGATE_FIELD_OBJECT,
					       "more rulesets than the module may hold");
	}
	return 0;
}

static int link_puts(struct nsg_ruleset_changes *changes, const struct nsg_set_changes *sets)
{
	const struct nsg_objects *puts = &changes->request->puts;
	int error;

	for (; changes->linked < puts->count; changes->linked++) {
		struct nsg_ruleset *ruleset = changes->fresh[changes->linked];

		cond_resched();
		if (!ruleset)
			continue;
		error = nsg_set_changes_link(sets, nsg_ruleset_sets(ruleset), &puts->at[changes->linked],
					     changes->request, changes->refusal);
		if (error)
			return error;
	}
	return 0;
}

int nsg_ruleset_changes_prepare(struct nsg_ruleset_changes *changes, const struct nsg_set_changes *sets)
{
	return check_puts(changes) ?: link_puts(changes, sets);
}

/* The place of a put in `fresh` by digest, or NULL. */
static struct nsg_ruleset **find_fresh(const struct nsg_ruleset_changes *changes, const u8 *digest)
{
	const struct nsg_objects *puts = &changes->request->puts;
	u32 low = 0, high = puts->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order = memcmp(puts->at[middle].ruleset->digest, digest, NSGATE_DIGEST_SIZE);

		if (!order)
			return &changes->fresh[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct nsg_ruleset *nsg_ruleset_changes_find(const struct nsg_ruleset_changes *changes, const u8 *digest)
{
	struct nsg_ruleset **fresh = find_fresh(changes, digest);

	return fresh && *fresh ? *fresh : nsg_registry_find(digest);
}

static int prepare_drop(struct nsg_ruleset_changes *changes, u32 drop)
{
	const struct nsg_object *object = &changes->request->drops.at[drop];
	struct nsg_ruleset *ruleset = nsg_ruleset_changes_find(changes, object->drop->digest);

	nsg_refuse_at(changes->refusal, changes->request, object, object->drop->digest);
	if (!ruleset)
		return nsg_refuse_here(changes->refusal, -ENOENT, NSGATE_FIELD_DIGEST,
				       "no ruleset with this digest is held");
	if (ruleset->bindings)
		return nsg_refuse_here(changes->refusal, -EBUSY, NSGATE_FIELD_DIGEST, "the ruleset is still bound");
	changes->dropped[drop] = ruleset;
	nsg_sets_let_go(nsg_ruleset_sets(ruleset));
	return 0;
}

int nsg_ruleset_changes_prepare_drops(struct nsg_ruleset_changes *changes)
{
	int error = 0;
	u32 i;

	for (i = 0; !error && i < changes->request->drops.count; i++) {
		error = prepare_drop(changes, i);
		cond_resched();
	}
	return error;
}

void nsg_ruleset_changes_cancel(struct nsg_ruleset_changes *changes)
{
	u32 i;

	for (i = 0; i < changes->request->drops.count; i++) {
		if (changes->dropped[i])
			nsg_sets_hold(nsg_ruleset_sets(changes->dropped[i]));
		cond_resched();
	}
	while (changes->linked--) {
		if (changes->fresh[changes->linked])
			nsg_sets_let_go(nsg_ruleset_sets(changes->fresh[changes->linked]));
		cond_resched();
	}
}

/* A ruleset that this same commit puts and drops was never there. */
static bool apply_drops(struct nsg_ruleset_changes *changes)
{
	struct nsg_ruleset **fresh;
	bool changed = false;
	u32 i;

	for (i = 0; i < changes->request->drops.count; i++) {
		cond_resched();
		fresh = find_fresh(changes, changes->dropped[i]->digest);
		if (fresh && *fresh) {
			*fresh = NULL;
			continue;
		}
		nsg_registry_remove(changes->dropped[i]);
		changed = true;
	}
	return changed;
}

static bool apply_puts(struct nsg_ruleset_changes *changes)
{
	bool changed = false;
	u32 i;

	for (i = 0; i < changes->request->puts.count; i++) {
		cond_resched();
		if (!changes->fresh[i])
			continue;
		nsg_registry_add(changes->fresh[i]);
		changes->fresh[i] = NULL;
		changed = true;
	}
	return changed;
}

bool nsg_ruleset_changes_apply(struct nsg_ruleset_changes *changes)
{
	bool dropped = apply_drops(changes);

	return apply_puts(changes) || dropped;
}

void nsg_ruleset_changes_free_dropped(struct nsg_ruleset_changes *changes)
{
	u32 i;

	for (i = 0; i < changes->request->drops.count; i++) {
		nsg_ruleset_free(changes->dropped[i]);
		cond_resched();
	}
}

void nsg_ruleset_changes_release(struct nsg_ruleset_changes *changes)
{
	u32 i;

	for (i = 0; changes->fresh && i < changes->request->puts.count; i++) {
		nsg_ruleset_free(changes->fresh[i]);
		cond_resched();
	}
	nsg_kvfree(changes->fresh);
	nsg_kvfree(changes->dropped);
}
