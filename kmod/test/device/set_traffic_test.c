// SPDX-License-Identifier: GPL-2.0
/* Sets changed in a loop under traffic: at every instant a packet meets all that is old or all that is new. */
#include "flood.h"
#include "tests.h"

#define SECONDS	(4 * patience())
#define LEAST	20	/* changes: those that wait for senders take a while */

/* A rule that drops the flood on a hook if its source is (or, negated, is not) in the set. */
static void drop_rule(struct wire *w, uint64_t id, enum nsgate_hook hook, const char *set, int flags)
{
	struct nsgate_set_name name = set_name(set);

	rule_begin(w, (struct nsgate_rule){ .id = id, .hook = hook, .action = NSGATE_DROP });
	match_service(w, 17, 5001);
	match_add(w, NSGATE_MATCH_SRC_SET, flags, &name, sizeof(name), 1);
	rule_end(w);
}

static void put_set(struct wire *w, const char *name, const char *member)
{
	set_put_begin(w, name, 1);
	if (member)
		member_add(w, member);
	set_end(w);
}

/* The flood's source enters the set, or leaves it, and the set's version rises by one. */
static void move(struct wire *w, const char *set, uint64_t version, bool enters)
{
	set_delta_begin(w, set, version, version + 1);
	if (enters)
		member_add(w, "127.0.0.0/8");
	else
		member_remove(w, "127.0.0.0/8");
	set_end(w);
}

static void clean_up(struct sandbox *s, int rulesets, int sets)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	unbind_add(&w, s->inode, s->birth);
	for (int i = 1; i <= rulesets; i++)
		drop_add(&w, i);
	set_drop_add(&w, "a");
	if (sets > 1)
		set_drop_add(&w, "b");
	must("clean up", exchange(&w));
	sandbox_delete(s);
}

/* The source moves between two sets, one dropped on output and one on postrouting: in a mixture it would be in neither. */
static void test_two_sets(void)
{
	struct sandbox s = sandbox_new();
	uint64_t version = 1;
	struct flood f;
	struct wire w;
	double end;
	int through;

	wire_begin(&w, NSGATE_OP_COMMIT);
	put_set(&w, "a", "127.0.0.0/8");
	put_set(&w, "b", NULL);
	ruleset_begin(&w, 1, NSGATE_HOOK_OUTPUT, 0);
	drop_rule(&w, 1, NSGATE_HOOK_OUTPUT, "a", 0);
	drop_rule(&w, 2, NSGATE_HOOK_POSTROUTING, "b", 0);
	put_and_bind(&w, &s, 1);
	f = flood_start(&s, &s, "127.0.0.1");
	for (end = now() + SECONDS; now() < end || version < LEAST; version++) {
		wire_begin(&w, NSGATE_OP_COMMIT);
		move(&w, "a", version, version % 2 == 0);
		move(&w, "b", version, version % 2 == 1);
		must("a change of two sets", exchange(&w));
	}
	through = flood_stop(&f);
	check(!through && version >= LEAST, "%llu changes of two sets under %llu packets: %d got through",
	      (unsigned long long)version, (unsigned long long)f.state->sent, through);
	check(counters(s.inode, 1).packets + counters(s.inode, 2).packets == f.state->sent,
	      "each was counted once: %llu and %llu", counters(s.inode, 1).packets, counters(s.inode, 2).packets);
	clean_up(&s, 1, 2);
}

/* Swaps ruleset 1 with the source in the set for ruleset 2 with it out, or the other way round if `inside` is false. */
static uint64_t swap_for(const struct sandbox *s, bool inside)
{
	double end = now() + SECONDS;
	uint64_t version = 1;
	struct wire w;

	for (; now() < end || version < LEAST; version++) {
		bool second = version % 2;

		wire_begin(&w, NSGATE_OP_COMMIT);
		bind_add(&w, s->inode, s->birth, second ? 2 : 1, 0);
		move(&w, "a", version, second != inside);
		must("a swap of ruleset and set", exchange(&w));
	}
	return version;
}

