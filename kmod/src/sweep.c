// SPDX-License-Identifier: GPL-2.0
/*
 * One axis cut at the end points of a chain's rules. A rule's items may overlap and may be negated: it goes in or out
 * of the vector when the number of its items that cover the place becomes or leaves zero.
 */
#include "sweep.h"
#include "request.h"

#define DIGITS		256
#define POINT_BYTES	16

struct event {
	struct nsg_point at;
	u32 rule;
	s32 step;		/* items of the rule that cover: 1 where one begins, -1 after it has ended */
};

struct sweep {
	const struct nsg_rules *rules;
	struct nsg_vectors *vectors;
	struct nsg_budget *budget;
	u16 kind;
	u32 room;		/* events */
	u32 count;
	struct event *events;
	struct event *spare;	/* where a pass of the sort writes */
	s32 *cover;		/* by rule: items that cover the place */
	struct nsg_point differ;	/* bits in which events' places differ */
};

static bool taken_for_hull(const struct sweep *sweep, const struct nsgate_match *match)
{
	return match->count > sweep->rules->exact_items;
}

static u32 count_events(const struct sweep *sweep)
{
	const struct nsgate_match *match;
	u32 count = 0, i;

	for (i = 0; i < sweep->rules->count; i++) {
		match = nsg_rule_match(sweep->rules->rule[i], sweep->kind);
		if (match)
			count += taken_for_hull(sweep, match) ? 2 : 2 * match->count;
	}
	return count;
}

static void add_event(struct sweep *sweep, struct nsg_point at, u32 rule, s32 step)
{
	struct nsg_point first = sweep->count ? sweep->events[0].at : at;

	sweep->differ.high |= at.high ^ first.high;
	sweep->differ.low |= at.low ^ first.low;
	sweep->events[sweep->count++] = (struct event){ .at = at, .rule = rule, .step = step };
}

/* A range up to the axis' end never ends: what follows it wraps to zero, which only the IPv6 axis reaches. */
static void add_range(struct sweep *sweep, u32 rule, struct nsg_range range)
{
	struct nsg_point after = range.last;

	add_event(sweep, range.first, rule, 1);
	if (!++after.low)
		after.high++;
	if (after.high || after.low)
		add_event(sweep, after, rule, -1);
}


static void verify(const struct nsg_rules *rules, u32 rule)
{
	rules->verify[rule / NSG_WORD_RULES] |= 1ULL << (rule % NSG_WORD_RULES);
}

static void add_match(struct sweep *sweep, u32 rule, const struct nsgate_match *match)
{
	u32 i;

	if (!taken_for_hull(sweep, match)) {
		for (i = 0; i < match->count; i++)
			add_range(sweep, rule, nsg_match_range(match, i));
		return;
	}
	verify(sweep->rules, rule);
	if (!(match->flags & NSGATE_MATCH_NEGATE))
		add_range(sweep, rule, nsg_match_hull(match));
}

/* Fills events, and the vectors of rules without a match here (`wild`) and of those that hold outside of their items. */
static void add_matches(struct sweep *sweep, u64 *wild, u64 *outside)
{
	const struct nsgate_match *match;
	u32 i;

	for (i = 0; i < sweep->rules->count; i++) {
		u64 bit = 1ULL << (i % NSG_WORD_RULES);

		match = nsg_rule_match(sweep->rules->rule[i], sweep->kind);
		if (!match)
			wild[i / NSG_WORD_RULES] |= bit;
		if (!match || match->flags & NSGATE_MATCH_NEGATE)
			outside[i / NSG_WORD_RULES] |= bit;
		if (match)
			add_match(sweep, i, match);
		cond_resched();
	}
}

static u8 digit(const struct event *event, u32 byte)
{
	return byte < 8 ? event->at.low >> (byte * 8) : event->at.high >> ((byte - 8) * 8);
}

/* One pass of a radix sort: stable, by one byte of the place. */
static void sort_by(struct sweep *sweep, u32 byte, u32 *starts)
{
	u32 sum = 0, i, count;

	memset(starts, 0, DIGITS * sizeof(*starts));
	for (i = 0; i < sweep->count; i++)
		starts[digit(&sweep->events[i], byte)]++;
	for (i = 0; i < DIGITS; i++) {
		count = starts[i];
		starts[i] = sum;
		sum += count;
	}
	for (i = 0; i < sweep->count; i++)
		sweep->spare[starts[digit(&sweep->events[i], byte)]++] = sweep->events[i];
	swap(sweep->events, sweep->spare);
	cond_resched();
}

