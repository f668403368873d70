// SPDX-License-Identifier: GPL-2.0
/*
 * One axis cut at the end points of a chain's rules. A rule's items may overlap and may be negated: it goes in or out
 * of the vector when the number of its items that cover the place becomes or leaves zero.
 */
#include "sweep.h"
#include "cuts.h"
#include "request.h"

#define DIGITS		256
#define POINT_BYTES	16
#define WIDE_SHARE	16	/* a rule that covers more than one in so many places is wide */

struct sweep {
	const struct nsg_rules *rules;
	struct nsg_vectors *vectors;
	struct nsg_budget *budget;
	u16 kind;
	u32 room;		/* events */
	u32 count;
	struct nsg_event *events;
	struct nsg_event *spare;	/* where a pass of the sort writes */
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
	sweep->events[sweep->count++] = (struct nsg_event){ .at = at, .rule = rule, .step = step };
}

/* A range up to the axis' end never ends: what follows it wraps to zero, which only the IPv6 axis reaches. */
static void add_events(struct sweep *sweep, u32 rule, struct nsg_range range)
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
			add_events(sweep, rule, nsg_match_range(match, i));
		return;
	}
	verify(sweep->rules, rule);
	if (!(match->flags & NSGATE_MATCH_NEGATE))
		add_events(sweep, rule, nsg_match_hull(match));
}

/* Fills events, and the sets of rules without a match here (`wild`) and of those that hold outside of their items. */
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

static u8 digit(const struct nsg_event *event, u32 byte)
{
	return byte < 8 ? event->at.low >> (byte * 8) : event->at.high >> ((byte - 8) * 8);
}