static void bind_two(const struct sandbox *s, enum nsgate_hook second_hook, bool inside)
{
	struct wire w;

	wire_begin(&w, NSGATE_OP_COMMIT);
	put_set(&w, "a", inside ? "127.0.0.0/8" : NULL);
	ruleset_begin(&w, 1, NSGATE_HOOK_OUTPUT, 0);
	drop_rule(&w, 1, NSGATE_HOOK_OUTPUT, "a", 0);
	ruleset_end(&w);
	ruleset_begin(&w, 2, NSGATE_HOOK_OUTPUT, 0);
	drop_rule(&w, 1, second_hook, "a", NSGATE_MATCH_NEGATE);
	ruleset_end(&w);
	bind_add(&w, s->inode, s->birth, 1, 0);
	must("bind", exchange(&w));
}

/* Old and new both drop, one ruleset with the old set or the other with the new would not. */
static void test_both_drop(void)
{
	struct sandbox s = sandbox_new();
	struct flood f;
	uint64_t swaps;
	int through;

	bind_two(&s, NSGATE_HOOK_POSTROUTING, true);
	f = flood_start(&s, &s, "127.0.0.1");
	swaps = swap_for(&s, true);
	through = flood_stop(&f);
	check(!through && swaps > 10, "%llu swaps of ruleset and set that both drop %llu packets: %d got through",
	      (unsigned long long)swaps, (unsigned long long)f.state->sent, through);
	check(counters(s.inode, 1).packets == f.state->sent, "each was counted once: %llu",
	      counters(s.inode, 1).packets);
	clean_up(&s, 2, 1);
}

/* Old and new both let the packets pass, one ruleset with the old set or the other with the new would drop them. */
static void test_both_pass(void)
{
	struct sandbox s = sandbox_new();
	struct flood f;
	uint64_t swaps;

	bind_two(&s, NSGATE_HOOK_OUTPUT, false);
	f = flood_start(&s, &s, "127.0.0.1");
	swaps = swap_for(&s, false);
	flood_stop(&f);
	check(swaps > 10 && !counters(s.inode, 1).packets && totals(s.inode, NSGATE_HOOK_OUTPUT).accepted >= f.state->sent,
	      "%llu swaps of ruleset and set that both pass %llu packets: %llu were dropped", (unsigned long long)swaps,
	      (unsigned long long)f.state->sent, counters(s.inode, 1).packets);
	clean_up(&s, 2, 1);
}

/* Puts of whole sets, and drops of the ruleset and the set, under traffic that looks into them. */
static void test_lives(void)
{
	struct sandbox s = sandbox_new();
	double end = now() + SECONDS;
	struct flood f = flood_start(&s, &s, "127.0.0.1");
	int rounds = 0;
	struct wire w;

	for (; now() < end; rounds++) {
		wire_begin(&w, NSGATE_OP_COMMIT);
		put_set(&w, "a", "127.0.0.0/8");
		ruleset_begin(&w, 1, NSGATE_HOOK_OUTPUT, 0);
		drop_rule(&w, 1, NSGATE_HOOK_OUTPUT, "a", 0);
		put_and_bind(&w, &s, 1);
		wire_begin(&w, NSGATE_OP_COMMIT);
		set_put_begin(&w, "a", 2);
		for (uint32_t i = 0; i < 100; i++)
			member_add_host4(&w, 0x7f000001 + i);
		set_end(&w);
		must("a replacement", exchange(&w));
		wire_begin(&w, NSGATE_OP_COMMIT);
		unbind_add(&w, s.inode, s.birth);
		drop_add(&w, 1);
		set_drop_add(&w, "a");
		must("an end", exchange(&w));
	}
	flood_stop(&f);
	check(rounds > 3, "%d lives of a set under traffic", rounds);
	sandbox_delete(&s);
}

void test_sets_under_traffic(void)
{
	struct sandbox holder;

	section("address sets under traffic");
	holder = hold_hooks();
	test_two_sets();
	test_both_drop();
	test_both_pass();
	test_lives();
	unbind_and_drop(&holder, 3);
	sandbox_delete(&holder);
	check_empty("changes of sets");
}
