// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of a chain's rules. Neighbours on an axis differ by a rule or two, hence by a group or two: all others are
 * shared, so that memory follows the number of end points and not the number of rules in force between them.
 */
#include "vector.h"

#define GROUPS_AT	(64 / NSG_GROUP_WORDS)			/* whose words share a u64 of the aggregates */
#define GROUP_MASK	((1ULL << NSG_GROUP_WORDS) - 1)		/* a group's words there */

static u32 groups_of(struct nsg_layout layout)
{
	return DIV_ROUND_UP(layout.words, NSG_GROUP_WORDS);
}

static u32 width_of(struct nsg_layout layout)
{
	if (!layout.chunks)
		return layout.words;
	return layout.chunks * layout.strands + DIV_ROUND_UP(groups_of(layout), 2);
}

static struct nsg_layout layout_for(u32 rules, u32 strands)
{
	struct nsg_layout layout = { .words = DIV_ROUND_UP(rules, NSG_WORD_RULES), .strands = strands };

	if (!nsg_vectors_dense(rules))
		layout.chunks = DIV_ROUND_UP(layout.words, 64);
	return layout;
}

bool nsg_vectors_init(struct nsg_vectors *vectors, struct nsg_budget *budget, u32 rules,
		      const struct nsg_strands *strands)
{
	vectors->layout = layout_for(rules, strands->count);
	vectors->strands = strands;
	return nsg_pool_init(&vectors->vectors, budget, width_of(vectors->layout)) &&
	       nsg_pool_init(&vectors->groups, budget, NSG_GROUP_WORDS);
}

void nsg_vectors_free(struct nsg_vectors *vectors)
{
	nsg_pool_free(&vectors->vectors);
	nsg_pool_free(&vectors->groups);
}

void nsg_vectors_set(struct nsg_vectors *vectors, const u64 *bits)
{
	memset(vectors->bits, 0, sizeof(vectors->bits));
	memcpy(vectors->bits, bits, vectors->layout.words * sizeof(*bits));
	vectors->changed = (1ULL << groups_of(vectors->layout)) - 1;
}

/* By strand: a bit per word of the group that has a rule of it. */
static void find_used(const struct nsg_vectors *vectors, u32 group, const u64 *words, u64 *used)
{
	const u64 *wide = &vectors->strands->wide[group * NSG_GROUP_WORDS];
	const u64 *both = &vectors->strands->both[group * NSG_GROUP_WORDS];
	u32 i;

	for (i = 0; i < NSG_GROUP_WORDS; i++) {
		if (!words[i])
			continue;
		used[0] |= (u64)!!(words[i] & ~wide[i]) << i;
		used[1] |= (u64)!!(words[i] & wide[i] & ~both[i]) << i;
		used[2] |= (u64)!!(words[i] & both[i]) << i;
	}
	if (vectors->layout.strands == 1)
		used[0] |= used[1];
}

/* Writes a group's place and its part of the aggregates into a record. */
static void set_group(struct nsg_vectors *vectors, u64 *record, u32 group, const u64 *words)
{
	u32 shift = group % GROUPS_AT * NSG_GROUP_WORDS;
	u32 strands = vectors->layout.strands, strand;
	u64 *aggregate = record + group / GROUPS_AT * strands;
	u32 *places = (u32 *)(record + vectors->layout.chunks * strands);
	u64 used[NSG_STRANDS] = { 0 };

	find_used(vectors, group, words, used);
	for (strand = 0; strand < strands; strand++)
		aggregate[strand] = (aggregate[strand] & ~(GROUP_MASK << shift)) | used[strand] << shift;
	places[group] = used[0] | used[1] | used[2] ? nsg_pool_add(&vectors->groups, words) * NSG_GROUP_WORDS : 0;
}

static u32 keep(struct nsg_vectors *vectors, const u64 *record)
{
	return nsg_pool_add(&vectors->vectors, record) * vectors->vectors.width;
}

u32 nsg_vectors_keep(struct nsg_vectors *vectors)
{
	if (!vectors->layout.chunks)
		return keep(vectors, vectors->bits);
	for (; vectors->changed; vectors->changed &= vectors->changed - 1) {
		u32 group = __ffs(vectors->changed);

		set_group(vectors, vectors->record, group, vectors->bits + group * NSG_GROUP_WORDS);
	}
	return keep(vectors, vectors->record);
}

static void and_words(u64 *to, const u64 *a, const u64 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		to[i] = a[i] & b[i];
}

static void and_groups(struct nsg_vectors *vectors, u64 *record, const u64 *a, const u64 *b)
{
	const u32 *from_a = nsg_vector_groups(vectors->layout, a);
	const u32 *from_b = nsg_vector_groups(vectors->layout, b);
	const u64 *groups = vectors->groups.records;
	u64 words[NSG_GROUP_WORDS];
	u32 group;

	for (group = 0; group < groups_of(vectors->layout); group++) {
		if (!from_a[group] || !from_b[group])
			continue;
		and_words(words, groups + from_a[group], groups + from_b[group], NSG_GROUP_WORDS);
		set_group(vectors, record, group, words);
		groups = vectors->groups.records;
	}
}

u32 nsg_vectors_and(struct nsg_vectors *vectors, u32 a, u32 b)
{
	u64 record[ARRAY_SIZE(vectors->record)] = { 0 };
	const u64 *records = vectors->vectors.records;

	if (vectors->vectors.budget->error || a == b)
		return a;
	if (vectors->layout.chunks)
		and_groups(vectors, record, records + a, records + b);
	else
		and_words(record, records + a, records + b, vectors->layout.words);
	return keep(vectors, record);
}
