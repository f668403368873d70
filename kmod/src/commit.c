// SPDX-License-Identifier: GPL-2.0
/*
 * Answers COMMIT: one transaction over rulesets, bindings and settings. Everything that can fail is done before
 * the first packet can notice, so a commit is applied whole or not at all.
 */
#include <linux/rcupdate.h>

#include "borrowed.h"
#include "change.h"
#include "generation.h"
#include "quarantine.h"
#include "reading.h"
#include "registry.h"
#include "reply.h"
#include "set_change.h"
#include "settings.h"

struct commit {
	const struct nsg_request *request;
	struct nsgate_refusal *refusal;
	struct nsg_ruleset **fresh;	/* by put: built and not held yet; NULL if it was held */
	struct nsg_ruleset **dropped;	/* by drop */
	struct nsg_change *changes;
	u32 changing;			/* how many of `changes` are ready */
	u32 linked;			/* of `fresh`, how many from the first on have their sets, or are NULL */
	struct nsg_set_changes sets;
	bool changed;			/* something, so the generation rises */
};

/* Points refusals at an object, and at a part of it. */
static void at_object(const struct commit *commit, const struct nsg_object *object, const void *part)
{
	commit->refusal->object = object->index;
	commit->refusal->offset = nsg_request_offset(commit->request, part);
}

static int refuse(const struct commit *commit, int error, enum nsgate_field field, const char *reason)
{
	return nsg_refuse(commit->refusal, error, field, commit->refusal->offset, "%s", reason);
}

/* ---- before the lock: memory, and rulesets that are not held yet ---- */

static int allocate(struct commit *commit)
{
	const struct nsg_request *request = commit->request;
	size_t changes = (size_t)request->binds.count + request->unbinds.count;

	commit->fresh = nsg_kvzalloc((request->puts.count + 1) * sizeof(*commit->fresh));
	commit->dropped = nsg_kvzalloc((request->drops.count + 1) * sizeof(*commit->dropped));
	commit->changes = nsg_kvzalloc((changes + 1) * sizeof(*commit->changes));
	if (commit->fresh && commit->dropped && commit->changes)
		return 0;
	return nsg_refuse_memory(commit->refusal, changes * sizeof(*commit->changes));
}

static int borrow(const struct commit *commit, const struct nsg_ruleset *ruleset)
{
	u8 unmet = nsg_borrow(ruleset->needs);

	if (unmet & NSG_NEEDS_STATE)
		return refuse(commit, -EOPNOTSUPP, NSGATE_FIELD_MATCH_KIND,
			      "the kernel cannot load nf_conntrack, which matches on state need");
	if (unmet & NSG_NEEDS_WHOLE6)
		return refuse(commit, -EOPNOTSUPP, NSGATE_FIELD_MATCH_KIND,
			      "the kernel cannot load nf_defrag_ipv6, which matches on transport headers need");
	if (unmet)
		return refuse(commit, -EOPNOTSUPP, NSGATE_FIELD_ACTION,
			      "the kernel cannot load nf_reject_ipv4 and nf_reject_ipv6, which reject needs");
	return 0;
}

static int build(struct commit *commit, u32 put)
{
	const struct nsg_object *object = &commit->request->puts.at[put];
	int error;

	at_object(commit, object, object->head);
	commit->fresh[put] = nsg_ruleset_build(object->ruleset, &error);
	if (!commit->fresh[put])
		return refuse(commit, error, NSGATE_FIELD_MEMORY, error == -E2BIG ?
			      "the ruleset would take more memory than one may" : "no memory to build the ruleset");
	return borrow(commit, commit->fresh[put]);
}

static bool is_held(const u8 *digest)
{
	bool held;

	mutex_lock(&nsg_lock);
	held = nsg_registry_find(digest);
	mutex_unlock(&nsg_lock);
	return held;
}

static int build_puts(struct commit *commit)
{
	int error;
	u32 i;

	for (i = 0; i < commit->request->puts.count; i++) {
		if (is_held(commit->request->puts.at[i].ruleset->digest))
			continue;
		error = build(commit, i);
		if (error)
			return error;
	}
	return 0;
}

/* ---- under the lock: what the commit means now ---- */

/* Another commit may have put or dropped the same ruleset since. */
static int check_puts(struct commit *commit)
{
	const struct nsg_objects *puts = &commit->request->puts;
	u32 fresh = 0, i;

	for (i = 0; i < puts->count; i++) {
		if (nsg_registry_find(puts->at[i].ruleset->digest)) {
			nsg_ruleset_free(commit->fresh[i]);
			commit->fresh[i] = NULL;
			continue;
		}
		at_object(commit, &puts->at[i], puts->at[i].head);
		if (!commit->fresh[i])
			return refuse(commit, -EAGAIN, NSGATE_FIELD_DIGEST,
				      "the ruleset was dropped by another commit just now: try again");
		if (nsg_registry_count() + ++fresh > NSGATE_MAX_RULESETS)
			return refuse(commit, -E2BIG, NSGATE_FIELD_OBJECT, "more rulesets than the module may hold");
	}
	return 0;
}

