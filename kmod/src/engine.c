// SPDX-License-Identifier: GPL-2.0
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
 * destination. So aggregates are kept apart by strand (rules wide in both, in one, in neither), and a word is read
 * if any one strand promises a rule (vector.h). A vector differs from its neighbour on the axis in a rule or two:
 * words are held in groups, of which equal ones are kept once, so that memory follows the number of ends of
 * ranges, however much the ranges overlap.
 *
 * Cost: two to five lookups, 4 to 16 u64s of aggregates per 4,096 rules, and the words that are read, at most one
 * per 64 rules. What vectors cannot tell (icmp types, tcp flags, interfaces, state, mark) a candidate's predicate
 * settles; a rule of five fields needs none. A chain of a few rules is gone through one by one, by masks
 * (shortlist.h).
 */
#include "engine.h"

/* What the packet's vectors have in common in their u64 at `at`. */
static __always_inline u64 common(const u64 *const *vector, u32 at, bool joined)
{
	u64 bits = vector[0][at] & vector[1][at] & vector[2][at];

	return joined ? bits : bits & vector[3][at] & vector[4][at];
}

/* Keeps the rest of a word's candidates for the next search; returns the first one's place. */
static __always_inline u32 take_first(struct nsg_search *search, u64 candidates, u32 base)
{
	search->candidates = candidates & (candidates - 1);
	search->base = base;
	return base + __ffs(candidates);
}

static __always_inline u32 dense_place(struct nsg_search *search, const struct nsg_chain *chain,
				       const u64 *const *vector, u32 at, bool joined)
{
	for (; at < chain->layout.words; at++) {
		u64 candidates = common(vector, at, joined);

		if (candidates) {
			search->next = at + 1;
			return take_first(search, candidates, at * NSG_WORD_RULES);
		}
	}
	return NSG_NO_PLACE;
}

/* The words of a chunk in which one strand or another may have a rule for the packet. */
static __always_inline u64 common_words(const struct nsg_chain *chain, const u64 *const *vector, u32 chunk, bool joined)
{
	u64 words;

	if (chain->layout.strands == 1)
		return common(vector, chunk, joined);
	chunk *= NSG_STRANDS;
	words = common(vector, chunk, joined);
	words |= common(vector, chunk + 1, joined);
	words |= common(vector, chunk + 2, joined);
	return words | common(vector, chunk + 3, joined);
}

/* A word's offset from the first of its group is the same in each vector: `words` points that far into the groups. */
static __always_inline u64 word_of(const u64 *words, const u64 *vector, u32 places, u32 group)
{
	return words[((const u32 *)(vector + places))[group]];
}

static __always_inline u64 common_word(const struct nsg_chain *chain, const u64 *const *vector, u32 word, bool joined)
{
	const u64 *words = chain->groups + word % NSG_GROUP_WORDS;
	u32 group = word / NSG_GROUP_WORDS, places = chain->layout.chunks * chain->layout.strands;
	u64 bits = word_of(words, vector[0], places, group) & word_of(words, vector[1], places, group) &
		   word_of(words, vector[2], places, group);

	return joined ? bits : bits & word_of(words, vector[3], places, group) &
				      word_of(words, vector[4], places, group);
}

static __always_inline u32 sparse_place(struct nsg_search *search, const struct nsg_chain *chain,
					const u64 *const *vector, u32 at, u64 words, bool joined)
{
	for (;;) {
		for (; words; words &= words - 1) {
			u32 word = at * 64 + __ffs(words);
			u64 candidates = common_word(chain, vector, word, joined);

			if (candidates) {
				search->words = words & (words - 1);
				search->next = at;
				return take_first(search, candidates, word * NSG_WORD_RULES);
			}
		}
		if (++at >= chain->layout.chunks)
			return NSG_NO_PLACE;
		words = common_words(chain, vector, at, joined);
	}
}

static __always_inline u32 rule_of(const struct nsg_chain *chain, u32 place)
{
	return place == NSG_NO_PLACE ? NSG_NO_RULE : chain->order[place];
}

/* The last of the shortlist fits every packet, so that its end needs no test. */
static __always_inline const struct nsg_shortlist *fitting(const struct nsg_shortlist *rule,
							   const struct nsg_summary *summary, bool ipv6)
{
	while (!nsg_shortlist_fits(rule, summary, ipv6))
		rule++;
	return rule;
}

/* From a rule that fits the masks to the first one that matches. */
static noinline u32 settle_short(struct nsg_search *search, const struct nsg_shortlist *rule)
{
	bool ipv6 = search->key->family == NSGATE_FAMILY_IPV6;
	const struct nsg_summary summary = nsg_summary_of(search->key, ipv6);
	u32 number = rule_of(search->chain, rule->place);

	while ((rule->ranges && !nsg_shortlist_in_ranges(rule, search->key)) ||
	       (rule->verify && !nsg_predicate_holds(search->matcher->predicates, number, search->key))) {
		rule = fitting(rule + 1, &summary, ipv6);
		number = rule_of(search->chain, rule->place);
	}
	search->next = rule->place + 1;
	return number;
}

