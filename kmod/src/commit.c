// SPDX-License-Identifier: GPL-2.0
/*
 * Answers COMMIT: one transaction over rulesets, bindings and settings. Everything that can fail is done before
 * the first packet can notice, so a commit is applied whole or not at all.
 */
#include "change.h"
#include "generation.h"
#include "grace.h"
#include "quarantine.h"
#include "reading.h"
#include "refusal.h"
#include "registry.h"
#include "reply.h"
#include "ruleset_change.h"
#include "set_change.h"
#include "settings.h"

struct commit {
	const struct nsg_request *request;
	struct nsgate_refusal *refusal;
	struct nsg_ruleset_changes rulesets;
	struct nsg_set_changes sets;
	struct nsg_change *changes;	/* of bindings */
	u32 changing;			/* how many of `changes` are ready */
	bool replaces;			/* some of them have an old binding */
	bool mixes;			/* what a process sends could get through on a mixture of old and new */
	bool changed;			/* something, so the generation rises */
};

static void at_object(const struct commit *commit, const struct nsg_object *object, const void *part)
{
	nsg_refuse_at(commit->refusal, commit->request, object, part);
}

static int allocate(struct commit *commit)
{
	size_t bytes = ((size_t)commit->request->binds.count + commit->request->unbinds.count + 1) *
		       sizeof(*commit->changes);

	commit->changes = nsg_kvzalloc(bytes);
	return commit->changes ? 0 : nsg_refuse_memory(commit->refusal, bytes);
}

/* ---- under the lock: what the commit means now ---- */

static int prepare_change(struct commit *commit, struct nsg_namespace *ns, struct nsg_ruleset *ruleset)
{
	struct nsg_change *change = &commit->changes[commit->changing];
	int error = nsg_change_prepare(change, ns, ruleset, commit->refusal);

	if (error)
		return error;
	commit->changing++;
	if (change->old)
		commit->replaces = true;
	if (change->old && change->new)
		commit->mixes |= nsg_rulesets_mix(change->old->ruleset, change->new->ruleset);
	return 0;
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
	at_object(commit, object, &bind->flags);
	if (nsg_namespace_is_initial(ns) && !(bind->flags & NSGATE_BIND_INITIAL))
		return nsg_refuse_here(commit->refusal, -EPERM, NSGATE_FIELD_FLAGS,
				       "this is the host's initial namespace, and the bind does not say that it is meant");
	at_object(commit, object, bind->digest);
	ruleset = nsg_ruleset_changes_find(&commit->rulesets, bind->digest);
	if (!ruleset)
		return nsg_refuse_here(commit->refusal, -ENOENT, NSGATE_FIELD_DIGEST,
				       "no ruleset with this digest is held or put");
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
		return nsg_refuse_here(commit->refusal, -ENOENT, NSGATE_FIELD_INODE,
				       "the namespace is not bound");
	return prepare_change(commit, ns, NULL);
}

static int prepare_release(struct commit *commit, const struct nsg_object *object)
{
	return nsg_release_check(object, commit->request, commit->refusal);
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
	return nsg_ruleset_changes_prepare(&commit->rulesets, &commit->sets) ?:
	       prepare_all(commit, &commit->request->binds, prepare_bind) ?:
	       prepare_all(commit, &commit->request->unbinds, prepare_unbind) ?:
	       prepare_all(commit, &commit->request->releases, prepare_release) ?:
	       nsg_ruleset_changes_prepare_drops(&commit->rulesets) ?:
	       nsg_set_changes_check_drops(&commit->sets, commit->request, commit->refusal);
}

static void cancel(struct commit *commit)
{
	nsg_ruleset_changes_cancel(&commit->rulesets);
	while (commit->changing) {
		nsg_change_cancel(&commit->changes[--commit->changing]);
		cond_resched();
	}
}

/* ---- from here on nothing can fail ---- */

/* Whether a bound ruleset looks at sets on output and on postrouting, whose members change between the two. */
static void look_for_mixture(struct nsg_ruleset *ruleset, void *mixes)
{
	if (ruleset->bindings && ruleset->needs & NSG_NEEDS_SETS)
		*(bool *)mixes |= nsg_rulesets_mix(ruleset, ruleset);
}

/* Until no packet is under way that has met the old alone. */
static void wait_for_old(struct commit *commit)
{
	if (commit->sets.sides_move)
		nsg_registry_visit(look_for_mixture, &commit->mixes);
	if (commit->mixes)
		nsg_senders_grace_period();
	else
		nsg_grace_period();
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
	for (i = 0; i < commit->changing; i++) {
		nsg_change_publish(&commit->changes[i]);
		cond_resched();
	}
	if (commit->changing || sides_move)
		wait_for_old(commit);
}

/* Packets meet the new alone. */
static void settle(struct commit *commit)
{
	bool sides_move = commit->sets.sides_move;
	u32 i;

	for (i = 0; i < commit->changing; i++) {
		nsg_change_settle(&commit->changes[i]);
		cond_resched();
	}
	if (sides_move)
		nsg_sets_show_new();
	if (commit->replaces || commit->request->drops.count || sides_move)
		nsg_grace_period();
}

/*
 * Two grace periods: for packets that have met what is old alone, and for packets that may still see it at all. Where
 * there is nothing old, the first alone, so that all packets are under the new rules when the writer hears of it.
 */
static void apply_changes(struct commit *commit)
{
	u64 reading;
	u32 i;

	publish(commit);
	settle(commit);
	nsg_set_changes_finish(&commit->sets);
	reading = nsg_next_reading();
	for (i = 0; i < commit->changing; i++) {
		nsg_change_finish(&commit->changes[i], reading);
		cond_resched();
	}
}

static u64 apply(struct commit *commit)
{
	commit->changed = nsg_settings_apply(&commit->request->settings);
	commit->changed |= nsg_releases_apply(&commit->request->releases);
	commit->changed |= commit->changing != 0;
	commit->changed |= nsg_set_changes_publish(&commit->sets, commit->request->drops.count);
	commit->changed |= nsg_ruleset_changes_apply(&commit->rulesets);
	apply_changes(commit);
	nsg_ruleset_changes_free_dropped(&commit->rulesets);
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

int nsg_commit(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	struct commit commit = {
		.request = request,
		.refusal = refusal,
		.rulesets = { .request = request, .refusal = refusal },
	};
	int error;

	error = nsg_reply_begin(reply, request, sizeof(struct nsgate_committed), refusal) ?:
		allocate(&commit) ?:
		nsg_set_changes_prepare(&commit.sets, request, refusal) ?:
		nsg_ruleset_changes_build(&commit.rulesets);
	if (!error) {
		mutex_lock(&nsg_lock);
		error = commit_under_lock(&commit, reply);
		mutex_unlock(&nsg_lock);
	}
	nsg_set_changes_release(&commit.sets);
	nsg_ruleset_changes_release(&commit.rulesets);
	nsg_kvfree(commit.changes);
	return error;
}