/* One pass of a radix sort: stable, by one byte of the place. */
static void sort_by(struct sweep *sweep, u32 byte, u32 *starts)
{
	u32 sum = 0, i, count;

	memset(starts, 0, DIGITS * sizeof(*starts));
	for (i = 0; i < sweep->count; i++) {
		starts[digit(&sweep->events[i], byte)]++;
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	for (i = 0; i < DIGITS; i++) {
		count = starts[i];
		starts[i] = sum;
		sum += count;
	}
	for (i = 0; i < sweep->count; i++) {
		sweep->spare[starts[digit(&sweep->events[i], byte)]++] = sweep->events[i];
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	swap(sweep->events, sweep->spare);
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

/* Makes do with as many cuts as there may be. */
static void thin_events(struct sweep *sweep, const u64 *outside)
{
	struct nsg_cuts cuts = { .from = sweep->events, .count = sweep->count, .to = sweep->spare, .outside = outside,
				 .verify = sweep->rules->verify, .most = sweep->rules->cuts };

	if (!nsg_cuts_move(&cuts))
		return;
	swap(sweep->events, sweep->spare);
	sweep->count = cuts.kept;
}

static void pass_event(struct sweep *sweep, const struct nsg_event *event)
{
	bool before = sweep->cover[event->rule] > 0;
	bool after;

	sweep->cover[event->rule] += event->step;
	after = sweep->cover[event->rule] > 0;
	if (before != after)
		nsg_vectors_flip(sweep->vectors, event->rule);
}

static void add_interval(struct nsg_axis *axis, struct nsg_point start, u32 vector)
{
	if (axis->count && axis->intervals[axis->count - 1].vector == vector)
		return;
	axis->intervals[axis->count++] = (struct nsg_interval){ .start = start, .vector = vector };
}

static void pass_events(struct sweep *sweep, struct nsg_axis *axis)
{
	const struct nsg_event *event = sweep->events;
	const struct nsg_event *end = event + sweep->count;

	add_interval(axis, (struct nsg_point){ 0, 0 }, nsg_vectors_keep(sweep->vectors));
	while (event < end && !sweep->budget->error) {
		const struct nsg_event *first = event;

		for (; event < end && nsg_same_place(event, first); event++) {
			pass_event(sweep, event);
			if (!((event - first + 1) % NSG_EVENTS_AT_ONCE))
				cond_resched();
		}
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
	thin_events(sweep, outside);
	pass_events(sweep, axis);
}

/* Sums up, in `cover`, over how many places each rule's items reach; returns how many places there are. */
static u32 measure_cover(struct sweep *sweep)
{
	u32 places = 0, i;

	for (i = 0; i < sweep->count; i++) {
		const struct nsg_event *event = &sweep->events[i];

		places += i && !nsg_same_place(event, event - 1);
		sweep->cover[event->rule] -= event->step * (s32)places;
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	for (i = 0; i < sweep->count; i++) {	/* what goes on to the end of the axis has no end of its own */
		if (sweep->cover[sweep->events[i].rule] <= 0)
			sweep->cover[sweep->events[i].rule] += places + 1;
		if (!(i % NSG_EVENTS_AT_ONCE))
			cond_resched();
	}
	return places;
}

static void find_wide(struct sweep *sweep, u64 *wide, u64 *outside)
{
	u32 places, i;

	add_matches(sweep, wide, outside);
	sort_events(sweep);
	places = measure_cover(sweep);
	for (i = 0; i < sweep->rules->count; i++)
		if (outside[i / NSG_WORD_RULES] >> (i % NSG_WORD_RULES) & 1 ||
		    sweep->cover[i] > (s32)(places / WIDE_SHARE))
			wide[i / NSG_WORD_RULES] |= 1ULL << (i % NSG_WORD_RULES);
}

/* Memory of a sweep but for the two bits per rule. */
static bool take_memory(struct sweep *sweep)
{
	sweep->room = count_events(sweep);
	sweep->cover = nsg_budget_take(sweep->budget, sweep->rules->count * sizeof(*sweep->cover));
	sweep->events = nsg_budget_take(sweep->budget, sweep->room * sizeof(*sweep->events));
	sweep->spare = nsg_budget_take(sweep->budget, sweep->room * sizeof(*sweep->events));
	return !sweep->budget->error;
}

static void give_memory(struct sweep *sweep)
{
	nsg_budget_give(sweep->budget, sweep->spare, sweep->room * sizeof(*sweep->events));
	nsg_budget_give(sweep->budget, sweep->events, sweep->room * sizeof(*sweep->events));
	nsg_budget_give(sweep->budget, sweep->cover, sweep->rules->count * sizeof(*sweep->cover));
}

static size_t bits_of(const struct nsg_rules *rules)
{
	return DIV_ROUND_UP(rules->count, NSG_WORD_RULES) * sizeof(u64);
}

bool nsg_sweep_wide(u64 *wide, const struct nsg_rules *rules, u16 kind, struct nsg_budget *budget)
{
	struct sweep sweep = { .rules = rules, .budget = budget, .kind = kind };
	u64 *outside = nsg_budget_take(budget, bits_of(rules));

	if (take_memory(&sweep))
		find_wide(&sweep, wide, outside);
	give_memory(&sweep);
	nsg_budget_give(budget, outside, bits_of(rules));
	return !budget->error;
}

bool nsg_sweep(struct nsg_axis *axis, const struct nsg_rules *rules, u16 kind, struct nsg_vectors *vectors,
	       struct nsg_budget *budget)
{
	struct sweep sweep = { .rules = rules, .vectors = vectors, .budget = budget, .kind = kind };
	u64 *wild = nsg_budget_take(budget, 2 * bits_of(rules));

	if (take_memory(&sweep)) {
		axis->room = sweep.room + 1;
		axis->wild = !sweep.room;
		axis->intervals = nsg_budget_take(budget, axis->room * sizeof(*axis->intervals));
	}
	if (!budget->error)
		sweep_along(&sweep, axis, wild, wild + vectors->layout.words);
	give_memory(&sweep);
	nsg_budget_give(budget, wild, 2 * bits_of(rules));
	return !budget->error;
}

void nsg_axis_free(struct nsg_axis *axis, struct nsg_budget *budget)
{
	nsg_budget_give(budget, axis->intervals, axis->room * sizeof(*axis->intervals));
	*axis = (struct nsg_axis){ .intervals = NULL };
}