static __always_inline u32 short_rule(struct nsg_search *search, const struct nsg_chain *chain, u32 from, bool ipv6)
{
	const struct nsg_summary summary = nsg_summary_of(search->key, ipv6);
	const struct nsg_shortlist *rule = fitting(chain->shortlist + from, &summary, ipv6);

	if (rule->ranges || rule->verify)
		return settle_short(search, rule);
	search->next = rule->place + 1;
	return rule_of(chain, rule->place);
}

static noinline u32 short_rule4(struct nsg_search *search, const struct nsg_chain *chain, u32 from)
{
	return short_rule(search, chain, from, false);
}

static noinline u32 short_rule6(struct nsg_search *search, const struct nsg_chain *chain, u32 from)
{
	return short_rule(search, chain, from, true);
}

static __always_inline u32 next_short(struct nsg_search *search, u32 from)
{
	if (search->key->family == NSGATE_FAMILY_IPV4)
		return short_rule4(search, search->chain, from);
	return short_rule6(search, search->chain, from);
}

static u32 next_place(struct nsg_search *search)
{
	const struct nsg_chain *chain = search->chain;
	bool joined = chain->transport.joined;

	if (search->candidates)
		return take_first(search, search->candidates, search->base);
	if (chain->layout.chunks)
		return sparse_place(search, chain, search->vector, search->next, search->words, joined);
	return dense_place(search, chain, search->vector, search->next, joined);
}

/* From a candidate that may need to be verified to the first one that matches. */
static noinline u32 settle(struct nsg_search *search, u32 place)
{
	const struct nsg_chain *chain = search->chain;

	for (; place != NSG_NO_PLACE; place = next_place(search)) {
		if (!(chain->verify[place / NSG_WORD_RULES] >> (place % NSG_WORD_RULES) & 1))
			return chain->order[place];
		if (nsg_predicate_holds(search->matcher->predicates, chain->order[place], search->key))
			return chain->order[place];
	}
	return NSG_NO_RULE;
}

static __always_inline u32 rule_at(struct nsg_search *search, const struct nsg_chain *chain, u32 place)
{
	if (unlikely(chain->verify))
		return settle(search, place);
	return rule_of(chain, place);
}

static noinline u32 first_sparse(struct nsg_search *search, const struct nsg_chain *chain)
{
	const u64 *const vector[] = { search->vector[0], search->vector[1], search->vector[2] };
	u64 words = common_words(chain, vector, 0, true);

	return rule_at(search, chain, sparse_place(search, chain, vector, 0, words, true));
}

static noinline u32 first_apart(struct nsg_search *search, const struct nsg_chain *chain)
{
	const struct nsg_transport *transport = &chain->transport;
	const struct nsg_key *key = search->key;

	search->vector[2] = chain->vectors + transport->protocol[key->protocol];
	search->vector[3] = chain->vectors + nsg_transport_port(&transport->source, key, key->source_port);
	search->vector[4] = chain->vectors + nsg_transport_port(&transport->destination, key, key->destination_port);
	search->candidates = 0;
	search->words = chain->layout.chunks ? common_words(chain, search->vector, 0, false) : 0;
	search->next = 0;
	return rule_at(search, chain, next_place(search));
}

u32 nsg_search_first(struct nsg_search *search, const struct nsg_matcher *matcher, const struct nsg_key *key)
{
	size_t number = key->hook * NSG_FAMILIES + (size_t)key->family - 1;
	const struct nsg_chain *chain = (&matcher->chain[0][0])[number];
	const u64 *vector[3];

	if (!chain)
		return NSG_NO_RULE;
	search->matcher = matcher;
	search->chain = chain;
	search->key = key;
	if (chain->shortlist)
		return next_short(search, 0);
	vector[0] = chain->vectors + nsg_addresses_find(&chain->source, &key->source);
	search->vector[0] = vector[0];
	vector[1] = chain->vectors + nsg_addresses_find(&chain->destination, &key->destination);
	search->vector[1] = vector[1];
	if (unlikely(!chain->transport.joined))
		return first_apart(search, chain);
	vector[2] = chain->vectors + nsg_transport_joined(&chain->transport, key);
	search->vector[2] = vector[2];
	if (chain->layout.chunks)
		return first_sparse(search, chain);
	return rule_at(search, chain, dense_place(search, chain, vector, 0, true));
}

u32 nsg_search_next(struct nsg_search *search)
{
	if (search->chain->shortlist)
		return next_short(search, search->next);
	return rule_at(search, search->chain, next_place(search));
}
