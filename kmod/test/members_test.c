// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of members held to a plain list: random edits of nested prefixes, both families, old roots beside new ones,
 * memory that runs out at every point.
 */
#include "../src/edit.h"
#include "check.h"
#include "sample.h"

long userspace_allocations = -1;

#define ROUNDS		400
#define MOST		400		/* members of a list */
#define PLENTY		(1UL << 40)	/* bytes */

struct list {
	struct nsg_prefix members[MOST];
	uint32_t count;
};

static struct nsg_budget budget = { .left = PLENTY };
static uint64_t edits;

static struct {
	unsigned long lookups, inside, wrong, wrong_members, wrong_forms, lost;
} seen;

static bool bit_of(const uint64_t *key, uint32_t bit)
{
	return key[bit / 64] >> (63 - bit % 64) & 1;
}

static bool inside(const struct nsg_prefix *prefix, const uint64_t *address)
{
	for (uint32_t bit = 0; bit < prefix->length; bit++)
		if (bit_of(prefix->key, bit) != bit_of(address, bit))
			return false;
	return true;
}

static bool list_covers(const struct list *list, const uint64_t *address)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (inside(&list->members[i], address))
			return true;
	return false;
}

static int list_find(const struct list *list, const struct nsg_prefix *prefix)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->members[i].length == prefix->length && inside(prefix, list->members[i].key))
			return i;
	return -1;
}

/* An address of few, so that prefixes of it nest and come again; or, now and then, any. */
static void draw_key(uint64_t *key, uint32_t bits, bool wild)
{
	key[0] = wild ? (uint64_t)sample(~0U) << 32 | sample(~0U) : (uint64_t)sample(3) << 62 | (uint64_t)sample(4) << 43 |
		 (uint64_t)sample(3) << 35 | (bits > 32 ? sample(3) << 4 | sample(2) : 0);
	key[1] = wild ? (uint64_t)sample(~0U) << 32 | sample(~0U) : (uint64_t)sample(3) << 62 | sample(4);
	if (bits == 32) {
		key[0] &= ~0ULL << 32;
		key[1] = 0;
	}
}

static struct nsg_prefix draw_prefix(uint32_t bits)
{
	struct nsg_prefix prefix = { .length = sample(3) ? sample(bits + 1) : bits };

	draw_key(prefix.key, bits, !sample(4));
	for (uint32_t bit = prefix.length; bit < 128; bit++)
		prefix.key[bit / 64] &= ~(1ULL << (63 - bit % 64));
	return prefix;
}

static void compare_lookups(const struct list *list, uint64_t root, uint32_t bits)
{
	for (int i = 0; i < 60; i++) {
		uint64_t key[2];
		union nsg_address address = { .words = { 0 } };
		bool want, have;

		draw_key(key, bits, !sample(3));
		if (list->count && sample(2))	/* at a member, or one bit off */
			memcpy(key, list->members[sample(list->count)].key, sizeof(key));
		if (sample(3) == 0) {
			uint32_t bit = sample(bits);

			key[bit / 64] ^= 1ULL << (63 - bit % 64);
		}
		address.halves[0] = cpu_to_be64(key[0]);
		address.halves[1] = cpu_to_be64(key[1]);
		want = list_covers(list, key);
		have = nsg_members_cover(root, &address, bits == 32 ? NSGATE_FAMILY_IPV4 : NSGATE_FAMILY_IPV6);
		seen.lookups++;
		seen.inside += want;
		seen.wrong += want != have;
	}
}

static void compare_members(const struct list *list, uint64_t root, uint32_t bits)
{
	for (uint32_t i = 0; i < list->count; i++)
		seen.wrong_members += !nsg_members_contain(root, &list->members[i]);
	for (int i = 0; i < 30; i++) {
		struct nsg_prefix prefix = draw_prefix(bits);

		seen.wrong_members += nsg_members_contain(root, &prefix) != (list_find(list, &prefix) >= 0);
	}
}

/* The same nodes in the same places, and each node forks. */
static bool same_form(uint64_t a, uint64_t b)
{
	const struct nsg_member_node *x = nsg_entry_node(a), *y = nsg_entry_node(b);
	const struct nsg_member_leaf *v = nsg_entry_leaf(a), *w = nsg_entry_leaf(b);
	uint32_t children;

	if ((a & NSG_ENTRY_TYPE) != (b & NSG_ENTRY_TYPE))
		return false;
	if (!a || !b || a & NSG_ENTRY_SHORT)
		return a == b;
	if (a & NSG_ENTRY_LEAF)
		return v->length == w->length && v->key[0] == w->key[0] && v->key[1] == w->key[1];
	if (x->at != y->at || x->members != y->members || x->children != y->children || x->key[0] != y->key[0] ||
	    x->key[1] != y->key[1])
		return false;
	children = hweight64(x->children);
	for (uint32_t i = 0; i < children; i++)
		if (!same_form(x->entry[i], y->entry[i]))
			return false;
	return children + hweight64(x->members) > 1;
}

/* One change, to the list and to the tree; the tree's answer if it is an error, else 0. */
static int change(struct nsg_edit *edit, struct list *list, uint64_t *root, const struct nsg_prefix *prefix, bool add)
{
	int at = list_find(list, prefix), changed, want = add ? at < 0 : at >= 0;

	if (add && at < 0 && list->count == MOST)
		return 0;
	changed = add ? nsg_edit_add(edit, root, prefix) : nsg_edit_remove(edit, root, prefix);
	if (changed < 0)
		return changed;
	seen.wrong_members += changed != want;
	if (add && changed)
		list->members[list->count++] = *prefix;
	else if (changed)
		list->members[at] = list->members[--list->count];
	return 0;
}

