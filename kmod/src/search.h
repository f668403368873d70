/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine. A rule is a box: a range on each of five axes (source, destination, protocol, both ports). Cut an
 * axis at every end of a range; within one piece the same rules can match, so a piece has a vector, one bit per
 * rule in the order of the rules. A packet falls into one piece of each axis, and what its vectors have in common
 * are the rules that match.
 *
 * Three rules, in order, and their axes (a vector's bits stand in the order C B A):
 *
 *	A	from 10.0.0.0/8		tcp	port 80
 *	B	from 10.1.0.0/16	any
 *	C	from anywhere		tcp	ports 22 to 80
 *
 *	source from	0.0.0.0: 100	10.0.0.0: 101	10.1.0.0: 111	10.2.0.0: 101	11.0.0.0: 100
 *	tcp, port from	0: 010		22: 110		80: 111		81: 010
 *	udp, any port	010
 *
 * A tcp packet from 10.1.2.3 to port 80 has 111 & 111: A matches, then B, then C. One from 10.2.0.1 to port 22 has
 * 101 & 110 = 100, which is C. A udp packet from 10.2.0.1 has 101 & 010, which is none.
 *
 * Finding the piece: addresses by a search tree without branches on what it compares (bounds.h) or, where an IPv4
 * axis is long, by a table and a trie of 4 bits a step (trie.h); ports by pages of a table (ports.h). Protocol and
 * ports have few vectors, whose common parts are worked out beforehand: one vector stands for all three axes
 * (transport.h), unless that table would be too large.
 *
 * Having thousands of rules in common words: 64 rules are a word, and above the words stand aggregates, in which a
 * bit tells whether a word has a rule at all. Only words whose bit is set in all aggregates are read; trailing
 * zeros count to the first rule. The bit can mislead, when one rule of the word is in one vector and another is in
 * the other, and then the words have nothing in common. Worst are rules with any source beside rules with any
 * destination. So aggregates are kept apart by strand (rules that are wide in the source, and all others; where ports
 * of any host stand beside hosts whatever the port, also those that are wide in both), and a word is read if any
 * strand promises a rule (vector.h). A vector differs from its neighbour on the axis in a rule or
 * two: words are held in groups, of which equal ones are kept once, so that memory follows the number of ends of
 * ranges, however much the ranges overlap.
 *
 * Rulesets with more ends of ranges than there is memory for have fewer cuts than ends: ranges are widened to the next
 * cut, and a rule whose range was is settled by its predicate (cuts.h).
 *
 * Cost: two to five lookups, 3 to 10 u64s of aggregates per 4,096 rules, and the words that are read, at most one
 * per 64 rules. What vectors cannot tell (icmp types, tcp flags, interfaces, state, mark) a candidate's predicate
 * settles; a rule of five fields needs none. A chain of a few rules is gone through one by one, by masks
 * (shortlist.h).
 */
#ifndef _NSG_SEARCH_H
#define _NSG_SEARCH_H

#include "engine.h"

/*
 * One packet's search. It is compiled into its callers, so that it can stay in registers. `plain` is whether the chain
 * is known to be (nsg_chain.plain), `ipv6` whether that is the key's family: constants leave out what does not concern
 * them.
 */
struct nsg_search {
	const struct nsg_matcher *matcher;
	const struct nsg_chain *chain;	/* NULL if no rule is of the key's hook and family */
	const struct nsg_key *key;
	const u64 *vector[5];	/* of the packet: three if the chain's transport is joined, none if it is short */
	u32 place;		/* in the chain, of the rule that was found last; NSG_NO_PLACE */
};

/* From `place` on, the first place whose rule's predicate holds where it must. */
u32 nsg_search_settle(const struct nsg_search *search, u32 place);

/* The index in the ruleset of the rule that was found. */
static __always_inline u32 nsg_search_rule(const struct nsg_search *search)
{
	return search->chain->order[search->place];
}

/* What the packet's vectors have in common in their u64 at `at`. */
static __always_inline u64 nsg_search_common(const struct nsg_search *search, u32 at, bool joined)
{
	u64 bits = search->vector[0][at] & search->vector[1][at] & search->vector[2][at];

	return joined ? bits : bits & search->vector[3][at] & search->vector[4][at];
}

/* The first place from `from` on. */
static __always_inline u32 nsg_search_dense(const struct nsg_search *search, u32 from, bool joined)
{
	u32 words = search->chain->layout.words, at = from / NSG_WORD_RULES;
	u64 mask = ~0ULL << (from % NSG_WORD_RULES);

	for (; at < words; at++, mask = ~0ULL) {
		u64 candidates = nsg_search_common(search, at, joined) & mask;

		if (candidates)
			return at * NSG_WORD_RULES + __ffs(candidates);
	}
	return NSG_NO_PLACE;
}

/* The words of a chunk in which any strand may have a rule. It is a loop so that little state is pushed aside. */
static __always_inline u64 nsg_search_words(const struct nsg_search *search, u32 chunk, bool joined)
{
	u32 at = chunk * search->chain->layout.strands, end = at + search->chain->layout.strands;
	u64 words = 0;

	do
		words |= nsg_search_common(search, at, joined);
	while (++at < end);
	return words;
}

/* A word's offset from the first of its group is the same in each vector: `words` points that far into the groups. */
static __always_inline u64 nsg_search_word_of(const u64 *words, const u64 *vector, u32 places, u32 group)
{
	return words[((const u32 *)(vector + places))[group]];
}

static __always_inline u64 nsg_search_word(const struct nsg_search *search, u32 word, bool joined)
{
	const struct nsg_chain *chain = search->chain;
	const u64 *words = chain->groups + word % NSG_GROUP_WORDS;
	u32 group = word / NSG_GROUP_WORDS, places = chain->layout.chunks * chain->layout.strands;
	u64 bits = nsg_search_word_of(words, search->vector[0], places, group) &
		   nsg_search_word_of(words, search->vector[1], places, group) &
		   nsg_search_word_of(words, search->vector[2], places, group);

	return joined ? bits : bits & nsg_search_word_of(words, search->vector[3], places, group) &
				      nsg_search_word_of(words, search->vector[4], places, group);
}

static __always_inline u32 nsg_search_sparse(const struct nsg_search *search, u32 from, bool joined)
{
	u32 first = from / NSG_WORD_RULES, chunk = first / 64;
	u64 words = nsg_search_words(search, chunk, joined) & ~0ULL << (first % 64);

	for (;;) {
		for (; words; words &= words - 1) {
			u32 word = chunk * 64 + __ffs(words);
			u64 candidates = nsg_search_word(search, word, joined);

			if (from && word == first)
				candidates &= ~0ULL << (from % NSG_WORD_RULES);
			if (candidates)
				return word * NSG_WORD_RULES + __ffs(candidates);
		}
		if (++chunk >= search->chain->layout.chunks)
			return NSG_NO_PLACE;
		words = nsg_search_words(search, chunk, joined);
	}
}

/* The first place from `from` on that the vectors leave. */
static __always_inline u32 nsg_search_vectors(const struct nsg_search *search, u32 from, bool joined)
{
	if (search->chain->layout.chunks)
		return nsg_search_sparse(search, from, joined);
	return nsg_search_dense(search, from, joined);
}

/* The first place from `from` on that a shortlist leaves. Its last fits every packet, so that its end needs no test. */
static __always_inline u32 nsg_search_short(const struct nsg_search *search, u32 from, bool ipv6)
{
	const struct nsg_summary summary = nsg_summary_of(search->key, ipv6);
	const struct nsg_shortlist *rule = search->chain->shortlist + from;

	while (!nsg_shortlist_fits(rule, &summary, ipv6) || !nsg_shortlist_in_ranges(rule, search->key))
		rule++;
	return rule->place;
}

static __always_inline u32 nsg_search_from(const struct nsg_search *search, u32 from, bool ipv6)
{
	if (search->chain->shortlist)
		return nsg_search_short(search, from, ipv6);
	if (likely(search->chain->transport.joined))
		return nsg_search_vectors(search, from, true);
	return nsg_search_vectors(search, from, false);
}

/* Looks the packet's vectors up. */
static __always_inline void nsg_search_look_up(struct nsg_search *search, bool ipv6)
{
	const struct nsg_chain *chain = search->chain;
	const struct nsg_transport *transport = &chain->transport;
	const struct nsg_key *key = search->key;

	search->vector[0] = chain->vectors + nsg_addresses_find(&chain->source, &key->source, ipv6);
	search->vector[1] = chain->vectors + nsg_addresses_find(&chain->destination, &key->destination, ipv6);
	if (likely(transport->joined)) {
		search->vector[2] = chain->vectors + nsg_transport_joined(transport, key);
		return;
	}
	search->vector[2] = chain->vectors + transport->protocol[key->protocol];
	search->vector[3] = chain->vectors + nsg_transport_port(&transport->source, key, key->source_port);
	search->vector[4] = chain->vectors + nsg_transport_port(&transport->destination, key, key->destination_port);
}

/* Finds the first rule that matches, in the ruleset's order. Matcher and key must outlive the search. */
static __always_inline void nsg_search_first(struct nsg_search *search, const struct nsg_matcher *matcher,
					     const struct nsg_key *key, bool ipv6, bool plain)
{
	search->matcher = matcher;
	search->chain = matcher->chain[key->hook][ipv6];
	search->key = key;
	search->place = NSG_NO_PLACE;
	if (!search->chain)
		return;
	if (!search->chain->shortlist)
		nsg_search_look_up(search, ipv6);
	search->place = nsg_search_from(search, 0, ipv6);
	if (!plain && !search->chain->plain)
		search->place = nsg_search_settle(search, search->place);
}

/* Finds the next rule that matches; not to be called again when there was none left. */
static __always_inline void nsg_search_next(struct nsg_search *search, bool ipv6, bool plain)
{
	search->place = nsg_search_from(search, search->place + 1, ipv6);
	if (!plain && !search->chain->plain)
		search->place = nsg_search_settle(search, search->place);
}

#endif /* _NSG_SEARCH_H */