static void sort_events(struct sweep *sweep)
{
	u32 *starts = nsg_budget_take(sweep->budget, DIGITS * sizeof(*starts));
	u32 byte;

	if (!starts)
		return;
	for (byte = 0; byte < POINT_BYTES; byte++) {
		u64 half = byte < 8 ? sweep->differ.low : sweep->differ.high;

		if (half >> (byte % 8 * 8) & 0xff)
			sort_by(sweep, byte, starts);
	}
	nsg_budget_give(sweep->budget, starts, DIGITS * sizeof(*starts));
}

static void pass_event(struct sweep *sweep, const struct event *event)
{
	bool before = sweep->cover[event->rule] > 0;

	sweep->cover[event->rule] += event->step;
	if (before != (sweep->cover[event->rule] > 0))
		nsg_vectors_flip(sweep->vectors, event->rule);
}

static void add_interval(struct nsg_axis *axis, struct nsg_point start, u32 vector)
{
	if (axis->count && axis->intervals[axis->count - 1].vector == vector)
		return;
	axis->intervals[axis->count++] = (struct nsg_interval){ .start = start, .vector = vector };
}

static bool same_place(const struct event *a, const struct event *b)
{
	return a->at.high == b->at.high && a->at.low == b->at.low;
}

static void pass_events(struct sweep *sweep, struct nsg_axis *axis)
{
	const struct event *event = sweep->events;
	const struct event *end = event + sweep->count;

	add_interval(axis, (struct nsg_point){ 0, 0 }, nsg_vectors_keep(sweep->vectors));
	while (event < end && !sweep->budget->error) {
		const struct event *first = event;

		for (; event < end && same_place(event, first); event++)
			pass_event(sweep, event);
		if (!first->at.high && !first->at.low)
			axis->count = 0;
		add_interval(axis, first->at, nsg_vectors_keep(sweep->vectors));
		cond_resched();
	}
}

static void sweep_along(struct sweep *sweep, struct nsg_axis *axis, u64 *wild, u64 *outside)
{
	add_matches(sweep, wild, outside);
	nsg_vectors_set(sweep->vectors, wild);
	axis->absent = nsg_vectors_keep(sweep->vectors);
	nsg_vectors_set(sweep->vectors, outside);
	sort_events(sweep);
	pass_events(sweep, axis);
}

bool nsg_sweep(struct nsg_axis *axis, const struct nsg_rules *rules, u16 kind, struct nsg_vectors *vectors,
	       struct nsg_budget *budget)
{
	struct sweep sweep = { .rules = rules, .vectors = vectors, .budget = budget, .kind = kind };
	size_t bits = vectors->layout.words * sizeof(u64) * 2;
	size_t cover = rules->count * sizeof(*sweep.cover);
	size_t events;
	u64 *wild;

	sweep.room = count_events(&sweep);
	events = sweep.room * sizeof(*sweep.events);
	axis->room = sweep.room + 1;
	axis->wild = !sweep.room;
	axis->intervals = nsg_budget_take(budget, axis->room * sizeof(*axis->intervals));
	wild = nsg_budget_take(budget, bits);
	sweep.cover = nsg_budget_take(budget, cover);
	sweep.events = nsg_budget_take(budget, events);
	sweep.spare = nsg_budget_take(budget, events);
	if (!budget->error)
		sweep_along(&sweep, axis, wild, wild + vectors->layout.words);
	nsg_budget_give(budget, sweep.spare, events);
	nsg_budget_give(budget, sweep.events, events);
	nsg_budget_give(budget, sweep.cover, cover);
	nsg_budget_give(budget, wild, bits);
	return !budget->error;
}

void nsg_axis_free(struct nsg_axis *axis, struct nsg_budget *budget)
{
	nsg_budget_give(budget, axis->intervals, axis->room * sizeof(*axis->intervals));
	*axis = (struct nsg_axis){ .intervals = NULL };
}