static int random_changes(struct nsg_edit *edit, struct list *list, uint64_t *root, uint32_t bits, bool grow)
{
	int error = 0;

	for (uint32_t i = sample(80); i && !error; i--) {
		struct nsg_prefix prefix = list->count && sample(2) ? list->members[sample(list->count)] :
								       draw_prefix(bits);

		error = change(edit, list, root, &prefix, sample(10) < (grow ? 7 : 3));
	}
	return error;
}

static uint64_t built_at_once(const struct list *list)
{
	struct nsg_edit edit;
	uint64_t root = 0;

	nsg_edit_begin(&edit, ++edits, &budget);
	for (uint32_t i = list->count; i; i--)
		nsg_edit_add(&edit, &root, &list->members[i - 1]);
	nsg_edit_finish(&edit);
	return root;
}

static void compare_form(const struct list *list, uint64_t root)
{
	uint64_t other = built_at_once(list);

	seen.wrong_forms += list->count > 1 ? !same_form(root, other) : !root != !other;
	nsg_members_free(other, &budget);
}

/* Edits, one after the other; until each is published, the old root has the old members. */
static void round_of(uint32_t bits)
{
	struct list list = { .count = 0 }, old;
	uint64_t root = 0, next;
	size_t bytes = 0;

	for (uint32_t left = sample(20); left; left--) {
		struct nsg_edit edit;

		old = list;
		next = root;
		nsg_edit_begin(&edit, ++edits, &budget);
		random_changes(&edit, &list, &next, bits, left > 5);
		compare_lookups(&old, root, bits);
		compare_members(&old, root, bits);
		if (sample(4)) {
			bytes += edit.made - edit.unmade;
			root = next;
			nsg_edit_finish(&edit);
		} else {
			nsg_edit_cancel(&edit, next);
			nsg_edit_forget(&edit);
			list = old;
		}
		compare_lookups(&list, root, bits);
		compare_members(&list, root, bits);
		seen.lost += budget.left + bytes != PLENTY;
	}
	compare_form(&list, root);
	nsg_members_free(root, &budget);
	seen.lost += budget.left != PLENTY;
}

/* An edit that runs out of memory at any allocation can be taken back, and leaves nothing. */
static uint32_t exhaust(uint32_t bits, size_t left)
{
	struct list list = { .count = 0 }, old;
	struct nsg_edit edit;
	uint64_t root = 0, next;
	uint32_t limit = 0;
	int error;

	nsg_edit_begin(&edit, ++edits, &budget);
	random_changes(&edit, &list, &root, bits, true);
	nsg_edit_finish(&edit);
	old = list;
	do {
		size_t before = budget.left;

		list = old;
		next = root;
		sample_seed(bits);
		nsg_edit_begin(&edit, ++edits, &budget);
		userspace_allocations = left ? -1 : limit;
		budget.left = left ? left * limit : before;
		error = random_changes(&edit, &list, &next, bits, true);
		userspace_allocations = -1;
		compare_members(&old, root, bits);
		nsg_edit_cancel(&edit, next);
		nsg_edit_forget(&edit);
		seen.lost += budget.left != (left ? left * limit : before);
		seen.wrong_members += error && error != (left ? -E2BIG : -ENOMEM);
		budget = (struct nsg_budget){ .left = before };
		limit++;
	} while (error && limit < 10000);
	nsg_members_free(root, &budget);
	return limit;
}

static void test_exhaustion(void)
{
	uint32_t limits;

	sample_seed(3);
	limits = exhaust(32, 0) + exhaust(128, 0);
	check(limits > 40, "without memory an edit is taken back, at each of %u allocations", limits);
	limits = exhaust(32, 64) + exhaust(128, 64);
	check(limits > 40, "over its budget an edit is taken back, at each of %u sizes", limits);
}

static struct nsg_prefix strewn(uint32_t bits)
{
	struct nsg_prefix prefix = { .length = bits };

	draw_key(prefix.key, bits, true);
	return prefix;
}

/* Memory for a million strewn hosts, and what a delta on them takes. */
static void test_size(const char *what, uint32_t bits, uint32_t most)
{
	uint32_t members = 0, changed = 0;
	struct nsg_edit edit;
	uint64_t root = 0, next;
	size_t bytes;

	sample_seed(7);
	nsg_edit_begin(&edit, ++edits, &budget);
	while (members < 1000000) {
		struct nsg_prefix prefix = strewn(bits);

		members += nsg_edit_add(&edit, &root, &prefix);
	}
	bytes = edit.made;
	nsg_edit_finish(&edit);
	check(bytes / members <= most, "a million strewn %s hosts take %zu bytes each", what, bytes / members);
	nsg_edit_begin(&edit, ++edits, &budget);
	next = root;
	while (changed < 10000) {
		struct nsg_prefix prefix = strewn(bits);

		changed += nsg_edit_add(&edit, &next, &prefix);
	}
	check(edit.made < bytes / 5, "a delta of 10,000 makes %zu KiB of %zu anew", edit.made / 1024, bytes / 1024);
	nsg_edit_finish(&edit);
	nsg_members_free(next, &budget);
	check(budget.left == PLENTY, "and all of it is given back");
}

int main(void)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		sample_seed(round + 1);
		round_of(round % 2 ? 32 : 128);
	}
	check(!seen.wrong && seen.inside > seen.lookups / 10 && seen.inside < seen.lookups,
	      "%lu lookups find what the list has, %lu of them a member", seen.lookups, seen.inside);
	check(!seen.wrong_members, "each member is one, and nothing else is");
	check(!seen.wrong_forms, "a tree's form does not tell how it came to be");
	check(!seen.lost, "all memory is accounted for");
	test_exhaustion();
	test_size("IPv4", 32, 40);
	test_size("IPv6", 128, 80);
	return conclude();
}