static int link_puts(struct commit *commit)
{
	const struct nsg_objects *puts = &commit->request->puts;
	int error;

	for (; commit->linked < puts->count; commit->linked++) {
		struct nsg_ruleset *ruleset = commit->fresh[commit->linked];

		if (!ruleset)
			continue;
		error = nsg_set_changes_link(&commit->sets, nsg_ruleset_sets(ruleset), &puts->at[commit->linked],
					     commit->request, commit->refusal);
		if (error)
			return error;
	}
	return 0;
}

/* The place of a put in `fresh` by digest, or NULL. */
static struct nsg_ruleset **find_fresh(const struct commit *commit, const u8 *digest)
{
	const struct nsg_objects *puts = &commit->request->puts;
	u32 low = 0, high = puts->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order = memcmp(puts->at[middle].ruleset->digest, digest, NSGATE_DIGEST_SIZE);

		if (!order)
			return &commit->fresh[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct nsg_ruleset *find_ruleset(const struct commit *commit, const u8 *digest)
{
	struct nsg_ruleset **fresh = find_fresh(commit, digest);

	return fresh && *fresh ? *fresh : nsg_registry_find(digest);
}

static int prepare_change(struct commit *commit, struct nsg_namespace *ns, struct nsg_ruleset *ruleset)
{
	int error = nsg_change_prepare(&commit->changes[commit->changing], ns, ruleset, commit->refusal);

	if (!error)
		commit->changing++;
	return error;
}

static int prepare_bind(struct commit *commit, const struct nsg_object *object)
{
	const struct nsgate_bind *bind = object->bind;
	const struct nsg_binding *current_binding;
	struct nsg_ruleset *ruleset;
	struct nsg_namespace *ns;
	int error;

	at_object(commit, object, &bind->inode);
	error = nsg_namespace_expect(&ns, &bind->inode, &bind->birth, commit->request, commit->refusal);
	if (error)
		return error;
	if (nsg_namespace_is_initial(ns) && !(bind->flags & NSGATE_BIND_INITIAL))
		return refuse(commit, -EPERM, NSGATE_FIELD_FLAGS,
			      "this is the host's initial namespace, and the bind does not say that it is meant");
	at_object(commit, object, bind->digest);
	ruleset = find_ruleset(commit, bind->digest);
	if (!ruleset)
		return refuse(commit, -ENOENT, NSGATE_FIELD_DIGEST, "no ruleset with this digest is held or put");
	current_binding = nsg_namespace_binding(ns);
	if (current_binding && current_binding->ruleset == ruleset)
		return 0;
	return prepare_change(commit, ns, ruleset);
}

static int prepare_unbind(struct commit *commit, const struct nsg_object *object)
{
	const struct nsgate_unbind *unbind = object->unbind;
	struct nsg_namespace *ns;
	int error;

	at_object(commit, object, &unbind->inode);
	error = nsg_namespace_expect(&ns, &unbind->inode, &unbind->birth, commit->request, commit->refusal);
	if (error)
		return error;
	if (!nsg_namespace_binding(ns))
		return refuse(commit, -ENOENT, NSGATE_FIELD_INODE, "the namespace is not bound");
	return prepare_change(commit, ns, NULL);
}

static int prepare_release(struct commit *commit, const struct nsg_object *object)
{
	return nsg_release_check(object, commit->request, commit->refusal);
}

static int prepare_drop(struct commit *commit, u32 drop)
{
	const struct nsg_object *object = &commit->request->drops.at[drop];
	struct nsg_ruleset *ruleset = find_ruleset(commit, object->drop->digest);

	at_object(commit, object, object->drop->digest);
	if (!ruleset)
		return refuse(commit, -ENOENT, NSGATE_FIELD_DIGEST, "no ruleset with this digest is held");
	if (ruleset->bindings)
		return refuse(commit, -EBUSY, NSGATE_FIELD_DIGEST, "the ruleset is still bound");
	commit->dropped[drop] = ruleset;
	nsg_sets_let_go(nsg_ruleset_sets(ruleset));
	return 0;
}

static int prepare_all(struct commit *commit, const struct nsg_objects *objects,
		       int (*prepare)(struct commit *commit, const struct nsg_object *object))
{
	int error;
	u32 i;

	for (i = 0; i < objects->count; i++) {
		error = prepare(commit, &objects->at[i]);
		if (error)
			return error;
		cond_resched();
	}
	return 0;
}

/* Drops come last: bindings are counted as they will be. */
static int prepare(struct commit *commit)
{
	int error;
	u32 i;

	error = check_puts(commit) ?:
		link_puts(commit) ?:
		prepare_all(commit, &commit->request->binds, prepare_bind) ?:
		prepare_all(commit, &commit->request->unbinds, prepare_unbind) ?:
		prepare_all(commit, &commit->request->releases, prepare_release);
	for (i = 0; !error && i < commit->request->drops.count; i++)
		error = prepare_drop(commit, i);
	return error ?: nsg_set_changes_check_drops(&commit->sets, commit->request, commit->refusal);
}

static void unlink_sets(struct commit *commit)
{
	u32 i;

	for (i = 0; i < commit->request->drops.count; i++)
		if (commit->dropped[i])
			nsg_sets_hold(nsg_ruleset_sets(commit->dropped[i]));
	while (commit->linked--)
		if (commit->fresh[commit->linked])
			nsg_sets_let_go(nsg_ruleset_sets(commit->fresh[commit->linked]));
}

static void cancel(struct commit *commit)
{
	unlink_sets(commit);
	while (commit->changing)
		nsg_change_cancel(&commit->changes[--commit->changing]);
}

/* ---- from here on nothing can fail ---- */

/* A ruleset that this same commit puts and drops was never there. */
static void apply_drops(struct commit *commit)
{
	struct nsg_ruleset **fresh;
	u32 i;

	for (i = 0; i < commit->request->drops.count; i++) {
		fresh = find_fresh(commit, commit->dropped[i]->digest);
		if (fresh && *fresh) {
			*fresh = NULL;
			continue;
		}
		nsg_registry_remove(commit->dropped[i]);
		commit->changed = true;
	}
}

static void apply_puts(struct commit *commit)
{
	u32 i;

	for (i = 0; i < commit->request->puts.count; i++) {
		if (!commit->fresh[i])
			continue;
		nsg_registry_add(commit->fresh[i]);
		commit->fresh[i] = NULL;
		commit->changed = true;
	}
}

/* Packets meet old and new together, of bindings as of sets. */
static void publish(struct commit *commit)
{
	bool sides_move = commit->sets.sides_move;
	u32 i;

	for (i = 0; sides_move && i < commit->changing; i++)
		nsg_change_hold_sides(&commit->changes[i], nsg_sets_new_side());
	if (sides_move)
		nsg_sets_show_both();
	for (i = 0; i < commit->changing; i++)
		nsg_change_publish(&commit->changes[i]);
	if (commit->changing || sides_move)
		synchronize_rcu();
}

/* Packets meet the new alone. */
static void settle(struct commit *commit)
{
	bool sides_move = commit->sets.sides_move;
	u32 i;

	for (i = 0; i < commit->changing; i++)
		nsg_change_settle(&commit->changes[i]);
	if (sides_move)
		nsg_sets_show_new();
	if (commit->changing || commit->request->drops.count || sides_move)
		synchronize_rcu();
}

/* Two grace periods: for packets that have met what is old alone, and for packets that may still see it at all. */
static void apply_changes(struct commit *commit)
{
	u64 reading;
	u32 i;

	publish(commit);
	settle(commit);
	nsg_set_changes_finish(&commit->sets);
	reading = nsg_next_reading();
	for (i = 0; i < commit->changing; i++)
		nsg_change_finish(&commit->changes[i], reading);
}

static void free_dropped(struct commit *commit)
{
	u32 i;

	for (i = 0; i < commit->request->drops.count; i++)
		nsg_ruleset_free(commit->dropped[i]);
}

static u64 apply(struct commit *commit)
{
	commit->changed = nsg_settings_apply(&commit->request->settings);
	commit->changed |= nsg_releases_apply(&commit->request->releases);
	commit->changed |= commit->changing != 0;
	commit->changed |= nsg_set_changes_publish(&commit->sets, commit->request->drops.count);
	apply_drops(commit);
	apply_puts(commit);
	apply_changes(commit);
	free_dropped(commit);
	nsg_generation += commit->changed;
	return nsg_generation;
}

static int commit_under_lock(struct commit *commit, struct nsg_reply *reply)
{
	struct nsgate_committed answer;
	int error = prepare(commit);

	if (error) {
		cancel(commit);
		return error;
	}
	answer.generation = apply(commit);
	nsg_reply_add(reply, &answer, sizeof(answer));
	return 0;
}

static void release(struct commit *commit)
{
	u32 i;

	nsg_set_changes_release(&commit->sets);
	for (i = 0; commit->fresh && i < commit->request->puts.count; i++)
		nsg_ruleset_free(commit->fresh[i]);
	nsg_kvfree(commit->fresh);
	nsg_kvfree(commit->dropped);
	nsg_kvfree(commit->changes);
}

int nsg_commit(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct commit commit = { .request = request, .refusal = refusal };
	int error;

	error = nsg_reply_begin(reply, request, sizeof(struct nsgate_committed), refusal) ?:
		allocate(&commit) ?:
		nsg_set_changes_prepare(&commit.sets, request, refusal) ?:
		build_puts(&commit);
	if (!error) {
		mutex_lock(&nsg_lock);
		error = commit_under_lock(&commit, reply);
		mutex_unlock(&nsg_lock);
	}
	release(&commit);
	return error;
}
