/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of a chain's rules: a bit per rule, in the order in which rules are tried. Equal sets are kept once. */
#ifndef _NSG_VECTOR_H
#define _NSG_VECTOR_H

#include "pool.h"
#include "../uapi/nsgate.h"

#define NSG_NO_PLACE		U32_MAX	/* beyond a chain's last rule */
#define NSG_WORD_RULES		64U
#define NSG_GROUP_WORDS		8U
#define NSG_DENSE_WORDS		4U	/* up to here a vector is its words */
#define NSG_MAX_WORDS		(NSGATE_MAX_RULES / NSG_WORD_RULES)
#define NSG_MAX_GROUPS		(NSG_MAX_WORDS / NSG_GROUP_WORDS)
#define NSG_MAX_CHUNKS		(NSG_MAX_WORDS / 64)
#define NSG_STRANDS		3U	/* at most */

/*
 * A dense vector is `words` u64s. A sparse one is, for each chunk of 64 words and each strand, a u64 of aggregates, in
 * which a bit says whether a word has any rule of the strand; then a u32 per group of NSG_GROUP_WORDS words: where in
 * `groups` the words stand. Groups without a rule share one.
 */
struct nsg_layout {
	u32 words;
	u32 chunks;		/* 0 for dense */
	u32 strands;		/* 1 to NSG_STRANDS */
};

/*
 * Strand 1 is the rules that are wide on the axis of sources, strand 2 those of them that are wide on the axis of
 * destinations, too, strand 0 all others. Of two strands, the second has both; of one, it has all rules.
 */
struct nsg_strands {
	u32 count;			/* 1 to NSG_STRANDS */
	u64 wide[NSG_MAX_WORDS];	/* bit per rule, of strands 1 and 2 */
	u64 both[NSG_MAX_WORDS];	/* of strand 2; none unless there are three */
};

/* Vectors while a matcher is built, and one of them, `bits`, that is being changed. */
struct nsg_vectors {
	struct nsg_layout layout;
	const struct nsg_strands *strands;
	struct nsg_pool vectors;
	struct nsg_pool groups;
	u64 bits[NSG_MAX_WORDS];
	u64 record[NSG_MAX_CHUNKS * NSG_STRANDS + NSG_MAX_GROUPS / 2];	/* of `bits`, but for the groups in `changed` */
	u64 changed;		/* bit per group */
};

/* Whether vectors of so many rules are dense, and strands of no use. */
static inline bool nsg_vectors_dense(u32 rules)
{
	return rules <= NSG_DENSE_WORDS * NSG_WORD_RULES;
}

/* `strands` must outlive the vectors. Returns false, and budget->error is set, if there is no memory. */
bool nsg_vectors_init(struct nsg_vectors *vectors, struct nsg_budget *budget, u32 rules,
		      const struct nsg_strands *strands);

void nsg_vectors_free(struct nsg_vectors *vectors);

/* Makes `bits`, of layout.words words, the vector that is being changed. */
void nsg_vectors_set(struct nsg_vectors *vectors, const u64 *bits);

static inline void nsg_vectors_flip(struct nsg_vectors *vectors, u32 rule)
{
	vectors->bits[rule / NSG_WORD_RULES] ^= 1ULL << (rule % NSG_WORD_RULES);
	vectors->changed |= 1ULL << (rule / (NSG_WORD_RULES * NSG_GROUP_WORDS));
}

/* Keeps the vector as it is now; returns where it stands among the records, in u64s. */
u32 nsg_vectors_keep(struct nsg_vectors *vectors);

/* Keeps what is in both of two kept vectors. */
u32 nsg_vectors_and(struct nsg_vectors *vectors, u32 a, u32 b);

static inline const u32 *nsg_vector_groups(struct nsg_layout layout, const u64 *vector)
{
	return (const u32 *)(vector + layout.chunks * layout.strands);
}

#endif /* _NSG_VECTOR_H */
