// SPDX-License-Identifier: GPL-2.0
/* The rulesets that the module holds, by digest. */
#include <linux/hashtable.h>

#include "registry.h"
#include "netns.h"

static DEFINE_HASHTABLE(by_digest, 12);
static u32 held;

/* A digest is as good as random anywhere. */
static u32 hash_of(const u8 *digest)
{
	u32 hash;

	memcpy(&hash, digest, sizeof(hash));
	return hash;
}

struct nsg_ruleset *nsg_registry_find(const u8 *digest)
{
	struct nsg_ruleset *ruleset;

	lockdep_assert_held(&nsg_lock);
	hash_for_each_possible(by_digest, ruleset, held, hash_of(digest))
		if (!memcmp(ruleset->digest, digest, NSGATE_DIGEST_SIZE))
			return ruleset;
	return NULL;
}

void nsg_registry_add(struct nsg_ruleset *ruleset)
{
	lockdep_assert_held(&nsg_lock);
	hash_add(by_digest, &ruleset->held, hash_of(ruleset->digest));
	held++;
}

void nsg_registry_remove(struct nsg_ruleset *ruleset)
{
	lockdep_assert_held(&nsg_lock);
	hash_del(&ruleset->held);
	held--;
}

u32 nsg_registry_count(void)
{
	lockdep_assert_held(&nsg_lock);
	return held;
}

void nsg_registry_visit(void (*visit)(struct nsg_ruleset *ruleset, void *data), void *data)
{
	struct nsg_ruleset *ruleset;
	struct hlist_node *next;
	u32 bucket;

	lockdep_assert_held(&nsg_lock);
	hash_for_each_safe(by_digest, bucket, next, ruleset, held) {
		visit(ruleset, data);
		cond_resched();
	}
}

static void clear(struct nsg_ruleset *ruleset, void *data)
{
	nsg_registry_remove(ruleset);
	nsg_ruleset_free(ruleset);
}

void nsg_registry_clear(void)
{
	mutex_lock(&nsg_lock);
	nsg_registry_visit(clear, NULL);
	mutex_unlock(&nsg_lock);
}
